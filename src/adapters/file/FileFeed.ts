/**
 * A file as a feed: lines of JSON, or CSV with a header where its name ends in `.csv`; compressed by gzip where it ends in
 * `.gz`. It is read once, to the end that it has then, and no further than the log takes it. A position is the number of
 * records that were given and what the file began with: a log that keeps some of them gets the rest, and a file that begins
 * otherwise is another one, of which none was given.
 */
import { Effect, Option, Stream } from "effect"
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import { PassThrough } from "node:stream"
import { createGunzip } from "node:zlib"
import { Feed, FeedError, type Freshness } from "../../streams/ports/Feed.ts"
import type { Column } from "../../streams/pipeline/Column.ts"
import * as Lines from "../../streams/records/Lines.ts"
import type { Chunk } from "../../streams/records/Records.ts"
import * as Csv from "./Csv.ts"

export interface Options {
  readonly path: string
  /** Short name of the feed, see `Feed`. */
  readonly name: string
  /** The fields of the source that reads it; a file of CSV says nothing of what its values are. */
  readonly columns?: ReadonlyArray<Column>
}

export const isCsv = (path: string): boolean => /\.csv(\.gz)?$/i.test(path)

const freshness: Freshness = { _tag: "closed", reason: "a file" }

/** Bytes that are read at once. */
const pieceBytes = 1_024 * 1_024

/** Bytes by which a file is known again. */
const headBytes = 64 * 1_024

export const make = ({ columns, name, path }: Options): Feed["Service"] => {
  const failed = (cause: unknown) =>
    cause instanceof FeedError ? cause : new FeedError({ feed: name, message: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  const chunks = (head: Head) =>
    isCsv(path)
      ? Stream.fromAsyncIterable(Csv.chunks(head.through(piecesOf(path)), { path, columns: columns ?? [] }), failed)
      : Lines.toChunks(Lines.lineLimit)(Stream.fromAsyncIterable(head.through(piecesOf(path)), failed))
  const isKnown = (begun: string) => Effect.tryPromise({ try: () => beginsWith(path, begun), catch: failed })
  return Feed.of({
    name,
    freshness: Effect.succeed(freshness),
    // It is read whenever the log takes something: what it has is never under way.
    hasGivenAll: Effect.succeed(true),
    events: (position) => {
      const [records = "0", begun] = Option.getOrElse(position, () => "0").split(" ")
      const given = Number(records)
      const head = new Head()
      const stream = Stream.mapAccum(chunks(head), () => 0, (before, chunk: Chunk) => {
        const after = before + chunk.length
        if (after <= given) return [after, []]
        return [after, [{ ...(before < given ? rest(chunk, given - before) : chunk), position: `${after} ${head.text}` }]]
      })
      if (begun === undefined) return stream
      return Stream.unwrap(Effect.flatMap(isKnown(begun), (known) =>
        known ? Effect.succeed(stream) : Effect.fail(new FeedError({
          feed: name,
          message: `${path} does not begin as the file did of which the log has ${given} records: it is another one, or was changed; ` +
            "give it a log of its own"
        }))))
    }
  })
}

/** What a file begins with, as far as it has been read: of whole lines how many bytes, and their digest. */
class Head {
  readonly #bytes = Buffer.alloc(headBytes)
  #length = 0
  /** {@link text}, once all of it is there: each chunk has it in its position. */
  #whole: string | null = null

  async* through(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      const part = piece.subarray(0, headBytes - this.#length)
      this.#bytes.set(part, this.#length)
      this.#length += part.length
      yield piece
    }
  }

  /** The last line may not be whole yet. */
  get text(): string {
    if (this.#whole !== null) return this.#whole
    const text = this.#upTo(this.#bytes.subarray(0, this.#length).lastIndexOf(10) + 1)
    if (this.#length === headBytes) this.#whole = text
    return text
  }

  #upTo(length: number): string {
    return `${length}:${createHash("sha256").update(this.#bytes.subarray(0, length)).digest("hex").slice(0, 32)}`
  }

  /** Whether a file begins with what `text` was of one, or `null` as long as too little of it has been read. */
  begins(text: string): boolean | null {
    const length = Number(text.split(":")[0])
    return this.#length < length ? null : this.#upTo(length) === text
  }
}

const beginsWith = async (path: string, begun: string): Promise<boolean> => {
  const head = new Head()
  for await (const _ of head.through(piecesOf(path))) if (head.begins(begun) !== null) break
  return head.begins(begun) === true
}

/** A chunk without its first records. */
const rest = (chunk: Chunk, from: number): Chunk => ({
  length: chunk.length - from,
  bytes: chunk.bytes,
  starts: chunk.starts.subarray(from),
  ends: chunk.ends.subarray(from),
  kinds: chunk.kinds.subarray(from)
})

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: pieceBytes })
  if (!/\.gz$/i.test(path)) {
    yield* file
    return
  }
  const unpacked = new PassThrough()
  // What fails in between ends the other end too, whose reader hears of it.
  const done = pipeline(file, createGunzip({ chunkSize: pieceBytes }), unpacked).catch(() => undefined)
  yield* unpacked
  await done
}
