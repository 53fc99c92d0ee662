/**
 * Whether a client could use a broker, asked with two requests written by hand so that the tool needs no client.
 *
 * See https://kafka.apache.org/protocol; version 1 of Metadata and version 0 of FindCoordinator
 * are understood by every broker from 0.10 to 4.
 */
import { Effect } from "effect"
import { ask, type Credentials, notYet, type NotYet } from "../tool/Ask.ts"

/**
 * Succeeds once the broker lists itself in its metadata, so that one can produce, and has taken on the
 * consumer groups, so that one can consume as a group. (The first to ask for a group makes the broker create
 * its topic of offsets, which otherwise the first consumer of a test would wait for.)
 */
export const ready = Effect.fnUntraced(function*(
  port: number,
  credentials?: Credentials
): Effect.fn.Return<void, NotYet> {
  const request = requestTo(port, credentials)
  const metadata = yield* request({ key: 3, version: 1 }, int32(0))
  const brokers = metadata.readInt32BE(0)
  if (brokers < 1) return yield* notYet("the broker does not list itself yet")
  const coordinator = yield* request({ key: 10, version: 0 }, string("courant-services"))
  const code = coordinator.readInt16BE(0)
  if (code !== 0) return yield* notYet(`the broker does not take care of consumer groups yet (error ${code})`)
})

interface Api {
  readonly key: number
  readonly version: number
}

/** The body of the response: what follows its size and the correlation id, which tells nothing to a single request. */
const requestTo = (port: number, credentials: Credentials | undefined) =>
  Effect.fnUntraced(function*(api: Api, body: Buffer) {
    const header = Buffer.concat([int16(api.key), int16(api.version), int32(1), string("courant")])
    const response = yield* ask(port, sized(Buffer.concat([header, body])), isWhole, credentials)
    if (!isWhole(response)) return yield* notYet("the broker closed the connection")
    return response.subarray(8)
  })

const isWhole = (response: Buffer): boolean => response.length >= 8 && response.length >= 4 + response.readInt32BE(0)

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
