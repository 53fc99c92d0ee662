/**
 * A file as a feed: lines of JSON, or CSV with a header where its name ends in `.csv`; compressed by gzip where it ends in
 * `.gz`. It is read once, to the end that it has then, and no further than the log takes it. A position is the number of
 * records that were given: a log that keeps some of them gets the rest, as long as the file begins as it did.
 */
import { Effect, Option, Stream } from "effect"
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
const pieceBytes = 256 * 1_024

export const make = ({ columns, name, path }: Options): Feed["Service"] => {
  const failed = (cause: unknown) =>
    cause instanceof FeedError ? cause : new FeedError({ feed: name, message: `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  const bytes = () => Stream.fromAsyncIterable(piecesOf(path), failed)
  const chunks = () =>
    isCsv(path)
      ? Stream.fromAsyncIterable(Csv.chunks(piecesOf(path), { path, columns: columns ?? [] }), failed)
      : Lines.toChunks(Lines.lineLimit)(bytes())
  return Feed.of({
    name,
    freshness: Effect.succeed(freshness),
    // It is read whenever the log takes something: what it has is never under way.
    hasGivenAll: Effect.succeed(true),
    events: (position) => {
      const given = Number(Option.getOrElse(position, () => "0"))
      return Stream.mapAccum(chunks(), () => 0, (before, chunk: Chunk) => {
        const after = before + chunk.length
        if (after <= given) return [after, []]
        return [after, [{ ...(before < given ? rest(chunk, given - before) : chunk), position: String(after) }]]
      })
    }
  })
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
