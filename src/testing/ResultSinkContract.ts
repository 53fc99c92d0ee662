/** The laws of the port {@link ResultSink}. */
import { describe, it } from "@effect/vitest"
import { Arbitrary, BigDecimal, Effect, type Layer } from "effect"
import * as Pane from "../streams/pipeline/Pane.ts"
import { type KeysQuery, type Newest, newestOf, type Query, ResultSink } from "../streams/ports/ResultSink.ts"
import { storesOf } from "../streams/ports/Store.ts"
import * as Identity from "./Identity.ts"
import { type DurableLaws, forAll, type Laws, on, type Options, refused, same, testLaws } from "./Law.ts"
import { byCodePoints, integer } from "./Samples.ts"

/** Tests a sink that can be read back. */
export const suite = (name: string, fresh: Layer.Layer<ResultSink, unknown>, options?: Options<ResultSink>): void =>
  testLaws(`ResultSink: ${name}`, laws, durableLaws, fresh, options)

/** Tests the little that holds for a sink that can only be written. */
export const suiteWriteOnly = (name: string, fresh: Layer.Layer<ResultSink, unknown>): void => {
  describe(`ResultSink: ${name}`, () => {
    it.live("takes any batch, and says that it cannot be read back", () =>
      on(fresh, Effect.gen(function*() {
        const sink = yield* ResultSink
        yield* sink.write([])
        yield* sink.write(awkward)
        yield* refused(sink.read({}), "ResultSinkError")
      })))
  })
}

const ids = ResultSink.use((sink) => Effect.map(storesOf([sink]), (all) => all.map(({ id }) => id)))

export const laws: Laws<ResultSink> = {
  "the stores behind it have ids that no others have": Identity.areItsOwn(ids),

  "any write may be replayed any number of times": (fresh) =>
    forAll(Arbitrary.all([settledBatches, Arbitrary.array(integer(0, 99), { maxLength: 12 })]), ([written, replays]) =>
      on(fresh, Effect.gen(function*() {
        const sink = yield* ResultSink
        for (const batch of written) yield* sink.write(batch)
        const before = yield* sink.read({})
        for (const replay of replays) yield* sink.write(written[replay % written.length] ?? [])
        same(yield* sink.read({}), before)
      }))),

  "the newest pane of a window wins, in whatever order and batches panes come and however often": (fresh) => {
    const holdsFor = (written: Batches) => answersAsModel(fresh, written, [{}])
    // Older panes of every window in one batch: more than a sink may have in mind, and than a random sample has.
    const newer = everyWindow.map((pane): Pane.Pane => ({ ...pane, pane: "on-time", changes: 3 }))
    // Made of equally many changes, which a random sample may lack.
    const early = newer.map((pane): Pane.Pane => ({ ...pane, pane: "early" }))
    return Effect.andThen(holdsFor([early, newer, everyWindow, newer.toReversed(), everyWindow, early]), forAll(batches, holdsFor))
  },

  "a retracted window is gone, and only a newer pane brings it back": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* ResultSink
      const kinds = Effect.map(sink.read({}), (panes) => panes.map(({ changes, pane }) => [pane, changes]))
      yield* sink.write([onlyWindow(1)])
      yield* sink.write([onlyWindow(2)])
      same(yield* kinds, [])
      yield* sink.write([onlyWindow(0), onlyWindow(1), { ...onlyWindow(2), pane: "late", revision: 5 }])
      same(yield* kinds, [])
      yield* sink.write([onlyWindow(3)])
      same(yield* kinds, [["late", 3]])
    })),

  "a query gives what it asks for, in order, and its limit keeps the newest": (fresh) => {
    // Every window of every key, and each kind of question: what a random sample may miss.
    return Effect.andThen(
      answersAsModel(fresh, [everyWindow], [{}, { limit: 0 }, { limit: 5 }, { key: "AAPL", limit: 2 }, { from: 0 }, { to: 0 }]),
      forAll(Arbitrary.all([batches, Arbitrary.array(queries, { minLength: 1, maxLength: 6 })]), ([written, asked]) =>
        answersAsModel(fresh, written, asked))
    )
  },

  "the newest window of each key is found, whatever came in which order and is gone, a page at a time": (fresh) => {
    const holdsFor = (written: Batches, asked: ReadonlyArray<KeysQuery>) =>
      on(fresh, Effect.gen(function*() {
        const sink = yield* ResultSink
        for (const batch of written) {
          yield* sink.write(batch)
          for (const pipeline of pipelines) same(yield* newestOf(sink, { pipeline }), newestInModel(yield* sink.read({ pipeline }), { pipeline }))
        }
        for (const query of asked) same(yield* newestOf(sink, query), newestInModel(model(written.flat(), {}), query))
      }))
    const [pipeline = ""] = pipelines
    const gone = everyWindow.filter(({ start }) => start >= 0).map((pane): Pane.Pane => ({ ...pane, pane: "retracted", changes: 9 }))
    const pages = [undefined, ...keys].flatMap((after) => [{ pipeline, limit: 2, ...after === undefined ? {} : { after } }])
    const known = [{ pipeline, contains: "aapl" }, { pipeline, contains: "P", after: "AAP" }, { pipeline, keys: ["AAPL", "IBM", "AAPL"] }, { pipeline: "none" }, ...pages]
    // So many keys that windows are wide, and keys that are among their newest alone.
    const many = Array.from({ length: 600 }, (_, i): Pane.Pane => ({ ...onlyWindow(1), key: `K${i}`, start: (i % 2) * 60_000, end: 120_000 }))
    return Effect.andThen(
      Effect.andThen(holdsFor([everyWindow, gone, everyWindow], known), holdsFor([many, many.map((pane) => ({ ...pane, start: -60_000 }))], known)),
      forAll(Arbitrary.all([batches, Arbitrary.array(keysQueries, { minLength: 1, maxLength: 4 })]), ([written, asked]) => holdsFor(written, asked))
    )
  },

  "a pipeline that is removed leaves nothing, not even what it retracted, and the others alone": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* ResultSink
      const [gone = "", left = ""] = pipelines
      const newer = everyWindow.map((pane) => ({ ...pane, changes: 7 }))
      yield* sink.write(newer)
      yield* sink.write([{ ...onlyWindow(0), pane: "retracted", changes: 8 }])
      yield* sink.remove(gone)
      same(yield* sink.read({ pipeline: gone }), [])
      same(yield* newestOf(sink, { pipeline: gone }), { panes: [], total: 0 })
      same(yield* sink.read({}), model(newer, { pipeline: left }))
      // What is computed anew begins with few rows again.
      const anew = onlyWindow(0)
      yield* sink.write([anew])
      same(yield* sink.read({ pipeline: gone }), [Pane.encode(anew)])
      yield* sink.remove("never-written")
    })),

  "decimals, nulls and texts of any kind come back as they were written": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* ResultSink
      yield* sink.write(awkward)
      same(yield* sink.read({}), model(awkward, {}))
      for (const pane of awkward) {
        same(yield* sink.read({ pipeline: pane.pipeline, key: pane.key }), [Pane.encode(pane)])
      }
    })),

  "takes 20,000 panes at once, and none": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const sink = yield* ResultSink
      const panes = Array.from({ length: 20_000 }, (_, i) =>
        paneOf({ pipeline: 0, key: i % 3, window: Math.floor(i / 3), changes: 1, pane: "on-time", revision: 0 }))
      yield* sink.write(panes)
      yield* sink.write([])
      same(yield* sink.read({}), model(panes, {}))
    }))
}

export const durableLaws: DurableLaws<ResultSink> = {
  "the stores behind it have the same ids after closing and opening again": Identity.stay(ids),

  "panes are still there after closing and opening again, and still not overwritten by older ones": (place) =>
    forAll(batches, (written) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* place
        // Each batch is written by a process of its own.
        for (const batch of written) yield* on(store, ResultSink.use((sink) => sink.write(batch)))
        const stored = yield* on(store, ResultSink.use((sink) => sink.read({})))
        same(stored, model(written.flat(), {}))
      })))
}

type Batches = ReadonlyArray<ReadonlyArray<Pane.Pane>>

/** A sink into which these batches are written gives what the model says to every question. */
const answersAsModel = <E>(fresh: Layer.Layer<ResultSink, E>, written: Batches, asked: ReadonlyArray<Query>) =>
  on(fresh, Effect.gen(function*() {
    const sink = yield* ResultSink
    for (const batch of written) yield* sink.write(batch)
    for (const query of asked) same(yield* sink.read(query), model(written.flat(), query))
  }))

/** What a sink should hold after these panes, written in whatever order. */
const model = (written: ReadonlyArray<Pane.Pane>, query: Query): ReadonlyArray<Pane.Encoded> => {
  const newest = new Map<string, Pane.Pane>()
  for (const pane of written) {
    const window = JSON.stringify([pane.pipeline, pane.key, pane.start, pane.end])
    if (ageOf(newest.get(window)) <= ageOf(pane)) newest.set(window, pane)
  }
  const chosen = [...newest.values()]
    .filter(({ key, pane, pipeline, start }) =>
      pane !== "retracted" && pipeline === (query.pipeline ?? pipeline) && key === (query.key ?? key) &&
      start >= (query.from ?? -Infinity) && start < (query.to ?? Infinity)
    )
    .sort((a, b) =>
      a.start - b.start || a.end - b.end || byCodePoints(a.pipeline, b.pipeline) || byCodePoints(a.key, b.key)
    )
    .map(Pane.encode)
  return chosen.slice(Math.max(0, chosen.length - (query.limit ?? chosen.length)))
}

/** In the order in which panes are read the last one of a key is its newest window. */
const newestInModel = (stored: ReadonlyArray<Pane.Encoded>, { after, contains = "", keys, limit = Infinity, pipeline }: KeysQuery): Newest => {
  const newest = new Map(stored.filter((pane) => pane.pipeline === pipeline).map((pane) => [pane.key, pane]))
  const all = [...newest.values()]
    .filter(({ key }) => key.toLowerCase().includes(contains.toLowerCase()) && (keys?.includes(key) ?? true))
    .sort((a, b) => byCodePoints(a.key, b.key))
  return { panes: all.filter(({ key }) => after === undefined || byCodePoints(key, after) > 0).slice(0, limit), total: all.length }
}

/** More changes make a pane newer, whatever it is; of equally many a result counts more than an early one, a retraction more than both. */
const ageOf = (pane: Pane.Pane | undefined): number =>
  pane === undefined ? -1 : pane.changes * 3 + (pane.pane === "retracted" ? 2 : pane.pane === "early" ? 0 : 1)

const pipelines = ["candles-1m", "candles"]
/** The last two are in another order by UTF-16 code units than by code points. */
const keys = ["AAPL", "AAP", "\u{1F600}", "\uFF21"]

/** Few pipelines, keys, windows and changes, so that they collide; start before the epoch, and overlap. */
const paneOf = (choice: {
  readonly pipeline: number
  readonly key: number
  readonly window: number
  readonly changes: number
  readonly pane: Pane.Kind
  readonly revision: number
}): Pane.Pane => {
  const start = (Math.floor(choice.window / 2) - 1) * 60_000
  return {
    pipeline: pipelines[choice.pipeline] ?? "",
    key: keys[choice.key] ?? "",
    start,
    end: start + (choice.window % 2 === 0 ? 60_000 : 300_000),
    pane: choice.pane,
    revision: choice.revision,
    changes: choice.changes,
    // Equally many changes are the same ones: that is what makes a replay harmless.
    values: { close: BigDecimal.make(BigInt(choice.window * 10 + choice.changes), 2), trades: choice.changes }
  }
}

const kinds: ReadonlyArray<Pane.Kind> = ["early", "on-time", "retracted", "late"]

/** What a window's changes make of it: without any it is early, with one on time, and so on. */
const settled = <A extends { readonly changes: number }>(choice: A) =>
  ({ ...choice, pane: kinds[choice.changes] ?? "late", revision: choice.changes })

const onlyWindow = (changes: number) => paneOf(settled({ pipeline: 0, key: 0, window: 0, changes }))

const choices = {
  pipeline: integer(0, pipelines.length - 1),
  key: integer(0, keys.length - 1),
  window: integer(0, 4),
  changes: integer(0, kinds.length - 1)
}

/** Panes of any kind and revision: as they may come when each start reads partitions in another order. */
const panes = Arbitrary.map(
  Arbitrary.all({ ...choices, kind: integer(0, kinds.length - 1), revision: integer(0, 3) }),
  ({ kind, ...choice }) => paneOf({ ...choice, pane: kinds[kind] ?? "late" })
)

/** Panes of which two with equally many changes of one window are the same. */
const settledPanes = Arbitrary.map(Arbitrary.all(choices), (choice) => paneOf(settled(choice)))

const everyWindow = [4, 1, 3, 0, 2].flatMap((window) =>
  keys.flatMap((_, key) =>
    pipelines.map((_, pipeline) => paneOf(settled({ pipeline, key, window, changes: 1 })))
  )
)

const batchesOf = (panes: Arbitrary.Arbitrary<Pane.Pane>) =>
  Arbitrary.array(Arbitrary.array(panes, { maxLength: 15 }), { minLength: 1, maxLength: 5 })

const batches = batchesOf(panes)

const settledBatches = batchesOf(settledPanes)

const queries = Arbitrary.map(
  Arbitrary.all([integer(-1, 2), integer(-1, 3), integer(-3, 3), integer(-2, 4), integer(-1, 8)]),
  ([pipeline, key, from, to, limit]): Query => ({
    ...(pipeline < 0 ? {} : { pipeline: pipelines[pipeline] ?? "unknown" }),
    ...(key < 0 ? {} : { key: keys[key] ?? "unknown" }),
    ...(from < -2 ? {} : { from: from * 60_000 }),
    ...(to > 3 ? {} : { to: to * 60_000 }),
    ...(limit < 0 ? {} : { limit })
  })
)

const keysQueries = Arbitrary.map(
  Arbitrary.all([integer(0, 1), integer(-1, 3), integer(-1, 3), integer(-1, 3)]),
  ([pipeline, contains, after, limit]): KeysQuery => ({
    pipeline: pipelines[pipeline] ?? "",
    ...(contains < 0 ? {} : { contains: ["a", "PL", "\uFF21", "x"][contains] ?? "" }),
    ...(after < 0 ? {} : { after: keys[after] ?? "" }),
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

const awkward: ReadonlyArray<Pane.Pane> = awkwardTexts.map((text, i) => ({
  pipeline: `pipeline ${text}`,
  key: text,
  start: i * 1_000,
  end: i * 1_000 + 1,
  pane: "on-time",
  revision: i,
  changes: i + 1,
  values: {
    [text]: text,
    price: BigDecimal.make(12_345_678_901_234_567_890_123n, 12),
    negative: BigDecimal.make(-1n, 8),
    whole: BigDecimal.make(5n, -3),
    nothing: null,
    yes: true,
    no: false,
    double: 0.1 + 0.2,
    tiny: 5e-324,
    integer: Number.MAX_SAFE_INTEGER,
    large: 2n ** 80n + 1n,
    negativeLarge: -(2n ** 53n)
  }
}))
