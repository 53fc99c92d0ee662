/** What the checkpoints of a folder still need of its log: every processor that shares it, and each generation, counts. */
import { Effect, Option, Schema } from "effect"
import { Head } from "../../streams/ports/Checkpoint.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { Database } from "./Database.ts"

export interface Need {
  /** The checkpoint's name. */
  readonly name: string
  /** The next offset that it reads of each partition. One that is not named is read from its beginning. */
  readonly offsets: ReadonlyArray<number>
}

const decodeHead = Schema.decodeUnknownOption(Schema.fromJsonString(Head))

export const make = Effect.gen(function*() {
  const database = yield* Database
  const { id } = yield* EventLog
  const all = yield* database.prepare<{ name: string; head: string }>("select name, head from checkpoint_parts")
  const newest = yield* database.prepare<{ chain: number; sequence: number }>(
    "select chain, sequence from checkpoint_parts where name = ? order by chain desc, sequence desc limit 1"
  )
  return {
    all: database.read(() => all.all().flatMap(({ head, name }) => needOf(name, head, id))),
    /** Another text after each checkpoint of a name. */
    generation: (name: string) => database.read(() => JSON.stringify(newest.get(name) ?? null))
  }
})

/** Whoever wrote something that is not understood may need everything. */
const needOf = (name: string, text: string, id: string): ReadonlyArray<Need> => {
  const head = decodeHead(text)
  if (Option.isNone(head)) return [{ name, offsets: [] }]
  return head.value.log === id ? [{ name, offsets: head.value.offsets }] : []
}
