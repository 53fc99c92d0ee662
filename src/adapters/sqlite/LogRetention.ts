/**
 * Removes the beginning of a log, with all that belongs to it: dead letters, rows and decisions of its places. It begins at a
 * mark then (`Options.markEvery` of the engine), where it is known how far event time had come, so that a replay from there
 * takes for late what was late; in a log that nobody has marked it begins with a chunk.
 */
import { Effect, Option } from "effect"
import * as Decision from "../../streams/records/Decision.ts"
import { Database } from "./Database.ts"

/** Chunks of one transaction, of which each may have some hundred kilobytes. */
const portion = 32
/** Rows and letters of one transaction. */
const rowPortion = 4_096

/** An offset of each partition. */
export type Offsets = ReadonlyArray<number>

/** The log of a topic. */
export interface Target {
  readonly id: string
  readonly topic: string
  readonly partitions: number
  /** Where it is that of one of several sources: how rows of its records name it. All rows of the folder are its own where not. */
  readonly source: string | null
}

export type LogRetention = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(target: Target) {
  const database = yield* Database
  const { partitions, topic } = target
  const targets = yield* makeTargets(target)
  const marks = yield* makeMarks(target)
  const forget = yield* makeForget(target)
  const forgetDecisions = yield* makeForgetDecisions(target)
  const begun = yield* database.prepare<{ partition: number; offset: number }>(
    "select \"partition\", \"offset\" from beginnings join topics on topics.id = topic where name = ?"
  )
  const begin = yield* database.prepare(`
    insert into beginnings select id, ?, ? from topics where name = ?
    on conflict do update set "offset" = max("offset", excluded."offset")
  `)
  const chunks = yield* database.prepare<{ length: number }>(`
    delete from chunks where rowid in (
      select chunks.rowid from chunks join topics on topics.id = topic
      where name = ? and partition = ? and next <= ? order by next limit ${portion}
    ) returning length
  `)

  /** Where each partition begins by now. */
  const beginnings = database.read((): Offsets => {
    const offsets = new Map(begun.all(topic).map(({ offset, partition }) => [partition, offset]))
    return Array.from({ length: partitions }, (_, partition) => offsets.get(partition) ?? 0)
  })

  /** Removes what lies before these offsets, and as much less as it takes to begin at a mark. Returns how many events. */
  const removeUpTo = Effect.fnUntraced(function*(offsets: Offsets) {
    let events = 0
    const before = yield* beginnings
    for (let partition = 0; partition < partitions; partition++) {
      const offset = yield* marks(partition, offsets[partition] ?? 0)
      if (offset <= (before[partition] ?? 0)) continue
      // Before anything is removed: nobody begins to read between.
      yield* database.write(() => void begin.run(partition, offset, topic))
      for (let removed = portion; removed === portion;) {
        const gone = yield* database.write(() => chunks.all(topic, partition, offset))
        removed = gone.length
        events += gone.reduce((sum, { length }) => sum + length, 0)
      }
      yield* forget(partition, offset)
    }
    return events
  })

  return {
    ...targets,
    beginnings,
    removeUpTo,
    /** What was decided before the beginning and says nothing any more; of the other sources of an end it is told where they begin. */
    forgetDecisions: (beginningsOf: (source: string) => Offsets | undefined) =>
      Effect.flatMap(beginnings, (own) => forgetDecisions(own, beginningsOf))
  }
})

/** How far to remove, by time and by size; never the last chunk of a partition, which says where it ends. */
const makeTargets = Effect.fnUntraced(function*({ partitions, topic }: Target) {
  const database = yield* Database
  const last = yield* database.prepare<{ first: number; appendedAt: number }>(`
    select next - length as first, appended_at as appendedAt from chunks
    where topic = (select id from topics where name = ?) and partition = ? order by next desc limit 1
  `)
  const firstSince = yield* database.prepare<{ first: number }>(`
    select next - length as first from chunks
    where topic = (select id from topics where name = ?) and partition = ? and appended_at >= ? order by next limit 1
  `)
  const sizes = yield* database.prepare<{ appendedAt: number; partition: number; next: number; size: number }>(`
    select appended_at as appendedAt, partition, next, length(bytes) + length(lengths) + length(kinds) as size from chunks
    where topic = (select id from topics where name = ?) order by appended_at, partition, next
  `)
  const lasts = () => Array.from({ length: partitions }, (_, partition) => last.get(topic, partition))

  /** When the newest chunk was appended. */
  const newest = database.read(() => Math.max(...lasts().map((end) => end?.appendedAt ?? -Infinity)))

  /** All that was appended before a moment. */
  const before = (since: number) =>
    database.read((): Offsets =>
      lasts().map((end, partition) => Math.min(end?.first ?? 0, firstSince.get(topic, partition, since)?.first ?? Infinity)))

  /** These offsets, and none beyond the beginning of the last chunk. */
  const beforeLast = (offsets: Offsets) =>
    database.read((): Offsets => lasts().map((end, partition) => Math.min(end?.first ?? 0, offsets[partition] ?? 0)))

  return { newest, before, beforeLast, chunks: database.read(() => sizes.all(topic)) }
})

/** The last mark at or before an offset; the offset itself in a partition without any. */
const makeMarks = Effect.fnUntraced(function*({ id }: Target) {
  const database = yield* Database
  // A mark tells of each field that its processor reads event times from; a decision that one was idle, only of that.
  const all = yield* database.prepare<{ at: number }>(`
    with idle as (
      select consumer, decision ->> '$.at' as at, decision ->> '$.eventTime' as field from decisions
      where log = ?1 and consumer <> '' and decision ->> '$._tag' = 'idle' and decision ->> '$.partition' = ?2
    )
    select at from idle group by consumer, at
    having count(distinct field) = (select count(distinct field) from idle as others where others.consumer = idle.consumer)
  `)
  return (partition: number, offset: number) =>
    database.read(() => {
      const places = offset === 0 ? [] : all.all(id, partition).map(({ at }) => at)
      return places.length === 0 ? offset : Math.max(0, ...places.filter((at) => at <= offset))
    })
})

/** Dead letters and rows of what lies before an offset. */
const makeForget = Effect.fnUntraced(function*({ source: own, topic }: Target) {
  const database = yield* Database
  const letters = yield* database.prepare(`
    delete from dead_letters where rowid in (
      select rowid from dead_letters where topic = ? and partition = ? and offset < ? limit ${rowPortion}
    ) returning 1
  `)
  // Rows lie by pipeline and source: one descent finds the next pair.
  const next = yield* database.prepare<{ pipeline: string; source: string }>(`
    select pipeline, source from "rows" where (pipeline, source) > (?, ?) order by pipeline, source limit 1
  `)
  const rows = yield* database.prepare(`
    delete from "rows" where (pipeline, source, "partition", "offset", joined) in (
      select pipeline, source, "partition", "offset", joined from "rows"
      where pipeline = ? and source = ? and "partition" = ? and "offset" < ? limit ${rowPortion}
    ) returning 1
  `)
  return Effect.fnUntraced(function*(partition: number, offset: number) {
    while ((yield* database.write(() => letters.all(topic, partition, offset))).length === rowPortion) continue
    let at = yield* database.read(() => next.get("", ""))
    while (at !== undefined) {
      const { pipeline, source } = at
      if (own === null || own === source) {
        while ((yield* database.write(() => rows.all(pipeline, source, partition, offset))).length === rowPortion) continue
      }
      at = yield* database.read(() => next.get(pipeline, source))
    }
  })
})

/** Of what was decided before the beginning, the last of each kind says all. */
const makeForgetDecisions = Effect.fnUntraced(function*({ id }: Target) {
  const database = yield* Database
  const all = yield* database.prepare<{ consumer: string; identity: string; decision: string }>(
    "select consumer, identity, decision from decisions where log = ?"
  )
  const remove = yield* database.prepare("delete from decisions where log = ? and consumer = ? and identity = ?")
  return (beginnings: Offsets, beginningsOf: (source: string) => Offsets | undefined) => database.write(() => {
    const rows = all.all(id).flatMap((row) => Option.toArray(Option.map(Decision.decode(row.decision), (decision) => ({ ...row, decision }))))
    for (const { consumer, identity } of superseded(rows, (partition) => beginnings[partition] ?? 0, beginningsOf)) remove.run(id, consumer, identity)
  })
})

interface Decided {
  readonly consumer: string
  readonly identity: string
  readonly decision: Decision.Decision
}

const superseded = (
  all: ReadonlyArray<Decided>,
  beginning: (partition: number) => number,
  beginningsOf: (source: string) => Offsets | undefined
): ReadonlyArray<Decided> => {
  const newest = new Map<string, number>()
  const seriesOf = ({ consumer }: Decided, { eventTime, partition }: Decision.Idle) => JSON.stringify([consumer, partition, eventTime])
  for (const row of all) {
    const { decision } = row
    if (decision._tag !== "idle" || decision.at > beginning(decision.partition)) continue
    newest.set(seriesOf(row, decision), Math.max(decision.at, newest.get(seriesOf(row, decision)) ?? 0))
  }
  return all.filter((row) => {
    const { decision } = row
    if (decision._tag === "idle") return decision.at < (newest.get(seriesOf(row, decision)) ?? 0)
    if (decision._tag === "gap") return decision.to <= beginning(decision.partition)
    // The parts of an end go together: one of which a part is missing was never taken.
    return decision.of === undefined
      ? decision.at.every((at, partition) => at < beginning(partition))
      : Object.entries(decision.of).every(([source, ends]) => ends.every((at, partition) => at < (beginningsOf(source)?.[partition] ?? 0)))
  })
}
