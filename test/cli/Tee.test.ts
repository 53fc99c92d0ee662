/** Several sinks as one: what is read, and what is recalled after a crash. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Stdio } from "effect"
import * as StdoutSink from "../../src/adapters/stdio/StdoutSink.ts"
import { sinksOf } from "../../src/cli/Tee.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { ResultSink, type ResultSinkError } from "../../src/streams/ports/ResultSink.ts"

const session = (start: number): Pane => ({
  pipeline: "visits", key: "A", start, end: start + 10, pane: "on-time", revision: 0, changes: 1, values: {}
})

/** A sink into which a crash has let only this. */
const holding = (pane: Pane) =>
  Layer.effect(ResultSink, Effect.tap(ResultSink, (sink) => sink.write([pane]))).pipe(Layer.provide(ResultSink.layerMemory), Layer.fresh)

it.effect("recalls what any of its stores has, and reads from the nearest that can be read", () =>
  Effect.gen(function*() {
    const { read, recall } = yield* ResultSink
    const startsOf = Effect.map((panes: ReadonlyArray<Pane | { readonly start: number }>) => panes.map(({ start }) => start))
    assert.deepStrictEqual(yield* startsOf(read({})), [0])
    assert.deepStrictEqual(yield* startsOf(recall?.({}) ?? Effect.succeed([])), [0, 20])
  }).pipe(Effect.provide(
    sinksOf<"stdout" | "near" | "far", ResultSinkError, Stdio.Stdio>({ stdout: StdoutSink.layer, near: holding(session(0)), far: holding(session(20)) }, ["stdout", "near", "far"], "near").pipe(
      Layer.provide(Stdio.layerTest({}))
    )
  )))
