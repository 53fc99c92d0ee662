/**
 * Where a feed stands, kept in the topic that it feeds: in headers of the last record of each chunk, so that both
 * are stored in one step. The newest of all partitions counts, by sequence number.
 *
 * A position without records has no record to stand in. It goes to a compacted topic beside the first,
 * `TOPIC-positions`, which is made when the first such position comes.
 */
import { Clock, Effect, Option, Schema, Scope } from "effect"
import { type Client, KafkaError, type Reader } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import { Connection } from "./client/Connection.ts"
import * as LogRecords from "./wire/LogRecords.ts"

const Position = Schema.Struct({ sequence: Schema.Int, position: Schema.String })
type Position = typeof Position.Type

const json = Schema.fromJsonString(Position)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeUnknownOption(json)

const newer = (a: Option.Option<Position>, b: Option.Option<Position>): Option.Option<Position> =>
  Option.isSome(a) && (Option.isNone(b) || a.value.sequence >= b.value.sequence) ? a : b

export const make = Effect.fnUntraced(function*(topic: string) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const scope = yield* Effect.scope
  const context = yield* Effect.context<Connection>()
  const sideTopic = `${topic}-positions`
  let aside = Option.none<Position>()
  let lastSequence: number | null = null

  const side = yield* Effect.cached(
    CompactedTopic.open({
      topic: sideTopic,
      onRow: ({ value }) => {
        aside = newer(value === null ? Option.none() : decode(value.toString()), aside)
      }
    }).pipe(Effect.provideContext(context), Scope.provide(scope))
  )

  const newest = Effect.gen(function*() {
    const reader = yield* client.reader(yield* retry(client.topic(topic)))
    const inLog = yield* retry(newestInLog(client, reader, topic))
    const exists = Option.isSome(aside) || (yield* retry(client.partitions(sideTopic))) !== null
    if (exists) yield* (yield* side).catchUp
    const found = newer(inLog, aside)
    lastSequence = Math.max(lastSequence ?? 0, Option.match(found, { onNone: () => 0, onSome: ({ sequence }) => sequence }))
    return found
  }).pipe(Effect.scoped)

  /** Larger than all before, those of earlier processes included. */
  const nextSequence = Effect.gen(function*() {
    if (lastSequence === null) yield* newest
    const now = yield* Clock.currentTimeMillis
    lastSequence = Math.max(now, (lastSequence ?? 0) + 1)
    return lastSequence
  })

  const set = (position: Position) =>
    Effect.flatMap(side, ({ put }) => put([{ key: topic, value: Buffer.from(encode(position)) }]))

  return { newest, nextSequence, set }
})

/** How many offsets from its end a partition is looked through first; if there is no position, ever more. */
const firstLook = 1_000

const newestInLog = Effect.fnUntraced(function*(client: Client, reader: Reader, topic: string) {
  const [first, ends] = yield* Effect.all([client.offsets(topic, "earliest"), client.offsets(topic, "latest")])
  let newest = Option.none<Position>()
  for (const [leader, partitions] of yield* reader.leaders) {
    for (const partition of partitions) {
      const bounds = { first: first[partition] ?? 0, end: ends[partition] ?? 0 }
      newest = newer(yield* newestIn(reader, leader, partition, bounds), newest)
    }
  }
  return newest
})

const newestIn = Effect.fnUntraced(function*(
  reader: Reader,
  leader: number,
  partition: number,
  { end, first }: { readonly first: number; readonly end: number }
) {
  for (let look = firstLook, to = end; to > first; look *= 4) {
    const from = Math.max(first, to - look)
    let found = Option.none<Position>()
    for (let at = from; at < to;) {
      const [fetched] = yield* reader.fetch(leader, [{ partition, offset: at }])
      if (fetched === undefined || fetched.errorCode !== 0) {
        return yield* new KafkaError({ message: `reading partition ${partition} failed`, retriable: true, code: null })
      }
      const { next, position } = yield* Effect.try({
        try: () => LogRecords.lastPosition(fetched, at),
        catch: (cause) => new KafkaError({ message: String(cause), retriable: false, code: null, cause })
      })
      found = newer(Option.fromNullOr(position), found)
      at = next
    }
    if (Option.isSome(found)) return found
    to = from
  }
  return Option.none<Position>()
})
