/**
 * The decisions of processors in a compacted topic beside that of the events, which is only read: for TOPIC it is
 * TOPIC-decisions, made when the first is taken. The key is
 * `[group, id of the topic, identity of the decision]` as JSON, the value the decision as JSON: so compaction drops what was
 * superseded at the same place and nothing else, and a topic that was made again has none of the former's.
 */
import { Effect, Layer, Option, Schema, Scope } from "effect"
import { Decisions, DecisionsError } from "../../streams/ports/Decisions.ts"
import * as Decision from "../../streams/records/Decision.ts"
import type { KafkaError } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import { Connection } from "./client/Connection.ts"
import * as Topics from "./client/Topics.ts"

export interface Options {
  /** That of the events. */
  readonly topic: string
  /** The processor's. */
  readonly group: string
}

export const layer = (options: Options): Layer.Layer<Decisions, DecisionsError, Connection> =>
  Layer.effect(Decisions, make(options))

/** What the topic of decisions about a topic is called. */
export const topicOf = (topic: string): string => `${topic}-decisions`

/** Makes the topic, where it is missing: what is there can be taken over from a former writer. */
export const prepare = (topic: string) =>
  Topics.ensure({ name: topicOf(topic), configs: Topics.compacted, initially: Topics.largeBatches })

/** The groups that have taken decisions over a topic, by name. */
export const groups = (topic: string): Effect.Effect<ReadonlyArray<string>, DecisionsError, Connection> =>
  Effect.gen(function*() {
    const { rows } = yield* tableOf(topic)
    return [...new Set((yield* rows).map(({ group }) => group))].sort()
  }).pipe(Effect.scoped, Effect.mapError(toDecisionsError))

const make = Effect.fnUntraced(function*({ group, topic }: Options) {
  const { put, rows } = yield* tableOf(topic)
  const readOf = (processor: string) =>
    rows.pipe(
      Effect.map((all) => all.filter((row) => row.group === processor).map(({ decision }) => decision)),
      Effect.mapError(toDecisionsError)
    )
  return Decisions.of({
    processor: group,
    read: readOf(group),
    readOf,
    write: (decisions) => decisions.length === 0 ? Effect.void : Effect.mapError(put(group, decisions), toDecisionsError)
  })
})

interface Row {
  readonly group: string
  /** The id of its topic. */
  readonly log: string
  readonly decision: Decision.Decision
}

const Key = Schema.fromJsonString(Schema.Tuple([Schema.String, Schema.String, Schema.String]))
const encodeKey = Schema.encodeSync(Key)
const decodeKey = Schema.decodeUnknownOption(Key)

const tableOf = Effect.fnUntraced(function*(topic: string) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const context = yield* Effect.context<Connection | Scope.Scope>()
  const name = topicOf(topic)
  const stored = new Map<string, Row>()
  const open = yield* Effect.cached(
    CompactedTopic.open({
      topic: name,
      onRow: ({ key, value }) => {
        const named = decodeKey(key)
        const decision = value === null ? Option.none() : Decision.decode(value.toString())
        if (Option.isNone(named) || Option.isNone(decision)) stored.delete(key)
        else stored.set(key, { group: named.value[0], log: named.value[1], decision: decision.value })
      }
    }).pipe(Effect.provideContext(context))
  )
  // Asked for when it is needed: a topic that is still to be made has no id.
  const log = yield* Effect.cached(Effect.map(retry(client.topic(topic)), ({ id }) => id))

  return {
    /** Those over this topic. One of decisions that was never written to is not made by being looked at. */
    rows: Effect.gen(function*() {
      if ((yield* retry(client.partitions(name))) === null) return []
      yield* (yield* open).catchUp
      const id = yield* log
      return [...stored.values()].filter((row) => row.log === id)
    }),
    put: Effect.fnUntraced(function*(group: string, decisions: ReadonlyArray<Decision.Decision>) {
      const { put } = yield* open
      const id = yield* log
      yield* put(decisions.map((decision) => ({
        key: encodeKey([group, id, Decision.identityOf(decision)]),
        value: Buffer.from(Decision.encode(decision))
      })))
    })
  }
})

function toDecisionsError(error: KafkaError): DecisionsError {
  return new DecisionsError({ message: error.message, cause: error })
}
