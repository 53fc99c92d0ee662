/**
 * Rows in a file, one line of JSON each (`Row.toJson`), in the order of the log. One process writes it.
 *
 * Lines are only added, and are on the disk when a write returns. A row that is written again after a crash is there
 * twice, the same to the byte: a reader keeps one for each pipeline and place, as `read` does. A crash may leave the
 * beginning of a line at the end of the file. It is cut off when the file is opened next, and its row is written again.
 *
 * `read` has the whole file in memory. `remove` writes the file anew without the rows of the pipeline.
 */
import { Effect, Layer, Option, Schema, type Scope, Semaphore } from "effect"
import { type FileHandle, open, rename, stat } from "node:fs/promises"
import { dirname } from "node:path"
import * as Row from "../../streams/pipeline/Row.ts"
import { type Query, RowSink, RowSinkError, select } from "../../streams/ports/RowSink.ts"

export interface Options {
  readonly path: string
}

/** Fails where the file cannot be opened or holds something else than rows. */
export const layer = (options: Options): Layer.Layer<RowSink, RowSinkError> => Layer.effect(RowSink, make(options))

const make = Effect.fnUntraced(function*({ path }: Options): Effect.fn.Return<RowSink["Service"], RowSinkError, Scope.Scope> {
  const file = yield* Effect.acquireRelease(attempt(path, () => RowFile.open(path)), (file) => Effect.promise(() => file.close()))
  // One after the other, and each to its end: what is half done would be in the way of the next.
  const alone = Semaphore.makeUnsafe(1)
  const inTurn = <A>(body: () => Promise<A>) => Effect.uninterruptible(alone.withPermit(attempt(path, body)))
  return RowSink.of({
    stores: Effect.map(inTurn(() => file.id), (id) => [{ name: path, id }]),
    write: (rows) => rows.length === 0 ? Effect.void : inTurn(() => file.append(Row.toLines(rows))),
    read: (query) => inTurn(() => file.read(query)),
    remove: (pipeline) => inTurn(() => file.remove(pipeline))
  })
})

const attempt = <A>(path: string, body: () => Promise<A>): Effect.Effect<A, RowSinkError> =>
  Effect.tryPromise({
    try: body,
    catch: (cause) => new RowSinkError({ message: `the rows of ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause })
  })

class RowFile {
  readonly #path: string
  #handle: FileHandle
  /** Bytes of whole lines: whatever lies behind is of a write that failed. */
  #size: number

  private constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path
    this.#handle = handle
    this.#size = size
  }

  static async open(path: string): Promise<RowFile> {
    const isNew = await stat(path).then(() => false, () => true)
    const handle = await open(path, "a+")
    try {
      const size = await wholeLines(handle)
      await handle.truncate(size)
      await handle.datasync()
      if (isNew) await syncFolder(path)
      return new RowFile(path, handle, size)
    } catch (cause) {
      await handle.close()
      throw cause
    }
  }

  /** A file that was deleted and made again has another number, or was born later. */
  get id(): Promise<string> {
    return this.#handle.stat().then(({ birthtimeMs, ino }) => `${ino} ${birthtimeMs}`)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines)
    try {
      await this.#handle.appendFile(bytes)
      await this.#handle.datasync()
    } catch (cause) {
      // A full disk may have taken a part. Where it cannot be cut off now, the next start does it.
      await this.#handle.truncate(this.#size).catch(() => {})
      throw cause
    }
    this.#size += bytes.length
  }

  async read(query: Query): Promise<ReadonlyArray<Row.Encoded>> {
    const rows = new Map<string, Row.Encoded>()
    for (const line of await this.#lines()) {
      const row = rowOf(line)
      rows.set(Row.identityOf(row), row)
    }
    return select([...rows.values()], query)
  }

  async remove(pipeline: string): Promise<void> {
    const lines = await this.#lines()
    const kept = lines.filter((line) => rowOf(line).pipeline !== pipeline)
    if (kept.length === lines.length) return
    const bytes = Buffer.from(kept.map((line) => `${line}\n`).join(""))
    const beside = `${this.#path}.new`
    const written = await open(beside, "w")
    await written.writeFile(bytes).then(() => written.sync()).finally(() => written.close())
    await rename(beside, this.#path)
    await syncFolder(this.#path)
    const handle = await open(this.#path, "a+")
    await this.#handle.close()
    this.#handle = handle
    this.#size = bytes.length
  }

  async #lines(): Promise<ReadonlyArray<string>> {
    return (await bytesAt(this.#handle, 0, this.#size)).toString().split("\n").slice(0, -1)
  }
}

/** So many bytes are whole lines. A file of something else is left alone. */
const wholeLines = async (handle: FileHandle): Promise<number> => {
  const { size: all } = await handle.stat()
  let [size, from] = [0, all]
  while (size === 0 && from > 0) {
    const to = from
    from = Math.max(0, to - piece)
    const at = (await bytesAt(handle, from, to)).lastIndexOf("\n")
    if (at !== -1) size = from + at + 1
  }
  const torn = (await bytesAt(handle, size, Math.min(all, size + beginning.length))).toString()
  if (!beginning.startsWith(torn)) throw new Error(`its last line is no row; it begins with ${JSON.stringify(torn)}`)
  if (size > 0) rowOf(await firstLine(handle, size))
  return size
}

/** Of a file that may be large, so much is looked at at a time. */
const piece = 65_536

const firstLine = async (handle: FileHandle, size: number): Promise<string> => {
  const pieces: Array<Buffer> = []
  for (let from = 0; from < size; from += piece) {
    const bytes = await bytesAt(handle, from, Math.min(size, from + piece))
    const at = bytes.indexOf("\n")
    pieces.push(at === -1 ? bytes : bytes.subarray(0, at))
    if (at !== -1) break
  }
  return Buffer.concat(pieces).toString()
}

const bytesAt = async (handle: FileHandle, from: number, to: number): Promise<Buffer> => {
  const bytes = Buffer.alloc(to - from)
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at)
    if (bytesRead === 0) throw new Error("it has become shorter while it was open")
    at += bytesRead
  }
  return bytes
}

/** What every line begins with. */
const beginning = "{\"pipeline\":\""

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Row.Encoded))

const rowOf = (line: string): Row.Encoded => {
  const row = decode(line)
  if (Option.isSome(row)) return row.value
  throw new Error(`a line in it is no row; it begins with ${JSON.stringify(line.slice(0, 40))}`)
}

/** A file that is new, or has got its name, is there after a loss of power only when its folder is on the disk as well. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(dirname(path))
  await folder.sync().finally(() => folder.close())
}
