/**
 * Whether a client could use a broker, asked with two requests written by hand so that the tool needs no client.
 *
 * See https://kafka.apache.org/protocol; version 1 of Metadata and version 0 of FindCoordinator
 * are understood by every broker from 0.10 to 4.
 */
import { Effect, Schema } from "effect"
import { connect } from "node:net"

export class NotReady extends Schema.TaggedError<NotReady>()("NotReady", { message: Schema.String }) {}

/**
 * Succeeds once the broker lists itself in its metadata, so that one can produce, and has taken on the
 * consumer groups, so that one can consume as a group. (The first to ask for a group makes the broker create
 * its topic of offsets, which otherwise the first consumer of a test would wait for.)
 */
export const ready = Effect.fnUntraced(function*(port: number): Effect.fn.Return<void, NotReady> {
  const metadata = yield* request(port, { key: 3, version: 1 }, int32(0))
  const brokers = metadata.readInt32BE(0)
  if (brokers < 1) return yield* new NotReady({ message: "the broker does not list itself yet" })
  const coordinator = yield* request(port, { key: 10, version: 0 }, string("courant-services"))
  const code = coordinator.readInt16BE(0)
  if (code !== 0) return yield* new NotReady({ message: `the broker does not take care of consumer groups yet (error ${code})` })
})

/** The body of the response. */
const request = (port: number, api: { readonly key: number; readonly version: number }, body: Buffer) =>
  Effect.callback<Buffer, NotReady>((resume) => {
    const socket = connect(port, "127.0.0.1")
    const fail = (message: string) => resume(Effect.fail(new NotReady({ message })))
    let received = Buffer.alloc(0)
    socket.on("connect", () => socket.write(sized(Buffer.concat([int16(api.key), int16(api.version), int32(1), string("courant"), body]))))
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes])
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return
      socket.destroy()
      // After the size comes the correlation id, which says nothing where there is one request.
      resume(Effect.succeed(received.subarray(8)))
    })
    socket.on("error", ({ message }) => fail(message))
    socket.on("close", () => fail("the broker closed the connection"))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOrElse({
    duration: "5 seconds",
    orElse: () => Effect.fail(new NotReady({ message: "the broker takes longer than 5 seconds to answer" }))
  }))

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const string = (text: string): Buffer => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)])

const sized = (bytes: Buffer): Buffer => Buffer.concat([int32(bytes.length), bytes])
