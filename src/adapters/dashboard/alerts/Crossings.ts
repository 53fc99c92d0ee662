/**
 * When a value crosses a level, as a fold over the windows of a key: what has fired is a function of the windows, whatever
 * order their results and revisions came in, how they were portioned and how often the server was started meanwhile.
 *
 * A window crosses *above* a level where the value of the newest window before it that has one was below, and its own is at it
 * or above. Values are compared as decimals. A window without a value is on neither side: what was known before it still counts.
 */
import { BigDecimal } from "effect"
import * as Decimal from "../../../domain/Decimal.ts"
import type { Encoded } from "../../../streams/pipeline/Pane.ts"
import type { Alert, Position, State } from "../../../streams/ports/AlertStore.ts"

/** What of an alert decides. */
export interface Rule extends Pick<Alert, "direction" | "from" | "level"> {
  /** The value by which a window reaches the level, and the one by which the next window has come from it. */
  readonly reaches: string
  readonly leaves: string
  /** Whether windows move while they are open, as sessions do that grow: what forms is then told of once, wherever it ends. */
  readonly moves: boolean
}

export type Window = Pick<Encoded, "end" | "pane" | "start" | "values">

export interface Known {
  /** Those behind the position that have a result, and those that are open, each once, in the order of (start, end). */
  readonly windows: ReadonlyArray<Window>
  /** Windows that end here or before have closed. */
  readonly closedTo: number
}

/** What has fired, with the state in which it was told last. */
export interface Fired {
  readonly start: number
  readonly end: number
  readonly state: State
  readonly value: string
  readonly before: string
}

export interface Change<F extends Fired> {
  /** What it was; `null` where it fires now. */
  readonly was: F | null
  readonly now: Fired
}

/** What is to be told of the windows behind a position. */
export const advance = <F extends Fired>(
  rule: Rule,
  { fired, position }: { readonly position: Position | null; readonly fired: ReadonlyArray<F> },
  known: Known
): ReadonlyArray<Change<F>> => {
  const windows = known.windows.filter((window) => position === null || isBehind(window, position))
  const closed = windows.filter(({ pane }) => pane !== "early")
  const results = readings(rule, position, closed)
  const open = readings(rule, position, windows).filter(({ window }) => window.pane === "early")
  const found = [...results, ...open].filter((reading) => crosses(rule, reading))
  const left = new Set(fired)
  const changes: Array<Change<F>> = []
  for (const { before, value, window } of found) {
    const state = window.pane === "early" ? "forming" : "final"
    const was = [...left].find((each) => isSame(each, window)) ?? (rule.moves ? [...left].find((each) => hasMoved(each, window, windows)) : undefined)
    if (was !== undefined) left.delete(was)
    const now = { start: window.start, end: window.end, state, value: value ?? "", before: before ?? "" } as const
    if (was === undefined || isOther(was, now)) changes.push({ was: was ?? null, now })
  }
  for (const was of left) {
    if (was.state !== "taken-back" && isTakenBack(was, { position, results, open, closedTo: known.closedTo })) {
      changes.push({ was, now: { ...firedOf(was), state: "taken-back" } })
    }
  }
  return changes
}

/** A window with its value, and the newest that was known before. */
interface Reading {
  readonly window: Window
  readonly value: string | null
  readonly leaves: string | null
  readonly before: string | null
}

const readings = ({ leaves, reaches }: Rule, position: Position | null, windows: ReadonlyArray<Window>): ReadonlyArray<Reading> => {
  let before = position?.before ?? null
  return windows.map((window) => {
    const reading = { window, before, value: textOf(window.values[reaches]), leaves: textOf(window.values[leaves]) }
    before = reading.leaves ?? before
    return reading
  })
}

/** A value in plain digits; `null` where it is no number. */
export const textOf = (value: Encoded["values"][string] | undefined): string | null => {
  // Decimals are written in plain digits.
  if (typeof value === "string") return /^-?\d+(?:\.\d+)?$/.test(value) ? value : null
  return typeof value === "number" ? Decimal.format(BigDecimal.fromStringUnsafe(String(value))) : null
}

const crosses = ({ direction, from, level }: Rule, { before, value, window }: Reading): boolean => {
  if (before === null || value === null || (from !== null && window.end <= from)) return false
  const [was, is] = [sideOf(before, level), sideOf(value, level)]
  return direction === "above" ? was < 0 && is >= 0 : was > 0 && is <= 0
}

/** Where the nearest doubles differ the decimals do, in the same direction; where they do not, all digits decide. */
const sideOf = (value: string, level: string): number =>
  Number(value) - Number(level) || BigDecimal.Order(BigDecimal.fromStringUnsafe(value), BigDecimal.fromStringUnsafe(level))

type Place = Pick<Window, "end" | "start">

const isSame = (a: Place, b: Place): boolean => a.start === b.start && a.end === b.end

/** Whether a window is later than another one of its key. */
export const isBehind = (a: Place, b: Place): boolean => a.start > b.start || (a.start === b.start && a.end > b.end)

/** Whether what was told of a window that is no more is that of another one now, which has grown out of it. */
const hasMoved = (fired: Fired, window: Window, windows: ReadonlyArray<Window>): boolean =>
  fired.state === "forming" && fired.start < window.end && window.start < fired.end && !windows.some((each) => isSame(each, fired))

/** While a window is open it is told of once; its result is told as it is, and told again where it was revised. */
const isOther = (was: Fired, now: Fired): boolean => {
  if (now.state === "forming") return was.state === "forming" && !isSame(was, now)
  return !isSame(was, now) || was.state !== now.state || was.value !== now.value || was.before !== now.before
}

const firedOf = ({ before, end, start, state, value }: Fired): Fired => ({ before, end, start, state, value })

/** Whether the result of a window does not say what was told of it: it is another one, or the window has closed and left none. */
const isTakenBack = (fired: Fired, { closedTo, open, position, results }: {
  readonly position: Position | null
  readonly results: ReadonlyArray<Reading>
  readonly open: ReadonlyArray<Reading>
  readonly closedTo: number
}): boolean => {
  const isOf = ({ window }: Reading) => isSame(window, fired)
  if (position !== null && !isBehind(fired, position)) return fired.state === "forming" && fired.end <= closedTo
  return results.some(isOf) || (fired.end <= closedTo && !open.some(isOf))
}

/** The last result that is wanted, as a position; the one that is given where there is none behind it. */
export const upTo = (
  { leaves }: Rule,
  position: Position | null,
  windows: ReadonlyArray<Window>,
  isWanted: (window: Window) => boolean
): Position | null => {
  const isResult = (window: Window) => window.pane !== "early" && (position === null || isBehind(window, position))
  const at = windows.findLastIndex((window) => isResult(window) && isWanted(window))
  if (at === -1) return position
  const { end, start } = windows[at]!
  for (let known = at; known >= 0; known--) {
    const before = isResult(windows[known]!) ? textOf(windows[known]!.values[leaves]) : null
    if (before !== null) return { start, end, before }
  }
  return { start, end, before: position?.before ?? null }
}
