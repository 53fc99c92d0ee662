/** Windows, triggers and lateness: that they are whole numbers of milliseconds that make sense together. */
import type { StateBound } from "../Checked.ts"
import type { Trigger } from "../Plan.ts"
import type { Unit, Window } from "../Window.ts"
import { refuse } from "./CheckError.ts"
import { shown } from "./Declarations.ts"
import * as Trading from "./Trading.ts"

export const checkWindow = (window: Window): void => {
  const node = nameOf(window)
  switch (window.kind) {
    case "tumbling":
      positive(node, "size", window.size)
      return whole(node, "offset", window.offset)
    case "hopping":
      positive(node, "size", window.size)
      positive(node, "advance", window.advance)
      whole(node, "offset", window.offset)
      if (window.advance > window.size) refuse(node, "it must not advance by more than its size, or events fall between windows")
      return
    case "cumulative":
      positive(node, "size", window.size)
      positive(node, "step", window.step)
      whole(node, "offset", window.offset)
      if (window.size % window.step !== 0) refuse(node, "its size must be a multiple of its step")
      return
    case "session":
      return positive(node, "gap", window.gap)
    case "count":
      if (!(Number.isSafeInteger(window.rows) && window.rows >= 1)) refuse(node, `it counts rows, 1 or more, and is given ${shown(window.rows)}`)
      return positive(node, "within", window.within)
    case "calendar":
      if (!Object.hasOwn(longest, window.unit)) refuse(node, `its unit is day, week or month, not ${JSON.stringify(window.unit)}`)
      return zone(node, window.timeZone)
    case "trading":
      return Trading.checkTrading(window)
    default:
      // A file without types may hand over anything.
      refuse(`Window.${String((window as Window).kind)}`, "there is no such window")
  }
}

const nameOf = ({ kind }: Window): string => `Window.${kind}`

const positive = (node: string, name: string, millis: number): void => {
  if (Number.isSafeInteger(millis) && millis >= 1) return
  refuse(node, `its ${name} must be a whole number of milliseconds above 0`)
}

const whole = (node: string, name: string, millis: number): void => {
  if (!Number.isSafeInteger(millis)) refuse(node, `its ${name} must be a whole number of milliseconds`)
}

/** A length of time that may be nothing. */
export const duration = (node: string, millis: number): number => {
  if (Number.isSafeInteger(millis) && millis >= 0) return millis
  return refuse(node, "it must be a whole number of milliseconds, 0 or more")
}

const zone = (node: string, timeZone: string): void => {
  // Without one a calendar takes that of the machine, on which no result may depend.
  if (typeof timeZone !== "string") refuse(node, "it needs a time zone, such as { timeZone: \"America/New_York\" }")
  try {
    Intl.DateTimeFormat("en", { timeZone })
  } catch {
    refuse(node, `there is no time zone ${JSON.stringify(timeZone)}; one is named like "America/New_York"`)
  }
}

export const checkTrigger = (trigger: Trigger, window: Window): void => {
  if (trigger.on === "close") return
  duration("Pipeline.emitOnUpdate", trigger.every)
  if (window.kind === "count") refuse("Pipeline.emitOnUpdate", "a window of so many rows has its end, by which it is known, when the last of them is there; leave it out")
}

/** Windows that are made of whole windows of another node. */
export const checkRollUp = (outer: Window, inner: Window): void => {
  const node = "Pipeline.rollUp"
  if (inner.kind !== "tumbling" || outer.kind !== "tumbling") {
    return refuse(node, `only tumbling windows can be rolled up, and these are ${inner.kind}`)
  }
  if (outer.size % inner.size === 0 && (outer.offset - inner.offset) % inner.size === 0) return
  refuse(node, `windows of ${outer.size} ms are not made of whole windows of ${inner.size} ms`)
}

const hour = 3_600_000

/** No day, week or month is longer, whatever the clock does. */
const longest: Readonly<Record<Unit, number>> = { day: 25 * hour, week: 169 * hour, month: 745 * hour }

/** And none is shorter. */
const shortest: Readonly<Record<Unit, number>> = { day: 23 * hour, week: 167 * hour, month: 671 * hour }

/** Of one partition, whose rows are ahead of the watermark by no more than the bound of disorder. */
export const stateOf = (window: Window, slack: number, bytesPerEntry: number): StateBound => {
  const [length, slice] = spanOf(window)
  const milliseconds = length + slack
  // Rows that are counted come in order: of a key one window is open at a time.
  return { milliseconds, entriesPerKey: window.kind === "count" ? 1 : Math.ceil(milliseconds / slice) + 1, bytesPerEntry }
}

/** Windows of a key end at least this far apart; sessions, and windows of so many rows, may end a millisecond apart. */
export const shortestAdvanceOf = (window: Window): number | null => {
  switch (window.kind) {
    case "tumbling":
      return window.size
    case "hopping":
      return window.advance
    case "cumulative":
      return window.step
    case "session":
    case "count":
      return null
    case "calendar":
      return shortest[window.unit]
    case "trading":
      return Trading.shortestAdvanceOf(window)
  }
}

/** No window is longer; sessions have no longest length. */
export const longestOf = (window: Window): number => spanOf(window)[0]

/** How long a window is, and the shortest stretch that holds state of its own. */
const spanOf = (window: Window): readonly [length: number, slice: number] => {
  switch (window.kind) {
    case "tumbling":
      return [window.size, window.size]
    case "hopping":
      return [window.size, greatestCommonDivisor(window.size, window.advance)]
    case "cumulative":
      return [window.size, window.step]
    case "session":
      return [window.gap, window.gap]
    case "count":
      return [window.within, window.within]
    case "calendar":
      return [longest[window.unit], longest[window.unit]]
    case "trading":
      return [Trading.longestOf(window), Trading.shortestAdvanceOf(window)]
  }
}

export const greatestCommonDivisor = (a: number, b: number): number => b === 0 ? a : greatestCommonDivisor(b, a % b)
