/** Panes as a table for a terminal, one window a line: numbers stand with their decimal points below each other. */
import { DateTime } from "effect"
import type { Encoded } from "../../streams/pipeline/Pane.ts"

export interface Options {
  /** In which times are shown. */
  readonly timeZone: string
  /** Whether windows of several keys may be among them. */
  readonly keys: boolean
}

/** The heading and a line for each pane. What says the same of every window (on time, never revised) is left out. */
export const lines = (panes: ReadonlyArray<Encoded>, options: Options): ReadonlyArray<string> => of(columnsOf(panes, options))

/** The heading of any columns, and their lines. */
export const of = (columns: ReadonlyArray<Column>): ReadonlyArray<string> => {
  const all = columns.map(aligned)
  return Array.from({ length: (columns[0]?.cells.length ?? 0) + 1 }, (_, line) => all.map((column) => column[line] ?? "").join("  ").trimEnd())
}

export interface Column {
  readonly name: string
  readonly cells: ReadonlyArray<string>
  readonly isNumeric: boolean
}

const columnsOf = (panes: ReadonlyArray<Encoded>, { keys, timeZone }: Options): ReadonlyArray<Column> => {
  const lengths = new Set(panes.map(({ end, start }) => end - start))
  const names = new Set(panes.flatMap(({ values }) => Object.keys(values)))
  return [
    text(`start (${timeZone})`, times(panes.map(({ start }) => start), timeZone)),
    ...(lengths.size > 1 ? [text("end", times(panes.map(({ end }) => end), timeZone))] : []),
    ...(keys ? [text("key", panes.map(({ key }) => printable(key)))] : []),
    ...[...names].map((name) => valuesOf(panes, name)),
    ...(panes.some(({ revision }) => revision > 0)
      ? [{ name: "revision", cells: panes.map(({ revision }) => String(revision)), isNumeric: true }]
      : []),
    ...(panes.some(({ pane }) => pane !== "on-time") ? [text("pane", panes.map(({ pane }) => pane))] : [])
  ]
}

export const text = (name: string, cells: ReadonlyArray<string>): Column => ({ name, cells, isNumeric: false })

export const valuesOf = (panes: ReadonlyArray<Encoded>, name: string): Column => {
  const cells = panes.map(({ values }) => printable(String(values[name] ?? absent)))
  return { name: printable(name), cells, isNumeric: cells.every((cell) => cell === absent || number.test(cell)) }
}

const absent = "-"
const number = /^-?\d+(\.\d+)?(e[+-]\d+)?$/

/** Keys come from outside: what would move the cursor, or end the line, is written as JSON writes it. */
export const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cs}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** `2013-10-08 09:30:00`, with milliseconds where some window has them, and the offset in an hour that is there twice. */
export const times = (instants: ReadonlyArray<number>, timeZone: string): ReadonlyArray<string> => {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" })
  const areWhole = instants.every((instant) => millis(instant) === 0)
  const isTwice = repeated(timeZone)
  return instants.map((instant) => {
    const clock = `${format.format(instant)}${areWhole ? "" : `.${String(millis(instant)).padStart(3, "0")}`}`
    return isTwice(instant) ? `${clock} ${DateTime.zonedOffsetIso(DateTime.makeZonedUnsafe(instant, { timeZone }))}` : clock
  })
}

const day = 86_400_000
const quarter = 900_000

/** Whether a clock shows the same at another instant. No clock is changed twice in two days. */
const repeated = (timeZone: string) => {
  const zone = DateTime.zoneMakeNamedUnsafe(timeZone)
  const known = new Map<number, number>()
  const offsetAt = (instant: number): number => {
    // Clocks are changed at quarters of an hour.
    const at = Math.floor(instant / quarter) * quarter
    const found = known.get(at) ?? DateTime.zonedOffset(DateTime.makeZonedUnsafe(at, { timeZone: zone }))
    known.set(at, found)
    return found
  }
  return (instant: number): boolean => {
    const own = offsetAt(instant)
    return [instant - day, instant + day].map(offsetAt).some((other) => other !== own && offsetAt(instant + own - other) === other)
  }
}

/** Of a time before 1970 too. */
const millis = (instant: number): number => ((instant % 1_000) + 1_000) % 1_000

const aligned = ({ cells, isNumeric, name }: Column): ReadonlyArray<string> => {
  if (!isNumeric) {
    const width = longest([name, ...cells])
    return [name, ...cells].map((cell) => cell.padEnd(width))
  }
  const parts = cells.map((cell) => {
    const point = cell.indexOf(".")
    return point < 0 ? { whole: cell, fraction: "" } : { whole: cell.slice(0, point), fraction: cell.slice(point) }
  })
  const fraction = longest(parts.map((part) => part.fraction))
  const whole = Math.max(longest(parts.map((part) => part.whole)), name.length - fraction)
  return [
    name.padStart(whole + fraction),
    ...parts.map((part) => part.whole.padStart(whole) + part.fraction.padEnd(fraction))
  ]
}

const longest = (texts: ReadonlyArray<string>): number => texts.reduce((most, text) => Math.max(most, text.length), 0)
