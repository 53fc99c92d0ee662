/** Rows that nodes hold, in whole runs: what their letters say, what an end of input tells, and what the account knows of them. */
import { Effect, Layer, Schema, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Decimal, Events, Expr, Job, Join, Pane, Pipeline, Row, RowSink, Source, Window } from "../../../src/index.ts"
import * as Checked from "../../../src/streams/pipeline/Checked.ts"
import * as InProcess from "../../../src/streams/engine/InProcess.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import { Engine } from "../../../src/streams/ports/Engine.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { fromTexts } from "../../../src/streams/records/Records.ts"
import { records } from "../../../src/testing/Harness.ts"

const Price = Schema.optionalKey(Decimal.Decimal({ scale: 2, limit: 1_000 }))
const schema = Schema.Struct({ key: Schema.String, time: Schema.Int, id: Schema.Int, bid: Price, price: Price })
const of = (name: string) => Source.make(name, { schema, key: "key", eventTime: "time" })
const both = of("both")
const line = (time: number, fields: object = {}, key = "A") => JSON.stringify({ key, time, id: 0, ...fields })

const once = both.pipe(Events.distinct({ by: "id", within: 10 }))

describe("at the end of input", () => {
  const quoted = both.pipe(
    Events.where(Expr.not(Expr.isNull("price"))),
    Join.asOf(both.pipe(Events.where(Expr.not(Expr.isNull("bid")))), { within: 100, select: { paid: "bid" } }),
    Window.tumbling(60),
    Aggregate.into({ paid: Aggregate.last("paid"), trades: Aggregate.count }),
    Pipeline.named("quoted")
  )

  it("a row that is held is told with what there is; what comes later corrects it, though there are as many rows", () => {
    const job = new Job([quoted], { partitions: 2 })
    const quotes = (first: number, ...texts: ReadonlyArray<string>) => job.take(records(1, first, texts))
    quotes(0, line(90, { bid: "4" }))
    job.take(records(0, 0, [line(100, { price: "7" })]))
    const told = job.decide({ _tag: "end", at: job.offsets }).panes
    expect(job.counts.held).toBe(1)
    const { panes } = quotes(1, line(99, { bid: "5" }))
    const all = [...told, ...panes, ...job.close().panes].map((pane) => [pane.pane, pane.revision, Pane.encode(pane).values["paid"]])
    expect(all).toEqual([["on-time", 0, "4"], ["on-time", 1, "5"]])
    expect([job.size, job.counts.held]).toEqual([0, 0])
  })

  it("rows that end in events stay held, and are put out when the watermark is past them", () => {
    const job = new Job([once.pipe(Pipeline.named("once"))], { partitions: 1 })
    expect(job.take(records(0, 0, [line(5)])).rows).toEqual([])
    expect(job.decide({ _tag: "end", at: job.offsets }).rows).toEqual([])
    expect(job.take(records(0, 1, [line(5), line(6)])).rows.map(({ place }) => place.offset)).toEqual([0])
    expect(job.counts).toMatchObject({ aggregated: 1, duplicate: 1, held: 1 })
  })
})

it("lateness that is allowed for a whole run does not reach windows behind rows that were held or united", () => {
  const bounds = { outOfOrderness: 7, allowedLateness: 5 }
  const latenessOf = (rows: typeof once) => {
    const counts = rows.pipe(Window.tumbling(10), Aggregate.into({ n: Aggregate.count }), Pipeline.named("counts"))
    const { allowedLateness, input } = Checked.windowOf(Pipeline.withBounds(counts, bounds).checked)
    return [allowedLateness, Checked.definitionOf(input).outOfOrderness]
  }
  expect([both, once, both.pipe(Events.union(both))].map(latenessOf)).toEqual([[5, 7], [0, 7], [0, 7]])
})

describe("sources with names of their own", () => {
  it("each have their event time, and a result waits for the slower one", () => {
    const [trades, quotes] = [of("trades"), of("quotes")]
    const late = Source.make("quotes", { schema, key: "key", eventTime: "time", outOfOrderness: 50 })
    const joined = (other: typeof quotes | typeof late) =>
      trades.pipe(Join.asOf(other, { within: 100, select: { paid: "bid" } }), Pipeline.named("joined"))
    const texts = [line(10, { bid: "1" }), line(20), line(40)]
    const rowsOf = (other: typeof quotes | typeof late) => new Job([joined(other)], { partitions: 1 }).take(records(0, 0, texts)).rows.map(({ time }) => time)
    expect([rowsOf(quotes), rowsOf(late)]).toEqual([[10, 20], []])
  })
})

describe("the account", () => {
  const plain = both.pipe(Pipeline.named("plain"))

  it("knows nothing of rows that were held for a pipeline which is not run any more", () => {
    const before = new Job([once.pipe(Pipeline.named("once")), plain], { partitions: 1 })
    before.take(records(0, 0, [line(1), line(2)]))
    expect(before.counts).toMatchObject({ read: 2, aggregated: 1, held: 1 })
    const after = new Job([plain], { partitions: 1 })
    expect(after.restore(before.snapshot())).toBe(true)
    expect(after.counts).toMatchObject({ read: 2, aggregated: 2, held: 0 })
    after.take(records(0, 2, [line(3)]))
    expect(after.counts).toMatchObject({ read: 3, aggregated: 3, held: 0 })
  })

  it("counts a record once that another pipeline holds which has caught up with the run", () => {
    const [run, added] = [new Job([plain], { partitions: 1 }), new Job([once.pipe(Pipeline.named("once"))], { partitions: 1 })]
    for (const job of [run, added]) job.take(records(0, 0, [line(1), line(2)]))
    const together = new Job([plain, once.pipe(Pipeline.named("once"))], { partitions: 1 })
    expect(together.restore(run.snapshot(), added.snapshot())).toBe(true)
    together.take(records(0, 2, [line(30)]))
    expect(together.counts).toMatchObject({ read: 3, aggregated: 2, held: 1 })
    expect(together.countsByPipeline.get("once")).toMatchObject({ read: 3, aggregated: 1, duplicate: 1, held: 1 })
    together.close()
    expect(together.counts).toMatchObject({ read: 3, aggregated: 3, held: 0 })
  })
})

const halves = once.pipe(Events.derive({ half: Expr.divide("id", "id", { scale: 0 }), large: Expr.multiply(Expr.multiply("id", "id"), "id") }), Pipeline.named("halves"))
const tooLarge = 2 ** 40

describe("a row that is refused when it leaves", () => {
  const layer = InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
    EventLog.layerMemory({ topic: "both" }),
    ResultSink.layerMemory,
    RowSink.layerMemory,
    DeadLetters.layerMemory,
    CheckpointStore.layerMemory,
    Decisions.layerMemory,
    Monitor.layer
  )))

  it("is a dead letter with its own bytes and place, though it came batches ago", () =>
    Effect.gen(function*() {
      const log = yield* EventLog
      const run = Engine.use((engine) => engine.run({ name: "test", pipelines: [halves], stopAt: log.ends }))
      yield* log.append(0, fromTexts([line(1), line(2, { id: tooLarge })]))
      yield* run
      yield* log.append(0, fromTexts([line(50, { id: 1 })]))
      const report = yield* run
      const letters = yield* DeadLetters.use((letters) => letters.read({}))
      expect(letters.map(({ bytes, offset, partition, pipeline, reason }) => [partition, offset, pipeline, reason, new TextDecoder().decode(bytes)]))
        .toEqual([[0, 1, "halves", "does-not-fit", line(2, { id: tooLarge })]])
      expect(report).toMatchObject({ read: 3, aggregated: 1, deadLettered: 1, held: 1 })
    }).pipe(Effect.provide(layer, { local: true }), Effect.runPromise))

  it("comes out beside the others of a stream, as it came, and what is held at the end comes out too", () =>
    Effect.gen(function*() {
      const row = (time: number, id: number) => ({ key: "A", time, id })
      const out = yield* Stream.make(row(1, 1), row(2, tooLarge), row(9, 1), row(5, 3)).pipe(
        Stream.rechunk(1),
        Pipeline.toRowsWith(halves, { refused: "side-output", late: "side-output" }),
        Stream.runCollect
      )
      expect(out.map((one) => one._tag === "row" ? Row.toJson(one.row as Row.Row).match(/"time":\d+/)?.[0] : [one._tag, one.row])).toEqual([
        "\"time\":1",
        ["refused", row(2, tooLarge)],
        ["late", row(5, 3)]
      ])
    }).pipe(Effect.runPromise))
})

it("a pipeline over two sources does not run over one stream of rows", () => {
  const two = of("trades").pipe(Join.asOf(of("quotes"), { within: 1, select: { paid: "bid" } }), Pipeline.named("two"))
  expect(() => Pipeline.toRows(two)).toThrow("Pipeline.toRows takes the rows of one source, and \"two\" reads trades and quotes: use Pipeline.toRowsOf")
})
