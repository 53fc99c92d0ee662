/**
 * Laws of aggregates: the states of a key form a commutative monoid, from which what was
 * added can be taken away again where an aggregate has an inverse. They are what lets an
 * engine cut windows into slices, and slices into batches, as it likes.
 */
import * as fc from "fast-check"
import { describe, it } from "vitest"
import * as Batch from "../streams/records/Batch.ts"
import { Decoder } from "../streams/records/Decoder.ts"
import { Aggregate, Pipeline, Window } from "../streams/pipeline/index.ts"
import * as SnapshotText from "./SnapshotText.ts"
import { StateReader, StateWriter } from "../streams/operator/State.ts"
import { AccumulatorTable } from "../streams/operator/aggregates/AccumulatorTable.ts"
import type { AnyOfPanes as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import { definitionOf, windowNode } from "./Altered.ts"
import { aggregates, type Sample, samples, source } from "./Arbitraries.ts"
import { type Effort, parametersOf } from "./EngineLaw.ts"
import { records } from "./Harness.ts"
import { same } from "./Law.ts"

export type MakeSlots = (pipeline: AnyPipeline) => AccumulatorTable

export type AggregateLaw = (make: MakeSlots, effort?: Partial<Effort>) => void

export const makeSlots: MakeSlots = (pipeline) => new AccumulatorTable(pipeline.name, windowNode(pipeline).aggregates)

export const suite = (name: string, make: MakeSlots, effort?: Partial<Effort>): void =>
  void describe(`Aggregates: ${name}`, () => {
    for (const [statement, law] of Object.entries(laws)) it(statement, () => law(make, effort), 600_000)
  })

const windowed = source(0).pipe(Window.tumbling(1))

const pipeline = windowed.pipe(Aggregate.into(aggregates), Pipeline.named("all"))

/** Those that have an inverse. */
const reversible = windowed.pipe(
  Aggregate.into({
    count: Aggregate.count,
    sumPrice: Aggregate.sum("price"),
    sumSize: Aggregate.sum("size"),
    meanPrice: Aggregate.mean("price"),
    meanSize: Aggregate.mean("size"),
    vwap: Aggregate.weightedMean("price", "size"),
    sumRatio: Aggregate.sum("ratio"),
    meanRatio: Aggregate.mean("ratio"),
    weightedRatio: Aggregate.weightedMean("ratio", "size"),
    variance: Aggregate.variance("price"),
    varianceRatio: Aggregate.variance("ratio"),
    deviation: Aggregate.standardDeviation("size"),
    covariance: Aggregate.covariance("price", "size"),
    correlation: Aggregate.correlation("price", "size"),
    correlationRatio: Aggregate.correlation("ratio", "size"),
    median: Aggregate.median("price"),
    upperRatio: Aggregate.quantile("ratio", 0.9)
  }),
  Pipeline.named("reversible")
)

const rows = fc.array(samples, { maxLength: 12 })

const threeTimesRows = fc.tuple(rows, rows, rows)

const forAll = <Drawn>(drawn: fc.Arbitrary<Drawn>, check: (make: MakeSlots, drawn: Drawn) => void): AggregateLaw =>
(make, effort) => fc.assert(fc.property(drawn, (each) => check(make, each)), parametersOf(200, effort))

export const laws: { readonly [statement: string]: AggregateLaw } = {
  "merging is associative": forAll(threeTimesRows, (make, [a, b, c]) => {
    const pool = new Pool(make, pipeline)
    const [x, y, z] = [pool.of(a), pool.of(b), pool.of(c)]
    same(pool.show(pool.merged(pool.merged(x, y), z)), pool.show(pool.merged(x, pool.merged(y, z))))
  }),

  "merging is commutative": forAll(fc.tuple(rows, rows), (make, [a, b]) => {
    const pool = new Pool(make, pipeline)
    const [x, y] = [pool.of(a), pool.of(b)]
    same(pool.show(pool.merged(x, y)), pool.show(pool.merged(y, x)))
  }),

  "a state without rows is the identity": forAll(rows, (make, a) => {
    const pool = new Pool(make, pipeline)
    const [x, nothing] = [pool.of(a), pool.of([])]
    same(pool.show(pool.merged(x, nothing)), pool.show(x))
    same(pool.show(pool.merged(nothing, x)), pool.show(x))
  }),

  "adding rows singly, or in parts that are merged, is the same": forAll(fc.tuple(rows, rows), (make, [a, b]) => {
    const pool = new Pool(make, pipeline)
    const [x, y] = [pool.of(a), pool.of(b)]
    const other = new Pool(make, pipeline)
    same(pool.show(pool.merged(x, y)), other.show(other.of([...a, ...b], true)))
  }),

  "what was merged can be subtracted, whatever was merged since": forAll(threeTimesRows, (make, [a, b, c]) => {
    const pool = new Pool(make, reversible)
    const [x, y, z] = [pool.of(a), pool.of(b), pool.of(c)]
    same(pool.slots.invertible.length, pool.slots.all.length)
    const all = pool.merged(pool.merged(x, y), z)
    pool.slots.subtract(all, y)
    same(pool.show(all), pool.show(pool.merged(x, z)))
  }),

  "the memory that the check states for a key is what its state takes": forAll(
    fc.subarray(Object.entries(aggregates), { minLength: 1 }),
    (make, some) => {
      const each = windowed.pipe(Aggregate.into(Object.fromEntries(some)), Pipeline.named("some"))
      same(windowNode(each).state.bytesPerEntry, make(each).bytesPerSlot)
    }
  ),

  "a state is the same after it was written and read, and a slot that is reset is as new": forAll(rows, (make, a) => {
    const pool = new Pool(make, pipeline)
    const x = pool.of(a)
    const read = pool.slots.allocate()
    const table = new StateReader([pool.encoded(x)]).table("slots")
    pool.slots.restore(Int32Array.of(read), table, (text) => pool.dictionary.numberOf(text))
    table.end()
    same(pool.show(read), pool.show(x))
    pool.slots.reset(read)
    same(pool.show(read), pool.show(pool.of([])))
  }),

  "a copy is the same, and stays what it is when the other changes": forAll(fc.tuple(rows, rows), (make, [a, b]) => {
    const pool = new Pool(make, pipeline)
    const [x, y] = [pool.of(a), pool.of(b)]
    const before = pool.show(x)
    const copy = pool.slots.copyOf(pool.slots, x)
    same(pool.show(copy), before)
    pool.slots.merge(x, y, pool.slots.all)
    pool.slots.reset(y)
    same(pool.show(copy), before)
  })
}

/** AccumulatorTable with a dictionary and offsets of their own. */
class Pool {
  readonly dictionary = new Batch.Dictionary()
  readonly slots: ReturnType<MakeSlots>
  #offset = 0

  constructor(make: MakeSlots, pipeline: AnyPipeline) {
    this.slots = make(pipeline)
  }

  /** A new slot with these rows, which have the next offsets; one row is added at a time if asked for. */
  of(samples: ReadonlyArray<Sample>, oneByOne = false): State {
    const batch = this.#decode(samples)
    const slot = this.slots.allocate()
    const slots = new Int32Array(batch.length).fill(slot)
    const masks = this.slots.masks(batch)
    const step = oneByOne ? 1 : Math.max(1, batch.length)
    for (let from = 0; from < batch.length; from += step) {
      this.slots.add({ batch, from, to: Math.min(batch.length, from + step), slots }, masks)
    }
    return slot
  }

  #decode(samples: ReadonlyArray<Sample>): Batch.Batch {
    const definition = definitionOf(pipeline)
    const { bytes, ends, length, starts } = records(0, 0, samples.map((sample) => JSON.stringify(sample)))
    const decoder = new Decoder(definition, this.dictionary)
    const batch = Batch.make(definition, this.dictionary, 0, length)
    for (let row = 0; row < length; row++) {
      decoder.decode(bytes, starts[row]!, ends[row]!, batch)
      batch.offsets[row] = this.#offset++
    }
    return batch
  }

  merged(a: State, b: State): State {
    const slot = this.slots.allocate()
    for (const each of [a, b]) this.slots.merge(slot, each, this.slots.all)
    return slot
  }

  encoded(slot: State) {
    const writer = new StateWriter()
    this.slots.save(Int32Array.of(slot), writer.table("slots", 1), this.#textOf)
    return writer.bytes ?? new Uint8Array(0)
  }

  /** A state with everything that can be known of it. */
  show(slot: State) {
    return { state: SnapshotText.tablesOf(this.encoded(slot)), values: this.slots.result(slot, this.#textOf) }
  }

  readonly #textOf = (number: number) => this.dictionary.textOf(number)
}

/** A slot's number. */
type State = number
