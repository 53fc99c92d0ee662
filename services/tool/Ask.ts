/** One question to a server over TCP, for those whose protocol is small enough to ask by hand. */
import { Effect, Schema } from "effect"
import { connect } from "node:net"
import * as Tls from "node:tls"

/** The server cannot be used yet, and why. */
export class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { message: Schema.String }) {}

export const notYet = (message: string): NotYet => new NotYet({ message })

/** An authority to check the server by, and a certificate to show to it; PEM. */
export interface Credentials {
  readonly ca: Buffer
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * Sends bytes to a port of 127.0.0.1 and gives what comes back, once that is `whole` or the server closes the
 * connection. A server that is still starting may take a question and never answer it (ZooKeeper does), so
 * each has two seconds.
 */
export const ask = (
  port: number,
  question: string | Uint8Array,
  whole: (received: Buffer) => boolean = () => false,
  credentials?: Credentials
): Effect.Effect<Buffer, NotYet> =>
  Effect.callback<Buffer, NotYet>((resume) => {
    const host = "127.0.0.1"
    const write = () => socket.write(question)
    const socket = credentials === undefined ? connect(port, host, write) : Tls.connect({ port, host, ...credentials }, write)
    let received = Buffer.alloc(0)
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes])
      if (whole(received)) socket.destroy()
    })
    socket.on("error", ({ message }) => resume(Effect.fail(notYet(message))))
    socket.on("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  }).pipe(
    Effect.timeoutOrElse({
      duration: "2 seconds",
      orElse: () => Effect.fail(notYet("it does not answer within 2 seconds"))
    })
  )
