/**
 * The windows of one calendar: sessions, or bars of them. Which one holds a time is found without asking the calendar again:
 * a row comes to the same stretch as the one before it for the most part, and stretches are worked out a month or so at a time.
 */
import * as Calendar from "../../../domain/TradingCalendar.ts"
import type { Trading } from "../../pipeline/Window.ts"

/** Whether a time is in a window, in none, or none of the times that the calendar knows. */
export type Found = "in" | "out" | "unknown"

/** Stretches in the order of time, and the bounds of their sessions. */
interface Period {
  readonly starts: ReadonlyArray<number>
  readonly ends: ReadonlyArray<number>
  readonly opens: ReadonlyArray<number>
  readonly closes: ReadonlyArray<number>
}

const dayMillis = 86_400_000
const periodMillis = 32 * dayMillis

export class TradingHours {
  readonly calendar: Calendar.Calendar
  readonly #window: Pick<Trading, "bars" | "hours">
  /** Worked out with the first time that is looked for: most calendars of a window are those of no row. */
  #coverage: Calendar.Stretch | null = null
  readonly #periods = new Map<number, Period>()
  /** The bounds of the window that was found last. */
  start = NaN
  end = NaN
  /** The stretch that was looked at last, in a session or between two. */
  #from = NaN
  #to = NaN
  #isIn = false

  constructor(calendar: Calendar.Calendar, window: Pick<Trading, "bars" | "hours">) {
    this.calendar = calendar
    this.#window = window
  }

  get #known(): Calendar.Stretch {
    return this.#coverage ??= Calendar.coverage(this.calendar)
  }

  /** Whether what is known of the time that was looked at last is known of another one. */
  isNear(time: number): boolean {
    return time >= this.#from && time < this.#to
  }

  /** Where it is in one, {@link start} and {@link end} are the window's. */
  find(time: number): Found {
    if (!this.isNear(time)) {
      if (!(time >= this.#known.start && time < this.#known.end)) return "unknown"
      this.#lookUp(time)
    }
    if (!this.#isIn) return "out"
    this.#moveTo(time)
    return "in"
  }

  /** Since when there is no trading, where a time that was found last is in no session; that time where it is not known. */
  get outSince(): number {
    return this.#from
  }

  /** Looks for the window with the smallest end after a time. There is none beyond what the calendar knows. */
  findAfter(time: number): boolean {
    const last = periodOf(this.#known.end)
    for (let number = periodOf(Math.max(time, this.#known.start)); number <= last; number++) {
      const known = this.#periodAt(number)
      const at = firstAfter(known.ends, time)
      if (at === known.ends.length) continue
      this.#enter(known, at)
      this.#moveTo(Math.max(time, this.#from))
      return true
    }
    return false
  }

  #lookUp(time: number): void {
    const period = this.#periodAt(periodOf(time))
    const at = firstAfter(period.starts, time) - 1
    if (at >= 0 && time < period.ends[at]!) return this.#enter(period, at)
    this.#isIn = false
    this.#from = period.ends[at] ?? time
    this.#to = period.starts[at + 1] ?? time + 1
  }

  #enter({ closes, ends, opens, starts }: Period, at: number): void {
    this.#isIn = true
    this.#from = starts[at]!
    this.#to = ends[at]!
    this.start = opens[at]!
    this.end = closes[at]!
  }

  /** To the bar of the stretch that holds a time. */
  #moveTo(time: number): void {
    const { bars } = this.#window
    if (bars === null) return
    this.start = time - (time - this.#from) % bars
    this.end = Math.min(this.start + bars, this.#to)
  }

  /** With some days before and behind it, since sessions begin and end on other days than their own. */
  #periodAt(number: number): Period {
    const known = this.#periods.get(number)
    if (known !== undefined) return known
    const { from, to } = this.calendar.definition
    const [first, last] = [number * periodMillis - 4 * dayMillis, (number + 1) * periodMillis + 4 * dayMillis].map((time) => new Date(time).toISOString().slice(0, 10))
    const [since, until] = [first! < from ? from : first!, last! > to ? to : last!]
    const days = since > until ? [] : Calendar.sessions(this.calendar, { from: since, to: until })
      .map((session) => Calendar.stretchesOf(this.calendar, session, this.#window.hours))
    const all = days.flatMap((stretches) => stretches.map(({ end, start }) => ({ start, end, open: stretches[0]!.start, close: stretches.at(-1)!.end })))
    const made: Period = {
      starts: all.map(({ start }) => start),
      ends: all.map(({ end }) => end),
      opens: all.map(({ open }) => open),
      closes: all.map(({ close }) => close)
    }
    this.#periods.set(number, made)
    return made
  }
}

const periodOf = (time: number): number => Math.floor(time / periodMillis)

/** Where the first number after another one stands among those in order; behind all where there is none. */
const firstAfter = (numbers: ReadonlyArray<number>, time: number): number => {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (numbers[middle]! > time) high = middle
    else low = middle + 1
  }
  return low
}
