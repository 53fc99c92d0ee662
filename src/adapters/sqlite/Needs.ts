/** What the checkpoints of a folder still need of its log: every processor that shares it, and each generation, counts. */
import { Effect, Option, Schema } from "effect"
import { EventLog } from "../../streams/ports/EventLog.ts"
import { Database } from "./Database.ts"

export interface Need {
  /** The checkpoint's name. */
  readonly name: string
  /** The next offset that it reads of each partition. One that is not named is read from its beginning. */
  readonly offsets: ReadonlyArray<number>
}

/** All before the state, which may be long, and is not looked at. A checksum of 64 digits and a space stand before. */
const heads = "select name, substr(sealed, 66, 65536) as head from checkpoints"

const Offsets = Schema.fromJsonString(Schema.Array(Schema.Int))
const Text = Schema.fromJsonString(Schema.String)

const decodeOffsets = Schema.decodeUnknownOption(Offsets)
const decodeText = Schema.decodeUnknownOption(Text)

export const make = Effect.gen(function*() {
  const database = yield* Database
  const { id } = yield* EventLog
  const all = yield* database.prepare<{ name: string; head: string }>(heads)
  const newest = yield* database.prepare<{ id: number | null }>("select max(id) as id from checkpoints where name = ?")
  return {
    all: database.read(() => all.all().flatMap(({ head, name }) => needOf(name, head, id))),
    /** Another number after each checkpoint of a name. */
    generation: (name: string) => database.read(() => newest.get(name)?.id ?? 0)
  }
})

/** Whoever wrote something that is not understood may need everything. */
const needOf = (name: string, head: string, id: string): ReadonlyArray<Need> => {
  const log = decodeText(/"log":("(?:[^"\\]|\\.)*")/.exec(head)?.[1])
  const offsets = decodeOffsets(/"offsets":(\[[\d,]*\])/.exec(head)?.[1])
  if (Option.isSome(log) && log.value !== "" && log.value !== id) return []
  return [{ name, offsets: Option.getOrElse(offsets, () => []) }]
}
