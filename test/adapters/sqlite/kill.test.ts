/** What is acknowledged survives `kill -9`, and what is not is there whole or not at all. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Stream } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { valueAt } from "../../../src/streams/records/Records.ts"
import { temporaryFolder } from "./folder.ts"

const rounds = 20

/** Starts the appender, kills it so many milliseconds after its first word, and gives the last number it promised. */
const appendAndKill = async (folder: string, milliseconds: number): Promise<number> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "appender.ts"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000
  })
  let promised = ""
  child.stdout.setEncoding("utf8")
  child.stdout.on("data", (text: string) => {
    if (promised === "") setTimeout(() => child.kill("SIGKILL"), milliseconds)
    promised += text
  })
  await once(child, "close")
  assert.strictEqual(child.signalCode, "SIGKILL")
  // A number that was cut off in the middle was still promised by the line before it.
  return Number(promised.split("\n").at(-2) ?? 0)
}

const stored = Effect.gen(function*() {
  const log = yield* EventLog
  const [end = 0] = yield* log.ends
  let seen = 0
  const batches = yield* log.read([0]).pipe(
    Stream.takeUntil((batch) => (seen += batch.length) >= end),
    Stream.runCollect
  )
  const numbers = batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, i) => Number(Buffer.from(valueAt(batch, i)).toString())))
  return { numbers, position: Number(Option.getOrElse(yield* log.position, () => "0")) }
})

it.live(`${rounds} times killed in the middle of appends, nothing is lost and nothing doubled`, () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    for (let round = 0; round < rounds; round++) {
      const promised = yield* Effect.promise(() => appendAndKill(folder, (round * 37) % 60))
      const log = SqliteEventLog.layer({ topic: "numbers" }).pipe(Layer.provide(Database.layer({ folder })))
      const { numbers, position } = yield* Effect.provide(stored, log, { local: true })
      assert.isAtLeast(numbers.length, promised, "what was promised is there")
      assert.strictEqual(position, numbers.length, "the position is that of the last chunk")
      assert.isTrue(numbers.every((number, i) => number === i), "every number is there once, in order")
    }
  }).pipe(Effect.scoped), 60_000)
