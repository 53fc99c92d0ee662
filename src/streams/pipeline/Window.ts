/**
 * Windows: which stretches of event time an event belongs to.
 *
 * Windows are half-open, `[start, end)`, and aligned to the Unix epoch in UTC plus an
 * offset; times before the epoch are no exception. Fixed windows follow Spark's `window()`
 * to the millisecond, sessions its `session_window()`: two that touch are one.
 */
import { type Duration, Pipeable } from "effect"
import { millisOf, needsEvents, nothingElse, optional, optionsOf } from "./check/Declarations.ts"
import type { Events, Portability } from "./Events.ts"
import type { Stage } from "./Stage.ts"

export type Unit = "day" | "week" | "month"

/** A window specification as data; lengths and offsets in milliseconds. */
export type Window =
  | { readonly kind: "tumbling"; readonly size: number; readonly offset: number }
  | { readonly kind: "hopping"; readonly size: number; readonly advance: number; readonly offset: number }
  | { readonly kind: "cumulative"; readonly size: number; readonly step: number; readonly offset: number }
  | { readonly kind: "session"; readonly gap: number }
  | { readonly kind: "count"; readonly rows: number; readonly within: number }
  | { readonly kind: "calendar"; readonly unit: Unit; readonly timeZone: string }

/** Rows that have been assigned to windows. */
export interface Windowed<out R, out P extends Portability = "portable", out Sources = unknown, out Key extends string = string> extends Pipeable.Pipeable, Stage {
  readonly _stage?: "windows, in front of Aggregate.into"
  readonly events: Events<R, P, Sources, Key>
  readonly window: Window
}

export interface Aligned {
  /** Moves the start of the windows away from the epoch; taken modulo their length. */
  readonly offset?: Duration.Input
}

const assign = (window: Window) => <R, P extends Portability, S, Key extends string>(events: Events<R, P, S, Key>): Windowed<R, P, S, Key> => {
  needsEvents(`Window.${window.kind}`, events)
  return {
    events,
    window,
    pipe() {
      return Pipeable.pipeArguments(this, arguments)
    }
  }
}

const offsetOf = (call: string, options: Aligned | undefined): number =>
  millisOf(call, "offset", optional(call, options, ["offset"])?.offset ?? 0)

/** Windows of one length that neither overlap nor leave gaps. */
export const tumbling = (size: Duration.Input, options?: Aligned) => assign(tumblingOf(size, options))

/** `call` is what a message says that the windows are made with. */
export const tumblingOf = (size: Duration.Input, options?: Aligned, call = "Window.tumbling"): Window => ({
  kind: "tumbling",
  size: millisOf(call, "size", size),
  offset: offsetOf(call, options)
})

/** Windows of one length, a new one every `advance`; an event belongs to `size / advance` of them. */
export const hopping = (size: Duration.Input, advance: Duration.Input, options?: Aligned) =>
  assign({
    kind: "hopping",
    size: millisOf("Window.hopping", "size", size),
    advance: millisOf("Window.hopping", "advance", advance),
    offset: offsetOf("Window.hopping", options)
  })

/** Windows that start together and end a step apart, until `size` is reached: the day so far, every hour. */
export const cumulative = (size: Duration.Input, step: Duration.Input, options?: Aligned) =>
  assign({
    kind: "cumulative",
    size: millisOf("Window.cumulative", "size", size),
    step: millisOf("Window.cumulative", "step", step),
    offset: offsetOf("Window.cumulative", options)
  })

/** Windows that last as long as a key's events are at most `gap` apart and end `gap` after the last one. */
export const session = (gap: Duration.Input, ...rest: readonly []) => {
  nothingElse("Window.session", rest)
  return assign({ kind: "session", gap: millisOf("Window.session", "gap", gap) })
}

/**
 * Windows of so many rows of a key: one begins with the first row that is in none before it, and ends behind its last row, or
 * `within` after its first one where it has fewer by then. Rows are taken in the order of their event times.
 *
 * Windows are stretches of time: rows of a key that have one event time are in one window, so a window whose last row is not
 * alone in its millisecond has more rows than were asked for.
 *
 * Rows are held until the watermark is past their time, as before {@link Events.distinct}: none of them is late for a window, a
 * row that is behind the watermark when it comes is late here, and there is neither an allowed lateness nor an early pane.
 *
 * @example
 * ```ts
 * import { Aggregate, Pipeline, ticks, Window } from "courant"
 *
 * export const bars = ticks.pipe(
 *   Window.count(1_000, { within: "1 day" }),
 *   Aggregate.into({ open: Aggregate.first("price"), close: Aggregate.last("price"), trades: Aggregate.count }),
 *   Pipeline.named("bars-1000")
 * )
 * ```
 */
export const count = (rows: number, options: { readonly within: Duration.Input }) =>
  assign({ kind: "count", rows, within: millisOf("Window.count", "within", optionsOf("Window.count", options, ["within"]).within) })

/** Days, weeks (from Monday) or months of a time zone; a day lasts 23 or 25 hours where the clock changes. */
export const calendar = (unit: Unit, options: { readonly timeZone: string }) =>
  assign({ kind: "calendar", unit, timeZone: optionsOf("Window.calendar", options, ["timeZone"]).timeZone })
