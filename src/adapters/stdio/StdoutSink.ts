/** Standard output as a sink: one pane a line, in the order in which they are written. */
import { Effect, Layer, type PlatformError, Stdio, Stream } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"

/**
 * A batch of panes is one write, which waits while the reader is behind. Every pane is
 * written; telling the newest is left to the reader, and a pane that is written twice is
 * there twice. What has been written cannot be read back.
 *
 * When the reader has gone (such as `head -1`), nobody is left to write for: the writing
 * fiber is interrupted, so that the run stops in order and without a message.
 */
export const layer: Layer.Layer<ResultSink, never, Stdio.Stdio> = Layer.effect(
  ResultSink,
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    return ResultSink.of({
      write: (panes) =>
        panes.length === 0 ? Effect.void : Stream.make(toLines(panes)).pipe(
          Stream.run(stdio.stdout()),
          Effect.catch((error) =>
            readerHasGone(error) ? Effect.interrupt : Effect.fail(
              new ResultSinkError({ message: `standard output cannot be written: ${error.message}`, cause: error })
            )
          )
        ),
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

/** The second and third are what Node says to those who write on after the first. */
const goneCodes: ReadonlyArray<unknown> = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]

const readerHasGone = ({ reason: { cause } }: PlatformError.PlatformError): boolean =>
  cause instanceof Error && "code" in cause && goneCodes.includes(cause.code)
