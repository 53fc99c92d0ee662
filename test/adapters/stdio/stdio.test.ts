/** Standard input as a feed and standard output as a sink, in memory and as a child process. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Arbitrary, Effect, Exit, Fiber, Layer, Option, PlatformError, Sink, Stdio, Stream } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import * as Lines from "../../../src/streams/records/Lines.ts"
import * as StdinFeed from "../../../src/adapters/stdio/StdinFeed.ts"
import * as StdoutRowSink from "../../../src/adapters/stdio/StdoutRowSink.ts"
import * as StdoutSink from "../../../src/adapters/stdio/StdoutSink.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import * as Row from "../../../src/streams/pipeline/Row.ts"
import { type Chunk, Kind, valueAt } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import * as FeedContract from "../../../src/testing/FeedContract.ts"
import { forAll } from "../../../src/testing/Law.ts"
import * as RowSinkContract from "../../../src/testing/RowSinkContract.ts"
import * as ResultSinkContract from "../../../src/testing/ResultSinkContract.ts"
import { integer } from "../../../src/testing/Samples.ts"

const stdin = (pieces: ReadonlyArray<Uint8Array>) =>
  StdinFeed.layer.pipe(Layer.provide(Stdio.layerTest({ stdin: Stream.fromIterable(pieces) })))

interface Line {
  readonly text: string
  readonly isWhole: boolean
}

const linesOf = (chunks: ReadonlyArray<Chunk>): ReadonlyArray<Line> =>
  chunks.flatMap((chunk) =>
    Array.from({ length: chunk.length }, (_, i) => {
      assert.include([Kind.event, Kind.truncated], chunk.kinds[i])
      return { text: Buffer.from(valueAt(chunk, i)).toString("latin1"), isWhole: chunk.kinds[i] === Kind.event }
    }))

const read = (layer: Layer.Layer<Feed>) =>
  Feed.use((feed) => Stream.runCollect(feed.events(Option.none()))).pipe(Effect.map(linesOf), Effect.provide(layer))

FeedContract.suite("stdin", stdin([Buffer.from("{}\n[1"), Buffer.from("]\n"), Buffer.from("last")]))

describe("stdin", () => {
  it.live("has given all when what waited in the pipe has come, piece by piece", () =>
    Effect.gen(function*() {
      const pipe = new PassThrough()
      const waiting = ["{}\n", "{}\n", "{}\n"]
      // Each piece comes a turn of the event loop after the one before.
      const push = () => {
        const piece = waiting.shift()
        if (piece === undefined) return
        pipe.write(piece)
        setImmediate(push)
      }
      const stream = NodeStream.fromReadable<Uint8Array, PlatformError.PlatformError>({ evaluate: () => pipe, onError: () => assert.fail("it failed") })
      const feed = yield* Feed.pipe(Effect.provide(StdinFeed.layer), Effect.provide(Stdio.layerTest({ stdin: stream })))
      let given = 0
      const reader = yield* Effect.forkChild(Stream.runForEach(feed.events(Option.none()), () => Effect.sync(() => void given++)))
      yield* Effect.sleep("20 millis")
      assert.isTrue(yield* feed.hasGivenAll)
      assert.strictEqual(given, 0)
      setImmediate(push)
      assert.isTrue(yield* feed.hasGivenAll)
      assert.strictEqual(given, 3)
      yield* Fiber.interrupt(reader)
    }))
})

/** The same said plainly. */
const plainly = (bytes: Buffer, limit: number): ReadonlyArray<Line> =>
  bytes.toString("latin1").split("\n")
    .map((line) => line.endsWith("\r") ? line.slice(0, -1) : line)
    .filter((line) => line !== "")
    .map((line) => ({ text: line.slice(0, limit + 2), isWhole: line.length <= limit }))

describe("lines", () => {
  const alphabet = Buffer.from("ab\n\n\r\r\xff\0", "latin1")
  const pieces = Arbitrary.array(
    Arbitrary.map(
      Arbitrary.array(integer(0, alphabet.length - 1), { maxLength: 12 }),
      (letters) => Buffer.from(letters.map((letter) => alphabet[letter] ?? 0))
    ),
    { maxLength: 12 }
  )

  for (const limit of [1, 3, 1_000]) {
    it.live(`are the same wherever the input is cut, with at most ${limit} bytes`, () =>
      forAll(pieces, (input) =>
        Stream.fromIterable(input).pipe(
          Lines.toChunks(limit),
          Stream.runCollect,
          Effect.map((chunks) => assert.deepStrictEqual(linesOf(chunks), plainly(Buffer.concat(input), limit)))
        )))

    it.live(`of more than ${limit} bytes are too long again where what was kept of them is read as a line`, () =>
      forAll(Arbitrary.array(integer(0, 1), { minLength: limit + 1, maxLength: limit + 5 }), (letters) => {
        const line = letters.map((letter) => letter === 0 ? "a" : "\r").join("")
        const read = (text: string) =>
          Stream.make(Buffer.from(`${text}\n`)).pipe(Lines.toChunks(limit), Stream.runCollect, Effect.map(linesOf))
        return Effect.gen(function*() {
          const [first] = yield* read(`${line}.`)
          const [second] = yield* read(first?.text ?? "")
          assert.deepStrictEqual([first?.isWhole, second?.isWhole], [false, false])
        })
      }))
  }

  it.live("that have been given out do not change when reading goes on", () =>
    Effect.gen(function*() {
      const input = ["a", "b", "c", "d"].map((letter) => Buffer.from(`${letter.repeat(30)}\n`.repeat(2_000) + letter))
      const lines = yield* read(stdin(input))
      assert.deepStrictEqual(lines, plainly(Buffer.concat(input), Lines.lineLimit))
    }))

  it.live("of more than 1 MiB are cut off, and the next is whole", () =>
    Effect.gen(function*() {
      const tooLong = Buffer.alloc(3 * Lines.lineLimit, "x")
      const whole = Buffer.concat([Buffer.from("a\n"), tooLong, Buffer.from("\r\nb\n")])
      const small = Array.from({ length: Math.ceil(whole.length / 10_000) }, (_, i) =>
        whole.subarray(i * 10_000, (i + 1) * 10_000))
      for (const input of [[whole], small]) {
        const lines = yield* read(stdin(input))
        assert.strictEqual(lines.length, 3)
        assert.deepStrictEqual(lines.map(({ isWhole }) => isWhole), [true, false, true])
        assert.deepStrictEqual(lines.map(({ text }) => text[0]), ["a", "x", "b"])
        assert.deepStrictEqual(lines.map(({ text }) => text.length), [1, Lines.lineLimit + 2, 1])
      }
    }))
})

const pane = (start: number): Pane.Pane => ({
  pipeline: "candles-1m", key: "AAPL", start, end: start + 60_000, pane: "on-time", revision: 0, changes: 1, values: { trades: 1 }
})

/** A standard output that keeps each write, or fails. */
const stdout = (writes: Array<string | Uint8Array>, error?: PlatformError.PlatformError) =>
  Layer.merge(StdoutSink.layer, StdoutRowSink.layer).pipe(Layer.provide(Stdio.layerTest({
    stdout: () =>
      Sink.forEach((write) => error === undefined ? Effect.sync(() => writes.push(write)) : Effect.fail(error))
  })))

const systemError = (code: string) =>
  PlatformError.systemError({
    _tag: "Unknown", module: "Stdio", method: "stdout", cause: Object.assign(new Error(code), { code })
  })

ResultSinkContract.suiteWriteOnly("stdout", stdout([]))
RowSinkContract.suiteWriteOnly("stdout", stdout([]))

describe("stdout", () => {
  it.live("gets a line a pane, in one write a batch", () =>
    Effect.gen(function*() {
      const writes: Array<string> = []
      const panes = [pane(0), pane(60_000)]
      yield* ResultSink.use((sink) => Effect.andThen(sink.write(panes), sink.write([]))).pipe(
        Effect.provide(stdout(writes))
      )
      assert.deepStrictEqual(writes, [`${Pane.toJson(pane(0))}\n${Pane.toJson(pane(60_000))}\n`])
    }))

  it.live("gets a line a row, in one write a batch", () =>
    Effect.gen(function*() {
      const writes: Array<string> = []
      const row = (offset: number): Row.Row =>
        ({ pipeline: "big-trades", place: { source: "trades", partition: 0, offset }, key: "A", time: offset, values: { size: offset } })
      yield* RowSink.use((sink) => Effect.andThen(sink.write([row(1), row(2)]), sink.write([]))).pipe(
        Effect.provide(stdout(writes))
      )
      assert.deepStrictEqual(writes, [`${Row.toJson(row(1))}\n${Row.toJson(row(2))}\n`])
    }))

  it.live("that has lost its reader interrupts the writer; any other trouble is an error", () =>
    Effect.gen(function*() {
      const write = ResultSink.use((sink) => sink.write([pane(0)]))
      const gone = yield* Effect.exit(Effect.provide(write, stdout([], systemError("EPIPE"))))
      assert.isTrue(Exit.hasInterrupts(gone))
      const failed = yield* Effect.exit(Effect.provide(write, stdout([], systemError("ENOSPC"))))
      assert.isFalse(Exit.hasInterrupts(failed))
      assert.include(String(failed), "standard output cannot be written")
    }))
})

describe("as a process", () => {
  const program = join(import.meta.dirname, "lines-to-panes.ts")

  it.live("reads all of its input and writes all of its output", () =>
    Effect.sync(() => {
      const input = Array.from({ length: 200_000 }, (_, i) => `{"number":${i}}`).join("\n")
      const child = spawnSync(process.execPath, [program], { input, encoding: "utf8", maxBuffer: 100_000_000 })
      assert.strictEqual(child.stderr, "")
      const lines = child.stdout.split("\n")
      assert.strictEqual(lines.length, 200_001)
      assert.include(lines[199_999], "{\\\"number\\\":199999}")
    }), 20_000)

  it.live("ends without a word when the reader has gone", () =>
    Effect.gen(function*() {
      const child = spawn(process.execPath, [program], { stdio: "pipe", timeout: 15_000 })
      child.stdin.on("error", () => {})
      const writeOn = (): void => {
        child.stdin.write("{}\n".repeat(10_000), (error) => {
          if (error === null || error === undefined) setImmediate(writeOn)
        })
      }
      writeOn()
      let errors = ""
      child.stderr.on("data", (text: Buffer) => (errors += text.toString()))
      yield* Effect.promise(() => once(child.stdout, "data"))
      child.stdout.destroy()
      const [code] = yield* Effect.promise(() => once(child, "close"))
      assert.deepStrictEqual([code, errors], [0, ""])
    }), 20_000)
})

