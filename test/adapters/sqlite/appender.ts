/**
 * A process that appends until it is killed. It writes to the log the numbers from where the
 * last position ended, in chunks of 1 to 200, and says on stdout which are durable.
 */
import { Effect, Layer, Option } from "effect"
import { writeSync } from "node:fs"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../../../src/adapters/sqlite/SqliteEventLog.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { fromTexts, Kind } from "../../../src/streams/records/Records.ts"

const append = Effect.gen(function*() {
  const log = yield* EventLog
  let next = Number(Option.getOrElse(yield* log.position, () => "0"))
  while (true) {
    const length = 1 + (next * 7) % 200
    const numbers = Array.from({ length }, (_, i) => String(next + i))
    next += length
    yield* log.append(0, fromTexts(numbers, Kind.event, String(next)))
    writeSync(1, `${next}\n`)
  }
})

const log = SqliteEventLog.layer({ topic: "numbers" }).pipe(
  Layer.provide(Database.layer({ folder: process.argv[2] ?? "" }))
)

await Effect.runPromise(Effect.provide(append, log)).catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
