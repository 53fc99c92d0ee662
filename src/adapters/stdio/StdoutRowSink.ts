/** Standard output as a sink of rows: one row a line, in the order of the log. */
import { Effect, Layer, Stdio } from "effect"
import * as Row from "../../streams/pipeline/Row.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import * as Stdout from "./Stdout.ts"

/**
 * A batch of rows is one write. A row that is written again after a crash is there twice, the same to the byte: a reader
 * keeps one for each pipeline and place. What has been written cannot be read back. Where the reader has gone, the run
 * stops, see {@link Stdout.write}.
 */
export const layer: Layer.Layer<RowSink, never, Stdio.Stdio> = Layer.effect(
  RowSink,
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    return RowSink.of({
      write: (rows) => Stdout.write(stdio, Row.toLines(rows), (error) => new RowSinkError(error)),
      read: () => Effect.fail(new RowSinkError({ message: "standard output cannot be read back" })),
      // What has been written is not ours to forget, and holds nothing against what follows.
      remove: () => Effect.void
    })
  })
)
