/** What functions of a pipeline return is looked at: nothing that is no condition and no result passes for one. */
import { BigDecimal, Cause, Effect, Exit, Layer, Schema } from "effect"
import { expect, it } from "vitest"
import {
  Aggregate,
  CheckpointStore,
  DeadLetters, Decimal, Decisions,
  Engine,
  Events,
  EventLog,
  InProcess,
  Job,
  Monitor,
  Pane,
  Panes,
  Pipeline,
  Records,
  ResultSink,
  Source,
  Window
} from "../../../src/index.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"

const schema = Schema.Struct({ id: Schema.String, at: Schema.Int })
const rows = Source.make("readings", { schema, key: "id", eventTime: "at" })
const line = JSON.stringify({ id: "a", at: 1 })

const oneRow: Records.Records = {
  ...Records.fromTexts([line]),
  partition: 0,
  offsets: Float64Array.of(0),
  appendedAt: new Float64Array(1)
}

/** Of a file without types, whose functions may return anything. */
const returning = (value: unknown) => () => value as never

const filtered = (value: unknown) =>
  rows.pipe(Events.filter(returning(value)), Window.tumbling(10), Aggregate.into({ n: Aggregate.count }), Pipeline.named("few"))

const resulting = (value: unknown) => {
  const result = Aggregate.custom({ create: () => 0, add: (n) => n + 1, merge: (a, b) => a + b, result: returning(value), state: Schema.Int })
  return rows.pipe(Window.tumbling(10), Aggregate.into({ own: result }), Pipeline.named("own"))
}

const panesOf = (pipeline: Pipeline.AnyOfPanes) => {
  const job = new Job([pipeline], { partitions: 1 })
  job.take(oneRow)
  return job.close().panes
}

it.each<readonly [value: unknown, shown: string]>([
  [Promise.resolve(false), "a promise"],
  [undefined, "undefined"],
  [0, "0"],
  [1, "1"],
  ["", "\"\""],
  [null, "null"],
  [{}, "an object"]
])("a filter that returns %o ends the run, and says where", (value, shown) => {
  expect(() => panesOf(filtered(value)))
    .toThrow(`the pipeline "few": a filter of the source "readings" has to return true or false, and returned ${shown}`)
})

it("a filter that returns true or false is what it was", () => {
  expect(panesOf(filtered(true)).map(({ values }) => values)).toEqual([{ n: 1 }])
  expect(panesOf(filtered(false))).toEqual([])
})

it.each<readonly [value: unknown, shown: string]>([
  [{ total: 1 }, "an object"],
  [[1], "a list"],
  [undefined, "undefined"],
  [Promise.resolve(1), "a promise"],
  [() => 1, "a function"],
  [Symbol("s"), "Symbol(s)"]
])("a result that is %o ends the run, and says which", (value, shown) => {
  expect(() => panesOf(resulting(value))).toThrow(`the pipeline "own": the result "own" (Aggregate.custom) has to be a string, a number, `)
  expect(() => panesOf(resulting(value))).toThrow(`and is ${shown}`)
})

it.each<readonly [value: unknown, written: Pane.Encoded["values"][string]]>([
  ["text", "text"],
  [true, true],
  [null, null],
  [1.5, 1.5],
  [10n ** 20n, "100000000000000000000"],
  [BigDecimal.fromStringUnsafe("1.50"), "1.5"],
  [Number.NaN, null],
  [Infinity, null],
  [-Infinity, null]
])("a result that is %o is one, as the fold has it", (value, written) => {
  const pipeline = resulting(value)
  const [pane] = panesOf(pipeline)
  expect(Pane.encode(pane!).values).toEqual({ own: written })
  const { results } = BatchFold.fold(pipeline, [{ partition: 0, offset: 0, fields: { id: "a", at: 1 } }])
  expect(results.map(({ values }) => values)).toEqual([pane?.values])
})

const throws = (): never => {
  throw new Error("no such venue")
}

const windows = rows.pipe(Window.hopping(10, 5), Aggregate.into({ n: Aggregate.count }))
const own = (over: object) => Aggregate.custom({ create: () => 0, add: (n) => n + 1, merge: (a, b) => a + b, result: (n) => n, state: Schema.Int, ...over })
const owning = (over: object) => rows.pipe(Window.hopping(10, 5), Aggregate.into({ own: own(over) }), Pipeline.named("own"))

it.each<readonly [what: string, pipeline: Pipeline.Any, says: string]>([
  [
    "filter",
    rows.pipe(Events.filter(({ at }) => at < 2 || throws()), Pipeline.named("few")),
    "a filter of the source \"readings\" threw an error over the row at offset 5 of partition 0 of \"readings\""
  ],
  [
    "filter of rows that were held",
    rows.pipe(Events.distinct({ by: "id", within: 1 }), Events.filter(({ at }) => at < 2 || throws()), Pipeline.named("few")),
    "a filter of the source \"readings\" threw an error over the row at offset 5 of partition 0 of \"readings\""
  ],
  [
    "filter of results",
    windows.pipe(Panes.toEvents, Events.filter(throws), Pipeline.named("few")),
    "a filter of the source \"Panes.toEvents\" threw an error over the result of a window that ends at 5"
  ],
  ["create", owning({ create: throws }), "the result \"own\" (Aggregate.custom): its create threw an error"],
  ["add", owning({ add: (n: number) => n === 0 ? 1 : throws() }), "its add threw an error over the row at offset 5 of partition 0 of \"readings\""],
  [
    "add of rows that were held",
    rows.pipe(Events.distinct({ by: "id", within: 1 }), Window.session(10), Aggregate.into({ own: own({ add: throws }) }), Pipeline.named("held")),
    "its add threw an error over the row at offset 3 of partition 0 of \"readings\""
  ],
  ["add of results", windows.pipe(Panes.toEvents, Window.tumbling(10), Aggregate.into({ own: own({ add: throws }) }), Pipeline.named("own")), "over the result of a window that ends at 5"],
  ["add of rows that come to count windows", rows.pipe(Window.count(2, { within: 50 }), Aggregate.into({ own: own({ add: throws }) }), Pipeline.named("own")), "over the row at offset 3 of partition 0"],
  ["merge", owning({ merge: throws }), "its merge threw an error"],
  ["result", owning({ result: throws }), "its result threw an error"]
])("%s that throws ends the run, and says where and what", (_, pipeline, says) => {
  const message = thrownBy(() => {
    const job = new Job([pipeline], { partitions: 1 })
    const lines = [1, 4, 9].map((at) => JSON.stringify({ id: "a", at }))
    job.take({ ...Records.fromTexts(lines), partition: 0, offsets: Float64Array.of(3, 5, 6), appendedAt: new Float64Array(3) })
    job.close()
  })
  expect(message).toContain(`the pipeline "${pipeline.name}": `)
  expect(message).toContain(says)
  expect(message).toMatch(/: no such venue$/)
})

it.each([
  [Schema.String.check(Schema.makeFilter(throws)), "\"x\"", "over \"x\""],
  [Schema.Finite.check(Schema.makeFilter(throws)), "1.5", "over 1.5"],
  [Decimal.Decimal({ scale: 2, limit: 100 }).check(Schema.makeFilter(throws)), "1.5", "over a value"]
] as const)("a check of a field that throws ends the run, and says which field had which value", (field, value, says) => {
  const checked = Source.make("readings", { schema: Schema.Struct({ id: Schema.String, at: Schema.Int, field }), key: "id", eventTime: "at" })
  const message = thrownBy(() => {
    new Job([checked.pipe(Pipeline.named("all"))], { partitions: 1 }).take({ ...oneRow, ...Records.fromTexts([`{"id":"a","at":1,"field":${value}}`]) })
  })
  expect(message).toBe(`the check of the field "field" threw an error ${says}: no such venue`)
})

const thrownBy = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return "nothing was thrown"
}

const ports = Layer.mergeAll(
  EventLog.layerMemory({ topic: "readings" }),
  ResultSink.layerMemory,
  DeadLetters.layerMemory,
  CheckpointStore.layerMemory,
  Decisions.layerMemory,
  Monitor.layer
)

it.each([[filtered({}), "a filter of the source \"readings\""], [resulting({}), "the result \"own\""]] as const)(
  "an engine's run ends with the message",
  (pipeline, says) =>
    Effect.gen(function*() {
      const [engine, log] = [yield* Engine, yield* EventLog]
      yield* log.append(0, Records.fromTexts([line, JSON.stringify({ id: "a", at: 100 })]))
      const stopAt = log.ends
      const exit = yield* Effect.exit(engine.run({ name: "functions", pipelines: [pipeline], stopAt }))
      expect(Exit.isFailure(exit) ? Cause.squash(exit.cause) : null).toMatchObject({ message: expect.stringContaining(says) })
    }).pipe(Effect.provide(InProcess.layer.pipe(Layer.provideMerge(ports)), { local: true }), Effect.runPromise)
)

it("a state that does not fit its Schema is told with the pipeline and the result when it is to be kept", () => {
  const halves = Aggregate.custom({ create: () => 0, add: (n) => n + 0.5, merge: (a, b) => a + b, result: (n) => n, state: Schema.Int })
  const job = new Job([rows.pipe(Window.tumbling(10), Aggregate.into({ halves }), Pipeline.named("own"))], { partitions: 1 })
  job.take(oneRow)
  expect(() => job.snapshot()).toThrow(`the pipeline "own": the state of "halves" (Aggregate.custom) does not fit its Schema: `)
})
