import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { candles1m, candles5m } from "../../../src/analytics/candles.ts"
import type { Part } from "../../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { type DeadLetter, DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { restart } from "../../../src/streams/engine/Restart.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const letter = (offset: number, pipeline: string | null, reason: DeadLetter["reason"]): DeadLetter => ({
  topic: "ticks",
  partition: 0,
  offset,
  pipeline,
  reason,
  detail: "",
  bytes: new Uint8Array([offset])
})

const pane = (pipeline: string, revision: number) =>
  ({ pipeline, key: "A", start: 0, end: 60_000, pane: "late", revision, changes: revision + 1, values: { trades: revision } }) as const

const saved = (offset: number, isBase: boolean): Part => ({
  head: { pipelines: {}, savedAt: 0, processor: "p", log: "l", sinks: [], offsets: [offset] },
  isBase,
  sections: [["s", Uint8Array.of(offset)]]
})

describe("starting anew", () => {
  it.effect("forgets what was made of the log, and leaves other pipelines and undecodable records alone", () =>
    Effect.gen(function*() {
      const store = yield* CheckpointStore
      const sink = yield* ResultSink
      const letters = yield* DeadLetters
      yield* store.save("mine", saved(3, true))
      yield* store.save("mine", saved(4, false))
      yield* store.save("other", saved(5, true))
      yield* sink.write([pane("candles-1m", 3), pane("candles-5m", 2), pane("day", 1)])
      const broken = letter(1, null, "not-json")
      const othersLate = letter(2, "day", "late")
      yield* letters.write([broken, othersLate, letter(2, "candles-1m", "late"), letter(3, "candles-5m", "refused")])

      yield* restart("mine", [candles1m, candles5m])

      assert.deepStrictEqual(yield* store.load("mine"), Option.none())
      assert.deepStrictEqual([...(yield* store.heads).keys()], ["other"])
      assert.deepStrictEqual(Option.getOrThrow(yield* store.load("other")).offsets, [5])
      assert.deepStrictEqual((yield* sink.read({})).map(({ pipeline }) => pipeline), ["day"])
      assert.deepStrictEqual(yield* letters.read({}), [broken, othersLate])
      // Computed anew, a window begins with revision 0, and few rows, which a former pane of more must not outlive.
      yield* sink.write([pane("candles-1m", 0)])
      assert.deepStrictEqual((yield* sink.read({ pipeline: "candles-1m" })).map(({ revision }) => revision), [0])
    }).pipe(
      Effect.provide(Layer.mergeAll(CheckpointStore.layerMemory, ResultSink.layerMemory, DeadLetters.layerMemory))
    ))
})
