/**
 * The functions of a node that are computed from the same results: for them the windows of a key are one series, of those
 * in which none of the results is missing. A window that begins too long after the one before it begins a series of its own.
 */
import type { Derived } from "../../pipeline/Checked.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { compareText } from "../windowed/KeyOrder.ts"
import { finite, type OfFormer, type OfState, type OfWindows, type State } from "./indicators/Computed.ts"
import { computedBy } from "./indicators/Indicators.ts"
import type { Point } from "./indicators/Point.ts"

/** A function, and which of the node's values it gives. */
interface Placed<Computed> {
  readonly name: string
  readonly index: number
  readonly computed: Computed
}

/** How far a series has come: what its next window needs of those before, but for the windows themselves. */
export interface Reached {
  /** Where its last window ends; `-Infinity` before the first. */
  readonly end: number
  /** Of each function that has one. */
  readonly states: ReadonlyArray<State>
}

export class Series {
  /** Unlike that of every other of its node, in whatever order values are declared. */
  readonly id: string
  readonly inputs: ReadonlyArray<string>
  readonly ofState: ReadonlyArray<Placed<OfState>>
  readonly #ofWindows: ReadonlyArray<Placed<OfWindows>>
  readonly #ofFormer: ReadonlyArray<Placed<OfFormer>>
  /** How many windows before one its functions look at. The last one always counts: how far away it is decides. */
  readonly lookback: number
  readonly fresh: Reached

  constructor(inputs: ReadonlyArray<string>, values: ReadonlyArray<Derived>) {
    this.inputs = inputs
    this.id = JSON.stringify(inputs)
    const own = values.flatMap(({ inputs: names, name, spec }, index) =>
      JSON.stringify(names) === this.id ? [{ name, index, computed: computedBy(spec) }] : [])
    this.ofState = own.flatMap(({ computed, ...value }) => computed.kind === "state" ? [{ ...value, computed }] : [])
    this.#ofWindows = own.flatMap(({ computed, ...value }) => computed.kind === "windows" ? [{ ...value, computed }] : [])
    this.#ofFormer = own.flatMap(({ computed, ...value }) => computed.kind === "former" ? [{ ...value, computed }] : [])
    this.lookback = Math.max(1, ...this.#ofWindows.map(({ computed }) => computed.length - 1))
    this.fresh = { end: -Infinity, states: this.ofState.map(({ computed }) => computed.fresh) }
  }

  /** How far it has come with one more window; `isNear` says whether that follows on those before. */
  next({ states }: Reached, point: Point, isNear: boolean): Reached {
    const before = isNear ? states : this.fresh.states
    return { end: point.end, states: this.ofState.map(({ computed }, index) => computed.next(before[index]!, point.doubles)) }
  }

  /** The values of a window, behind those of its series before it, the oldest first. */
  tell(values: Array<Value>, point: Point | null, before: ReadonlyArray<Point>, reached: Reached): void {
    const former = before.at(-1)
    for (const { computed, index } of this.#ofFormer) values[index] = former === undefined ? null : computed.of(former)
    const points = point === null ? [] : [...before, point]
    for (const { computed, index } of this.#ofWindows) {
      values[index] = points.length < computed.length ? null : finite(computed.of(points.slice(-computed.length)))
    }
    this.ofState.forEach(({ computed, index }, place) => {
      values[index] = point === null ? null : finite(computed.of(reached.states[place]!))
    })
  }
}

/** In an order that does not hang on that of the values. */
export const seriesOf = (values: ReadonlyArray<Derived>): ReadonlyArray<Series> =>
  [...new Map(values.map(({ inputs }) => [JSON.stringify(inputs), inputs]))]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, inputs]) => new Series(inputs, values))
