/**
 * Where the primary exchange's opening and closing prints of the recorded session belong. They are stamped when they were
 * reported, up to 103 seconds after the bell that they are of, and belong to the session's first and last minute all the same:
 * an opening print within the first minute is its first price; one that came when that minute was over counts for its volume,
 * high and low, and is neither its first price nor its last; a closing print is the last price of the last minute.
 */

/** 09:30 and 16:00 in New York, on that day. */
const bell = Date.UTC(2013, 9, 8, 13, 30)
const close = Date.UTC(2013, 9, 8, 20)
const minute = 60_000

/** The sale conditions of the two prints, as they stand in the text; together with others they mean something else. */
export const opening = "40"
export const closing = "80"

/** The time that a print counts at, from the one that it is stamped with, in milliseconds since the epoch. */
export const timeOf = (flags: typeof opening | typeof closing, stamp: number): number => {
  if (flags === closing) return close - 1
  return isBelated(flags, stamp) ? bell + minute - 1 : bell
}

/** Whether it came when the minute that it belongs to had its first price and its last. */
export const isBelated = (flags: typeof opening | typeof closing, stamp: number): boolean =>
  flags === opening && stamp >= bell + minute
