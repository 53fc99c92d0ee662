/**
 * The logs of the sources of a folder as one to remove from, or the one log that there is. What is old is old for all: it is
 * counted back from the newest append of any of them.
 */
import { Effect } from "effect"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { numbered, ofSource } from "../../streams/ports/SourceLogs.ts"
import { Database } from "./Database.ts"
import * as LogRetention from "./LogRetention.ts"

/** Offsets are numbered as `SourceLogs` numbers partitions, over all sources of the folder, whoever reads them. */
export const make = Effect.gen(function*() {
  const targets = yield* targetsIn
  const logs = yield* Effect.forEach(targets, LogRetention.make)
  const each = <A, E>(ask: (log: LogRetention.LogRetention) => Effect.Effect<A, E>) => Effect.forEach(logs, ask)
  const together = Effect.map((all: ReadonlyArray<LogRetention.Offsets>) => numbered(all, 0))
  const beginnings = each((log) => log.beginnings)

  /** All that was appended more than so many milliseconds before the newest chunk. */
  const olderThan = Effect.fnUntraced(function*(age: number) {
    const newest = Math.max(...yield* each((log) => log.newest))
    return yield* together(each((log) => log.before(newest - age)))
  })

  const chunks = Effect.map(each((log) => log.chunks), (all) =>
    all.flatMap((chunks, source) => chunks.map((chunk) => ({ ...chunk, source }))).sort((a, b) => a.appendedAt - b.appendedAt))

  /** The oldest chunks, as many as have so many bytes together. */
  const oldest = Effect.fnUntraced(function*(excess: number) {
    const offsets = targets.map(({ partitions }) => Array.from({ length: partitions }, () => 0))
    let freed = 0
    for (const { next, partition, size, source } of excess > 0 ? yield* chunks : []) {
      if (freed >= excess) break
      freed += size
      offsets[source]![partition] = next
    }
    return yield* together(Effect.forEach(logs, (log, source) => log.beforeLast(offsets[source]!)))
  })

  /** Removes what lies before these offsets, and as much less as it takes to begin at a mark. Returns how many events. */
  const removeUpTo = Effect.fnUntraced(function*(offsets: LogRetention.Offsets) {
    let events = 0
    for (const [source, log] of logs.entries()) events += yield* log.removeUpTo(ofSource(offsets, source, logs.length))
    if (events === 0) return 0
    const begun = new Map((yield* beginnings).map((beginnings, source) => [targets[source]!.topic, beginnings]))
    yield* each((log) => log.forgetDecisions((source) => begun.get(source)))
    return events
  })

  return {
    targets,
    beginnings: together(beginnings),
    bytes: Effect.map(chunks, (all) => all.reduce((sum, { size }) => sum + size, 0)),
    olderThan,
    oldest,
    removeUpTo
  }
})

/** Of several sources each topic that there is, also one that nobody reads in this run: the limit is that of the folder. */
const targetsIn = Effect.gen(function*() {
  const database = yield* Database
  const log = yield* EventLog
  if (log.sources === undefined) return [{ id: log.id, topic: log.topic, partitions: log.partitions, source: null }]
  const all = yield* database.prepare<{ id: string; topic: string; partitions: number }>(
    "select identity as id, name as topic, partitions from topics order by name"
  )
  return yield* database.read(() => all.all().map((target): LogRetention.Target => ({ ...target, source: target.topic })))
})
