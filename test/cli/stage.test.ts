/** What the page of a process can read while it waits for its turn, and while it has it. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stage } from "../../src/cli/Stage.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"

const pane = { pipeline: "p", key: "A", start: 0, end: 1, pane: "on-time", revision: 0, changes: 1, values: {} } as const

const letter = { topic: "t", partition: 0, offset: 0, pipeline: null, reason: "empty", detail: "", bytes: new Uint8Array(0) } as const

it.effect("results, the newest windows of keys and dead letters are within reach of the one that is active, and of no other", () =>
  Effect.gen(function*() {
    const stage = yield* Stage.make
    const asked = Effect.gen(function*() {
      const sink = yield* ResultSink
      const letters = yield* DeadLetters
      const all: ReadonlyArray<Effect.Effect<unknown, { readonly message: string }>> =
        [sink.read({}), sink.newest!({ pipeline: "p" }), letters.read({}), letters.latest!({ limit: 1 })]
      return yield* Effect.forEach(all, (each) => Effect.match(each, { onFailure: ({ message }) => message, onSuccess: () => "read" }))
    }).pipe(Effect.provide(stage.layer))
    const nobody = ["this process stands by", "this process stands by", "this process stands by", "this process stands by"]
    assert.deepStrictEqual(yield* asked, nobody)
    yield* stage.standBy("host-1")
    assert.deepStrictEqual([...new Set(yield* asked)], ["host-1 is active, this process stands by"])
    const term = Effect.gen(function*() {
      yield* stage.enter
      yield* (yield* ResultSink).write([pane])
      yield* (yield* DeadLetters).write([letter])
      return yield* asked
    })
    const stores = Layer.merge(ResultSink.layerMemory, DeadLetters.layerMemory)
    assert.deepStrictEqual(yield* Effect.provide(Effect.scoped(term), stores), ["read", "read", "read", "read"])
    assert.deepStrictEqual(yield* asked, nobody)
  }))
