/** The laws of the port {@link RowSink}. */
import { describe, it } from "@effect/vitest"
import { Arbitrary, BigDecimal, Effect, type Layer } from "effect"
import * as Row from "../streams/pipeline/Row.ts"
import { type Query, RowSink } from "../streams/ports/RowSink.ts"
import { storesOf } from "../streams/ports/Store.ts"
import * as Identity from "./Identity.ts"
import { type DurableLaws, forAll, type Laws, on, type Options, refused, same, testLaws } from "./Law.ts"
import { byCodePoints, integer } from "./Samples.ts"

/** Tests a sink that can be read back. */
export const suite = (name: string, fresh: Layer.Layer<RowSink, unknown>, options?: Options<RowSink>): void =>
  testLaws(`RowSink: ${name}`, laws, durableLaws, fresh, options)

/** Tests the little that holds for a sink that can only be written. */
export const suiteWriteOnly = (name: string, fresh: Layer.Layer<RowSink, unknown>): void => {
  describe(`RowSink: ${name}`, () => {
    it.live("takes any batch, and says that it cannot be read back", () =>
      on(fresh, Effect.gen(function*() {
        const sink = yield* RowSink
        yield* sink.write([])
        yield* sink.write(awkward)
        yield* sink.remove("never-written")
        yield* refused(sink.read({}), "RowSinkError")
      })))
  })
}

const ids = RowSink.use((sink) => Effect.map(storesOf([sink]), (all) => all.map(({ id }) => id)))

export const laws: Laws<RowSink> = {
  "the stores behind it have ids that no others have": Identity.areItsOwn(ids),

  "a row that is written any number of times, in whatever batches, is there once": (fresh) =>
    forAll(Arbitrary.all([batches, Arbitrary.array(integer(0, 99), { maxLength: 12 })]), ([written, replays]) =>
      on(fresh, Effect.gen(function*() {
        const sink = yield* RowSink
        for (const batch of written) yield* sink.write(batch)
        const before = yield* sink.read({})
        same(before, model(written.flat(), {}))
        for (const replay of replays) yield* sink.write(written[replay % written.length] ?? [])
        same(yield* sink.read({}), before)
      }))),

  "of two rows of one place the one that is written later stays": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* RowSink
      const [row] = everyRow as [Row.Row]
      const anew = { ...row, time: row.time + 5, values: { size: 2, of: { price: BigDecimal.make(7n, 2) } } }
      yield* sink.write([row, ...everyRow.slice(1, 3)])
      yield* sink.write([anew])
      same(yield* sink.read({}), model([...everyRow.slice(1, 3), anew], {}))
    })),

  "a query gives what it asks for, in order, and its limit keeps the newest": (fresh) =>
    Effect.andThen(
      answersAsModel(fresh, [everyRow], [{}, { limit: 0 }, { limit: 5 }, { key: "AAPL", limit: 2 }, { from: 0 }, { to: 0 }]),
      forAll(Arbitrary.all([batches, Arbitrary.array(queries, { minLength: 1, maxLength: 6 })]), ([written, asked]) =>
        answersAsModel(fresh, written, asked))
    ),

  "a pipeline that is removed leaves nothing, and the others alone": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* RowSink
      const [gone = "", left = ""] = pipelines
      yield* sink.write(everyRow)
      yield* sink.remove(gone)
      same(yield* sink.read({ pipeline: gone }), [])
      same(yield* sink.read({}), model(everyRow, { pipeline: left }))
      yield* sink.write(everyRow.slice(0, 3))
      same(yield* sink.read({}), model([...everyRow.filter(({ pipeline }) => pipeline === left), ...everyRow.slice(0, 3)], {}))
      yield* sink.remove("never-written")
    })),

  "decimals, nulls, structs and texts of any kind come back as they were written": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* RowSink
      yield* sink.write(awkward)
      same(yield* sink.read({}), model(awkward, {}))
      for (const row of awkward) {
        same(yield* sink.read({ pipeline: row.pipeline, key: row.key }), [Row.encode(row)])
      }
    })),

  "takes 20,000 rows at once, and none": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* RowSink
      const rows = Array.from({ length: 20_000 }, (_, i) => rowOf({ pipeline: 0, source: 0, partition: i % 3, offset: Math.floor(i / 3), beside: 0 }))
      yield* sink.write(rows)
      yield* sink.write([])
      same(yield* sink.read({}), model(rows, {}))
    }))
}

export const durableLaws: DurableLaws<RowSink> = {
  "the stores behind it have the same ids after closing and opening again": Identity.stay(ids),

  "rows are still there after closing and opening again, and still once": (place) =>
    forAll(batches, (written) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* place
        // Each batch is written by a process of its own.
        for (const batch of written) yield* on(store, RowSink.use((sink) => sink.write(batch)))
        same(yield* on(store, RowSink.use((sink) => sink.read({}))), model(written.flat(), {}))
      })))
}

type Batches = ReadonlyArray<ReadonlyArray<Row.Row>>

/** A sink into which these batches are written gives what the model says to every question. */
const answersAsModel = <E>(fresh: Layer.Layer<RowSink, E>, written: Batches, asked: ReadonlyArray<Query>) =>
  on(fresh, Effect.gen(function*() {
    const sink = yield* RowSink
    for (const batch of written) yield* sink.write(batch)
    for (const query of asked) same(yield* sink.read(query), model(written.flat(), query))
  }))

/** What a sink is to answer, in the most obvious way. */
const model = (written: ReadonlyArray<Row.Row>, query: Query): ReadonlyArray<Row.Encoded> => {
  const placeOf = ({ pipeline, place }: Row.Row) => `${pipeline} ${Row.placeToJson(place)}`
  const chosen = [...new Map(written.map((row) => [placeOf(row), row])).values()]
    .filter(({ pipeline }) => query.pipeline === undefined || pipeline === query.pipeline)
    .filter(({ key }) => query.key === undefined || key === query.key)
    .filter(({ time }) => query.from === undefined || time >= query.from)
    .filter(({ time }) => query.to === undefined || time < query.to)
    .sort((a, b) =>
      a.time - b.time || byCodePoints(a.place.source, b.place.source) || a.place.partition - b.place.partition ||
      a.place.offset - b.place.offset || byCodePoints(Row.besideToJson(a.place), Row.besideToJson(b.place)) ||
      byCodePoints(a.pipeline, b.pipeline))
    .map(Row.encode)
  return chosen.slice(Math.max(0, chosen.length - (query.limit ?? chosen.length)))
}

const pipelines = ["big-trades", "big"]
/** The last two are in another order by UTF-16 code units than by code points. */
const keys = ["AAPL", "AAP", "\u{1F600}", "\uFF21"]
const sources = ["trades", "\u{1F600}", "\uFF21"]

interface Choice {
  readonly pipeline: number
  readonly source: number
  readonly partition: number
  readonly offset: number
  /** Which of {@link besides} a row has; 0 for one with a place in the log alone. */
  readonly beside: number
}

/** What is joined to a row in a pair: another one, none, or one that is a pair itself. Or the window that it is the result of. */
const besides = (offset: number): ReadonlyArray<Pick<Row.Place, "joined" | "window">> => [
  {},
  { joined: [null] },
  { joined: [{ source: "quotes \"\u{1F600}\"", partition: 1, offset }] },
  { joined: [null, { source: "quotes", partition: 0, offset: 9, joined: [{ source: "news", partition: 0, offset }] }] },
  { window: { start: offset * 10 - 20, end: offset * 10, key: "\uFF21 \"\u{1F600}\"" } }
]

/** A row is what its place says: that is what makes a replay harmless. Times collide, and lie before the epoch too. */
const rowOf = ({ beside, offset, partition, pipeline, source }: Choice): Row.Row => ({
  pipeline: pipelines[pipeline] ?? "",
  place: { source: sources[source] ?? "", partition, offset, ...besides(offset)[beside] },
  key: keys[(offset + partition) % keys.length] ?? "",
  time: ((offset * 7) % 5 - 2) * 1_000,
  values: { size: offset, of: { price: BigDecimal.make(BigInt(offset * 10 + partition), 2), venue: null } }
})

const everyRow = [4, 1, 3, 0, 2].flatMap((offset) =>
  pipelines.flatMap((_, pipeline) =>
    sources.flatMap((_, source) => [1, 0].map((partition) => rowOf({ pipeline, source, partition, offset, beside: partition === 0 ? 0 : offset % 5 })))))

const rows = Arbitrary.map(
  Arbitrary.all({
    pipeline: integer(0, pipelines.length - 1),
    source: integer(0, sources.length - 1),
    partition: integer(0, 2),
    offset: integer(0, 6),
    beside: integer(0, 4)
  }),
  rowOf
)

const batches = Arbitrary.array(Arbitrary.array(rows, { maxLength: 15 }), { minLength: 1, maxLength: 5 })

const queries = Arbitrary.map(
  Arbitrary.all([integer(-1, 2), integer(-1, 4), integer(-3, 3), integer(-2, 4), integer(-1, 8)]),
  ([pipeline, key, from, to, limit]): Query => ({
    ...(pipeline < 0 ? {} : { pipeline: pipelines[pipeline] ?? "unknown" }),
    ...(key < 0 ? {} : { key: keys[key] ?? "unknown" }),
    ...(from < -2 ? {} : { from: from * 1_000 }),
    ...(to > 3 ? {} : { to: to * 1_000 }),
    ...(limit < 0 ? {} : { limit })
  })
)

const awkwardTexts = [
  "two\nlines",
  "\"quoted\" and 'single'",
  "back\\slash",
  "a,b=c d",
  "Ünïcode \u{1F600} 漢字",
  "%_?*",
  " "
]

const awkward: ReadonlyArray<Row.Row> = awkwardTexts.map((text, i) => ({
  pipeline: `pipeline ${text}`,
  place: { source: text, partition: i, offset: i === 0 ? Number.MAX_SAFE_INTEGER : i },
  key: text,
  time: i * 1_000 - 2_000,
  values: {
    [text]: text,
    struct: { [text]: null, deep: { price: BigDecimal.make(12_345_678_901_234_567_890_123n, 12), text } },
    negative: BigDecimal.make(-1n, 8),
    whole: BigDecimal.make(5n, -3),
    nothing: null,
    yes: true,
    no: false,
    double: 0.1 + 0.2,
    tiny: 5e-324,
    integer: Number.MAX_SAFE_INTEGER
  }
}))
