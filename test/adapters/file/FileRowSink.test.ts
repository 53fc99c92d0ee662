/** A file of rows: the contract of its port, and what a crash or a stranger has left in it. */
import { Effect, Layer } from "effect"
import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import * as FileRowSink from "../../../src/adapters/file/FileRowSink.ts"
import * as Row from "../../../src/streams/pipeline/Row.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import * as RowSinkContract from "../../../src/testing/RowSinkContract.ts"
import { temporaryFolder } from "../sqlite/folder.ts"

const place = Effect.map(temporaryFolder, (folder) => FileRowSink.layer({ path: join(folder, "rows.ndjson") }))

RowSinkContract.suite("file", Layer.unwrap(place), { runs: 15, durable: place })

const row = (offset: number, key = "A"): Row.Row =>
  ({ pipeline: "big-trades", place: { source: "trades", partition: 0, offset }, key, time: offset, values: { size: offset } })

const line = (offset: number) => `${Row.toJson(row(offset))}\n`

const test = (what: string, body: (path: string) => Effect.Effect<void, unknown>) =>
  it(what, () => temporaryFolder.pipe(Effect.flatMap((folder) => body(join(folder, "rows.ndjson"))), Effect.scoped, Effect.runPromise))

/** A process of its own does it. */
const withSink = <A, E>(path: string, body: (sink: RowSink["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(RowSink.use(body), FileRowSink.layer({ path }), { local: true })

test("a line is a row as JSON, and what is written again is there again, the same to the byte", (path) =>
  Effect.gen(function*() {
    yield* withSink(path, (sink) => sink.write([row(1), row(2)]))
    yield* withSink(path, (sink) => sink.write([row(2), row(3)]))
    expect(readFileSync(path, "utf8")).toBe(line(1) + line(2) + line(2) + line(3))
    expect((yield* withSink(path, (sink) => sink.read({}))).map(({ place }) => place.offset)).toEqual([1, 2, 3])
  }))

test("whatever of a line a crash has left, at any byte, is cut off at the next start", (path) =>
  Effect.gen(function*() {
    // The key has characters of more than a byte, which may be torn as well.
    const torn = Buffer.from(Row.toJson(row(2, "漢\u{1F600}")))
    for (let bytes = 0; bytes <= torn.length; bytes++) {
      writeFileSync(path, bytes % 2 === 0 ? line(1) : "")
      appendFileSync(path, torn.subarray(0, bytes))
      yield* withSink(path, (sink) => sink.write([row(2)]))
      expect(readFileSync(path, "utf8")).toBe((bytes % 2 === 0 ? line(1) : "") + line(2))
    }
  }))

test("lines that are longer than what is read at a time are found whole", (path) =>
  Effect.gen(function*() {
    const long = [row(1, "a".repeat(70_000)), row(2, "b".repeat(140_000))]
    yield* withSink(path, (sink) => sink.write(long))
    appendFileSync(path, Row.toJson(row(3, "c".repeat(200_000))))
    expect(yield* withSink(path, (sink) => sink.read({}))).toEqual(long.map(Row.encode))
  }))

test("a file of something else is refused and left as it is", (path) =>
  Effect.gen(function*() {
    for (const text of ["precious", "precious\n", "{\"pipeline\":1}\n", `${line(1)}precious`]) {
      writeFileSync(path, text)
      const error = yield* Effect.flip(withSink(path, (sink) => sink.write([row(1)])))
      expect(error._tag).toBe("RowSinkError")
      expect(error.message).toContain(path)
      expect(readFileSync(path, "utf8")).toBe(text)
    }
  }))

test("a folder that is not there is named", (path) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(withSink(join(path, "nowhere", "rows.ndjson"), (sink) => sink.write([row(1)])))
    expect(error.message).toMatch(/nowhere.*ENOENT/)
  }))
