/** Standard output, line by line, for sinks that write to it. */
import { Effect, type PlatformError, Stdio, Stream } from "effect"

/**
 * One write, which waits while the reader is behind; `failed` says what it means that it cannot be done.
 *
 * When the reader has gone (such as `head -1`), nobody is left to write for: the writing
 * fiber is interrupted, so that the run stops in order and without a message.
 */
export const write = <E>(
  stdio: Stdio.Stdio,
  lines: string,
  failed: (error: { readonly message: string; readonly cause: unknown }) => E
): Effect.Effect<void, E> =>
  lines === "" ? Effect.void : Stream.make(lines).pipe(
    Stream.run(stdio.stdout()),
    Effect.catch((cause) =>
      readerHasGone(cause)
        ? Effect.interrupt
        : Effect.fail(failed({ message: `standard output cannot be written: ${cause.message}`, cause }))
    )
  )

/** The second and third are what Node says to those who write on after the first. */
const goneCodes: ReadonlyArray<unknown> = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]

const readerHasGone = ({ reason: { cause } }: PlatformError.PlatformError): boolean =>
  cause instanceof Error && "code" in cause && goneCodes.includes(cause.code)
