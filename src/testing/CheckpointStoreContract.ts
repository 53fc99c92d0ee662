/** The laws of the port {@link CheckpointStore}. */
import { Arbitrary, Effect, type Layer, Option } from "effect"
import { type Checkpoint, CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import { type DurableLaws, forAll, holds, type Laws, on, type Options, refused, same, testLaws } from "./Law.ts"
import { integer } from "./Samples.ts"

export const suite = (
  name: string,
  fresh: Layer.Layer<CheckpointStore, unknown>,
  options?: Options<CheckpointStore>
): void => testLaws(`CheckpointStore: ${name}`, laws, durableLaws, fresh, options)

export const laws: Laws<CheckpointStore> = {
  "gives back what was saved, whatever the text": (fresh) =>
    forAll(Arbitrary.all([texts, checkpoints]), ([name, checkpoint]) =>
      on(fresh, Effect.gen(function*() {
        const store = yield* CheckpointStore
        yield* store.save(name, checkpoint)
        yield* loads(name, checkpoint)
      }))),

  "gives the newest of many": (fresh) =>
    forAll(Arbitrary.array(checkpoints, { minLength: 1, maxLength: 6 }), (saved) =>
      on(fresh, Effect.gen(function*() {
        const store = yield* CheckpointStore
        for (const checkpoint of saved) {
          yield* store.save("candles", checkpoint)
          yield* loads("candles", checkpoint)
        }
      }))),

  "keeps names apart": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      for (const name of awkwardNames) yield* store.save(name, checkpointOf(name))
      for (const name of awkwardNames) yield* loads(name, checkpointOf(name))
      for (let i = 0; i < 5; i++) yield* store.save("candles", checkpointOf(`again ${i}`))
      for (const name of awkwardNames.slice(1)) yield* loads(name, checkpointOf(name))
    })),

  "has none where none was saved": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      yield* store.save("candles", checkpointOf("state"))
      same(yield* store.load("candle", "fingerprint"), Option.none())
    })),

  "refuses a checkpoint of other pipelines, and keeps it": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      yield* store.save("candles", checkpointOf("state"))
      const refusal = yield* Effect.flip(store.load("candles", "another"))
      holds(
        refusal._tag === "CheckpointMismatch" && refusal.stored === "fingerprint" && refusal.wanted === "another",
        `should say what is stored and what is wanted, but said ${refusal.message}`
      )
      yield* loads("candles", checkpointOf("state"))
    })),

  "an older checkpoint of the right pipelines is not used in place of a newer one of others": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      yield* store.save("candles", checkpointOf("old"))
      yield* store.save("candles", { ...checkpointOf("new"), fingerprint: "another" })
      yield* refused(store.load("candles", "fingerprint"), "CheckpointMismatch")
    })),

  "forgets every checkpoint of a name that is removed, and of no other": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      yield* store.save("candles", checkpointOf("older"))
      yield* store.save("candles", checkpointOf("newer"))
      yield* store.save("candles-5m", checkpointOf("other"))
      yield* store.remove("candles")
      yield* store.remove("never saved")
      same(yield* store.load("candles", "fingerprint"), Option.none())
      yield* loads("candles-5m", checkpointOf("other"))
      yield* store.save("candles", checkpointOf("again"))
      yield* loads("candles", checkpointOf("again"))
    })),

  "keeps a state of 5 million characters": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      const large = checkpointOf("[1.5,\"ä\"],".repeat(500_000))
      yield* store.save("candles", large)
      const loaded = yield* store.load("candles", large.fingerprint)
      holds(Option.isSome(loaded) && loaded.value.state === large.state, "the state is not what was saved")
    }))
}

export const durableLaws: DurableLaws<CheckpointStore> = {
  "the newest is still there after closing and opening again": (place) =>
    forAll(Arbitrary.array(checkpoints, { minLength: 1, maxLength: 4 }), (saved) =>
      Effect.scoped(Effect.gen(function*() {
        const opened = yield* place
        for (const checkpoint of saved) {
          yield* on(opened, CheckpointStore.use((store) => store.save("candles", checkpoint)))
          yield* on(opened, loads("candles", checkpoint))
        }
      })))
}

const loads = (name: string, checkpoint: Checkpoint) =>
  CheckpointStore.use((store) => store.load(name, checkpoint.fingerprint)).pipe(
    Effect.map((loaded) => same(loaded, Option.some(checkpoint)))
  )

const checkpointOf = (state: string): Checkpoint => ({ fingerprint: "fingerprint", log: "log", sinks: ["sink"], offsets: [3, 0], state })

const awkwardNames = ["candles", "candles-1m", "Candles", "two\nlines", "it's \"quoted\"", "\u{1F600}", "a/../b", "%"]

const awkwardPieces = ["\n", "\0", "\"", "\\", "'", "{", " ", "é", "漢", "\u{1F600}", "\u2028", "\uFF21", "abc", "0"]

/** Texts of everything that a store might trip over. */
const texts = Arbitrary.map(
  Arbitrary.array(integer(0, awkwardPieces.length - 1), { maxLength: 12 }),
  (pieces) => pieces.map((piece) => awkwardPieces[piece]).join("")
)

const checkpoints = Arbitrary.map(
  Arbitrary.all([texts, texts, Arbitrary.array(integer(0, Number.MAX_SAFE_INTEGER), { maxLength: 5 }), texts]),
  ([fingerprint, log, offsets, state]): Checkpoint => ({ fingerprint, log, sinks: [log, state], offsets, state })
)
