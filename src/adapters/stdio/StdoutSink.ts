/** Standard output as a sink: one pane a line, in the order in which they are written. */
import { Effect, Layer, Stdio } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import * as Stdout from "./Stdout.ts"

/**
 * A batch of panes is one write. Every pane is written; telling the newest is left to the
 * reader, and a pane that is written twice is there twice. What has been written cannot be
 * read back. Where the reader has gone, the run stops, see {@link Stdout.write}.
 */
export const layer: Layer.Layer<ResultSink, never, Stdio.Stdio> = Layer.effect(
  ResultSink,
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    return ResultSink.of({
      write: (panes) => Stdout.write(stdio, toLines(panes), (error) => new ResultSinkError(error)),
      read: () => Effect.fail(new ResultSinkError({ message: "standard output cannot be read back" })),
      recall: () => Effect.succeed([]),
      // What has been written is not ours to forget, and holds nothing against what follows.
      remove: () => Effect.void
    })
  })
)

const toLines = (panes: ReadonlyArray<Pane.Pane>): string => {
  let lines = ""
  for (const pane of panes) lines += `${Pane.toJson(pane)}\n`
  return lines
}
