/** Writes a pane for every line that it reads; a run whose reader has gone is interrupted, and that is no failure. */
import { NodeStdio } from "@effect/platform-node"
import { Effect, Exit, Layer, Option, Stream } from "effect"
import * as StdinFeed from "../../../src/adapters/stdio/StdinFeed.ts"
import * as StdoutSink from "../../../src/adapters/stdio/StdoutSink.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import type { Pane } from "../../../src/streams/pipeline/Pane.ts"
import { type Chunk, valueAt } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const toPanes = (chunk: Chunk): ReadonlyArray<Pane> =>
  Array.from({ length: chunk.length }, (_, i) => ({
    pipeline: "lines",
    key: Buffer.from(valueAt(chunk, i)).toString(),
    start: 0,
    end: 1,
    pane: "on-time",
    revision: 0,
    changes: 1,
    values: {}
  }))

const program = Effect.gen(function*() {
  const feed = yield* Feed
  const sink = yield* ResultSink
  yield* feed.events(Option.none()).pipe(Stream.runForEach((chunk) => sink.write(toPanes(chunk))))
})

const layers = Layer.merge(StdinFeed.layer, StdoutSink.layer).pipe(Layer.provide(NodeStdio.layer))
const exit = await Effect.runPromiseExit(Effect.provide(program, layers))
if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) console.error(String(exit))
process.exit(Exit.isFailure(exit) && !Exit.hasInterrupts(exit) ? 1 : 0)
