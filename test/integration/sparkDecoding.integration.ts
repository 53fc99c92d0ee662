/** Which records Spark takes and refuses, and what it reads in them: what courant's own decoder does, spelling by spelling. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Decimal from "../../src/domain/Decimal.ts"
import { EventTime } from "../../src/domain/EventTime.ts"
import { MarketSymbol } from "../../src/domain/MarketSymbol.ts"
import { Price, Size } from "../../src/domain/Tick.ts"
import type { Spec } from "../../src/streams/pipeline/Aggregate.ts"
import { Aggregate, Events, Expr, Pipeline, Source, Window } from "../../src/streams/pipeline/index.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import { fromBytes, Kind } from "../../src/streams/records/Records.ts"
import { around, spellings } from "../../src/testing/DecodeLaws.ts"
import { SparkStack } from "./sparkHarness.ts"
import * as Runs from "./sparkRuns.ts"
import { altered } from "../../src/testing/Altered.ts"

const Everything = Schema.Struct({
  key: Schema.String,
  time: EventTime,
  symbol: Schema.optionalKey(MarketSymbol),
  whole: Schema.optionalKey(Schema.Int),
  double: Schema.optionalKey(Schema.Finite),
  share: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  cents: Schema.optionalKey(Decimal.Decimal({ scale: 2, limit: 1_000 })),
  price: Schema.optionalKey(Price),
  size: Schema.optionalKey(Size),
  units: Schema.optionalKey(Decimal.Decimal({ scale: 0, limit: 9_000_000_000_000_000 })),
  flag: Schema.optionalKey(Schema.Boolean)
})

const fields = Object.keys(Everything.fields)

/** Gives each record back, field by field; none is late. */
const everything: Pipeline.Any = altered(
  Source.make("everything", { schema: Everything, key: "key", eventTime: "time", outOfOrderness: 8_000_000_000_000 }).pipe(
    Window.tumbling(1),
    Aggregate.into({ rows: Aggregate.count }),
    Pipeline.named("everything")
  ),
  () => ({
    aggregates: Object.fromEntries([
      ["rows", { op: "count" }] as const,
      ...fields.map((field): readonly [string, Spec] => [field, { op: "first", field }])
    ])
  })
)

const begin = 1_600_000_000_000

/** A record with a key and a time of its own, so that it has a window for itself. */
const record = (number: number, members: Readonly<Record<string, string>> = {}): string => {
  const all = { key: `"k${number}"`, time: String(begin + number), ...members }
  return `{${Object.entries(all).map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`
}

const odd = fields.flatMap((field) => spellings.map((spelling) => ({ [field]: spelling })))

/** Spark keeps no text of a number with an exponent, nor of one with more than 38 digits: it is the nearest double. */
const isRounded = (members: Readonly<Record<string, string>>): boolean =>
  Object.entries(members).some(([field, spelling]) => field !== "double" && field !== "share" && rounded.includes(spelling))

const rounded: ReadonlyArray<string> = ["-1e-400"]

const encoder = new TextEncoder()

const records: ReadonlyArray<Uint8Array> = [
  ...odd.filter((members) => !isRounded(members)).map((members, i) => record(i, members)),
  ...around.flatMap((text, i) => [`${text}${record(2_000 + i)}`, `${record(3_000 + i)}${text}`]),
  `{"key":"twice","time":${begin + 4_000},"whole":1,"whole":2}`,
  `{"key":"escaped","\\u0074ime":${begin + 4_001},"unknown":{"a":[1]}}`,
  "", "null", "[]", "1", `[${record(4_002)}]`
].map((text) => encoder.encode(text)).concat([
  Uint8Array.from([...encoder.encode(`{"key":"`), 0xff, ...encoder.encode(`","time":${begin}}`)])
])

const inProcess = (pipeline: Pipeline.Any, records: ReadonlyArray<Uint8Array>) => {
  const job = new Job([pipeline], { partitions: 1 })
  const { length } = records
  const place = { partition: 0, offsets: Float64Array.from(records, (_, i) => i), appendedAt: new Float64Array(length).fill(Date.now()) }
  const { panes } = job.take({ ...fromBytes(records, records.map(() => 0 as const)), ...place })
  const { deadLettered, filtered } = job.counts
  return { panes: [...panes, ...job.close().panes].map(Pane.encode), refused: deadLettered, filtered }
}

const Keyed = Schema.Struct({
  id: Schema.NullOr(Schema.String),
  lot: Schema.optional(Schema.Int),
  open: Schema.optionalKey(Schema.Boolean),
  side: Schema.optionalKey(Schema.NullOr(Schema.Literals(["buy", "it's \\ sold"]))),
  at: Schema.optionalKey(Schema.Int),
  exact: Schema.optionalKey(Decimal.Decimal({ scale: 6, limit: 5_000_000_000 }))
})

type KeyField = "id" | "lot" | "open" | "side"

const keyedBy = (name: string, key: ReadonlyArray<KeyField>, seconds: "at" | "exact"): Pipeline.Any =>
  Source.make("keyed", { schema: Keyed, key, eventTime: { seconds }, outOfOrderness: 8_000_000_000_000 }).pipe(
    Window.tumbling(1),
    Aggregate.into({ rows: Aggregate.count, id: Aggregate.first("id"), side: Aggregate.last("side"), at: Aggregate.max("at") }),
    Pipeline.named(name)
  )

const keyed = [
  keyedBy("by-string", ["id"], "at"),
  keyedBy("by-integer", ["lot"], "at"),
  keyedBy("by-boolean", ["open"], "at"),
  keyedBy("by-all", ["id", "lot", "open", "side"], "exact"),
  keyedBy("by-none", [], "exact")
]

/** Strings that JSON escapes in one way or another, and integers that doubles print otherwise. */
const keyedRecords = [
  ...["a", "1", "", "\u0000", "\u0001\u000b\u001f\n\r\t\b\f\u007f", "\"\\/'", "é\u2028\u{1F600}", "[\"a\",1]"].map((id) => ({ id })),
  ...[0, -0, 1, -7, Number.MAX_SAFE_INTEGER, 1e15].map((lot) => ({ lot })),
  ...[true, false, null].map((open) => ({ open })),
  ...["buy", "it's \\ sold", "sell", null].map((side) => ({ side })),
  { id: null }, { lot: null }, { at: null }, { exact: null },
  ...["-0.000001", "-1.0005", "1732545000.123999", "-0.5", "0.001"].map((exact) => ({ exact }))
].flatMap((fields, i) => {
  const all = { id: "k", lot: 1, open: true, side: "buy", at: i, exact: i, ...fields }
  const [field = ""] = Object.keys(fields)
  return [all, Object.fromEntries(Object.entries(all).filter(([name]) => name !== field))]
}).map((record) => encoder.encode(JSON.stringify(record)))

/** A square that is no integer of a double, and no key, are refused; not where a condition has left the row out before. */
const rekeyed: Pipeline.Any = Source.make("keyed", { schema: Keyed, key: [], eventTime: { seconds: "exact" }, outOfOrderness: 8_000_000_000_000 }).pipe(
  Events.where(Expr.ne("id", "1")),
  Events.derive({ square: Expr.multiply("lot", "lot"), wide: Expr.multiply("exact", Expr.multiply("exact", "exact")) }),
  Events.where(Expr.not(Expr.isNull("open"))),
  Events.keyBy("side"),
  Window.tumbling(1),
  Aggregate.into({ rows: Aggregate.count, square: Aggregate.max("square"), wide: Aggregate.sum("wide"), mean: Aggregate.mean("wide") }),
  Pipeline.named("rekeyed")
)

const texts = (panes: ReadonlyArray<Pane.Encoded>) =>
  panes.map(({ key, start, values }) => JSON.stringify([start, key, values])).sort()

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "10 minutes", excludeTestServices: true })(
  "records on Spark",
  (it) => {
    it.effect(`${records.length} are taken and refused, and read, as they are in process`, () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([everything])
        yield* topic.append(records.map((bytes) => ({ partition: 0, kind: 0, bytes })))
        const observed = yield* topic.compute
        assert.deepStrictEqual(yield* topic.counts, observed)
        const expected = inProcess(everything, records)
        assert.isAbove(expected.panes.length, 200)
        assert.deepStrictEqual(texts(yield* topic.panes("all")), texts(expected.panes))
        assert.deepStrictEqual(observed["everything"], { read: records.length, deadLettered: expected.refused, filtered: 0 })
      }))

    it.effect("keys of every kind and times in seconds are those that they are in process", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over(keyed)
        yield* topic.append(keyedRecords.map((bytes) => ({ partition: 0, kind: 0, bytes })))
        yield* topic.compute
        const observed = yield* topic.counts
        const panes = yield* topic.panes("all")
        for (const pipeline of keyed) {
          const { name } = pipeline
          const expected = inProcess(pipeline, keyedRecords)
          assert.deepStrictEqual(texts(panes.filter((pane) => pane.pipeline === name)), texts(expected.panes), name)
          assert.deepStrictEqual(observed[name], { read: keyedRecords.length, deadLettered: expected.refused, filtered: 0 }, name)
        }
      }))

    it.effect("what computed fields and another key refuse, and what conditions leave out before, is told apart as it is in process", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([rekeyed])
        const made = keyedRecords.concat(["1", "2"].map((id) => encoder.encode(JSON.stringify({ id, lot: Number.MAX_SAFE_INTEGER, at: 1, exact: 1 }))))
        yield* topic.append(made.map((bytes) => ({ partition: 0, kind: 0, bytes })))
        yield* topic.compute
        const expected = inProcess(rekeyed, made)
        assert.deepStrictEqual(texts(yield* topic.panes("all")), texts(expected.panes))
        const { filtered, refused } = expected
        assert.isTrue(refused > 5 && filtered > 3, JSON.stringify({ refused, filtered }))
        assert.deepStrictEqual((yield* topic.counts)["rekeyed"], { read: made.length, deadLettered: refused, filtered })
      }))

    it.effect("what lies ahead of the clock at its append is refused, and so are times in seconds and records without a value", () =>
      Effect.gen(function*() {
        const topic = yield* Runs.over([everything], { maxTimeAhead: 60_000 })
        const now = Date.now()
        const at = (time: number) => Runs.event(`{"key":"K","time":${time}}`)
        const others = [now + 3_600_000, Math.floor(now / 1_000)].map(at)
        const begun = { ...at(now), kind: Kind.truncated }
        yield* topic.append([at(now), at(now + 30_000), ...others, begun, { partition: 0, kind: 0, bytes: null }])
        const observed = yield* topic.compute
        assert.deepStrictEqual(yield* topic.counts, observed)
        assert.deepStrictEqual(observed["everything"], { read: 6, deadLettered: 4, filtered: 0 })
        assert.strictEqual((yield* topic.panes("all")).length, 2)
      }))
  }
)
