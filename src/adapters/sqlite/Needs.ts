/** What the checkpoints of a folder still need of its log: every processor that shares it, and each generation, counts. */
import { Effect, Option, Schema } from "effect"
import { Head } from "../../streams/ports/Checkpoint.ts"
import { numbered, ofSource } from "../../streams/ports/SourceLogs.ts"
import { Database } from "./Database.ts"
import type { Target } from "./LogRetention.ts"

export interface Need {
  /** The checkpoint's name. */
  readonly name: string
  /** The next offset that it reads of each partition, over all sources. One that is not named is read from its beginning. */
  readonly offsets: ReadonlyArray<number>
}

const decodeHead = Schema.decodeUnknownOption(Schema.fromJsonString(Head))

export const make = Effect.fnUntraced(function*(targets: ReadonlyArray<Target>) {
  const database = yield* Database
  const all = yield* database.prepare<{ name: string; head: string }>("select name, head from checkpoint_parts")
  const newest = yield* database.prepare<{ chain: number; sequence: number }>(
    "select chain, sequence from checkpoint_parts where name = ? order by chain desc, sequence desc limit 1"
  )
  return {
    all: database.read(() => all.all().flatMap(({ head, name }) => needOf(name, head, targets))),
    /** Another text after each checkpoint of a name. */
    generation: (name: string) => database.read(() => JSON.stringify(newest.get(name) ?? null))
  }
})

/** Whoever wrote something that is not understood may need everything. */
const needOf = (name: string, text: string, targets: ReadonlyArray<Target>): ReadonlyArray<Need> => {
  const head = Option.getOrNull(decodeHead(text))
  if (head === null) return [{ name, offsets: [] }]
  const saved = head.sources ?? [{ id: head.log }]
  const offsets = targets.map(({ id }) => {
    const source = saved.findIndex((other) => other.id === id)
    return source === -1 ? null : ofSource(head.offsets, source, saved.length)
  })
  if (offsets.every((known) => known === null)) return []
  // What it does not read it does not need.
  const all = offsets.map((known, source) => Array.from({ length: targets[source]!.partitions }, (_, partition) => known === null ? Infinity : known[partition] ?? 0))
  return [{ name, offsets: numbered(all, 0) }]
}
