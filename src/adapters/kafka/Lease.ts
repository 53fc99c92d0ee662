/**
 * Who is active in a group, and that it still is: a lease, which the holder of the place renews again and again in the
 * compacted topic TOPIC-leases, whose key is the group. Others stand by, follow that topic, and take the place when the
 * lease was given back, or was not renewed for as long as it says.
 *
 * A lease decides nothing but who tries. Whose the place is decides the coordinator of the group, and what a former holder
 * sends is refused by the brokers (see `Fence`): two that try at the same moment, or a holder that was only slow, cost time
 * and no result. So the time may be short, and it needs no setting of the brokers: the session of a member of a group may
 * not be shorter than their `group.min.session.timeout.ms`, which is 6 seconds unless set, and is not ours to set.
 *
 * What counts is the silence that was listened to, by the listener's own clock: not the time in which the brokers were out
 * of reach, or in which the listener itself was stopped, and no difference between the clocks of two machines.
 */
import { Clock, Effect, Metric, Option, Random, Schedule, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { type Client, KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Topics from "./client/Topics.ts"
import * as CompactedTopic from "./CompactedTopic.ts"

/** Who holds a place, or held it last. */
export const Holder = Schema.Struct({
  /** Of one holding: a process that takes a place twice has two. */
  id: Schema.String,
  /** Of the process, for people. */
  name: Schema.String,
  /** When it took the place, and when it last said so, in milliseconds since the epoch, by its own clock. */
  since: Schema.Int,
  renewed: Schema.Int,
  /** Milliseconds for which it may be silent. */
  timeout: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 86_400_000 })),
  state: Schema.Literals(["held", "free"])
})
export type Holder = typeof Holder.Type

const json = Schema.fromJsonString(Holder)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeUnknownOption(json)

export interface Options {
  /** Of the events. */
  readonly topic: string
  readonly group: string
}

/** What the topic of leases is called. */
export const topicOf = (topic: string): string => `${topic}-leases`

/** How a process is called unless it has a name: its host, which is the pod in Kubernetes, and its number there. */
export const ownName = `${hostname()}/${process.pid}`

/** So often at least within the time for which it may be silent, and so often in any case, a holder renews its lease. */
const renewals = 5
const renewedEvery = (timeout: number): number => Math.min(timeout / renewals, 1_000)

/** Each renewal is a record: the old ones are to go soon. */
const initially = { "segment.bytes": String(1_024 * 1_024), "min.cleanable.dirty.ratio": "0.1" }

const open = (topic: string, onHolder: (group: string, holder: Holder | null) => void) =>
  CompactedTopic.open({
    topic: topicOf(topic),
    initially,
    onRow: ({ key, value }) => onHolder(key, value === null ? null : Option.getOrNull(decode(value.toString())))
  })

const active = Metric.gauge("courant_kafka_active", {
  description: "1 while this process is the active one of its group, 0 while it stands by or does not know."
})

const holding = Metric.gauge("courant_kafka_lease_holder", {
  description: "Who is active in the group, as this process knows it: 1 for the one that is, 0 for those that were."
})

/** One at a time: those before it were. */
const tell = Effect.fnUntraced(function*(name: string) {
  for (const { attributes, id } of yield* Metric.snapshot) {
    const known = id === holding.id ? attributes?.["holder"] : undefined
    if (known !== undefined && known !== name) yield* Metric.update(Metric.withAttributes(holding, { holder: known }), 0)
  }
  yield* Metric.update(Metric.withAttributes(holding, { holder: name }), 1)
})

/** The newest holder of each group over a topic, those that have given their place back among them. Makes no topic. */
export const holders = Effect.fnUntraced(function*(topic: string) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const found = new Map<string, Holder>()
  if ((yield* retry(client.partitions(topicOf(topic)))) === null) return found
  const { catchUp } = yield* open(topic, (group, holder) => {
    if (holder === null) found.delete(group)
    else found.set(group, holder)
  })
  yield* catchUp
  return found
}, Effect.scoped)

/** Renews the lease of the holder of a place, in its name, until the scope ends, and gives it back then; fails where it cannot. */
export const keep = Effect.fnUntraced(function*(
  { group, name, timeout, topic }: Options & { readonly name: string; readonly timeout: number },
  produce: Client["produce"]
) {
  yield* Topics.ensure({ name: topicOf(topic), configs: Topics.compacted, initially: { ...Topics.largeBatches, ...initially } })
  const id = randomUUID()
  const since = yield* Clock.currentTimeMillis
  let renewedAt = -Infinity
  const say = Effect.fnUntraced(function*(state: Holder["state"], write: Client["produce"] = produce) {
    const [started, now] = [yield* MonotonicTime.millis, yield* Clock.currentTimeMillis]
    const value = Buffer.from(encode({ id, name, since, renewed: now, timeout, state }))
    yield* write(topicOf(topic), 0, [{ key: Buffer.from(group), value, timestamp: now, headers: {} }])
    renewedAt = started
  })
  yield* say("held")
  yield* tell(name)
  yield* Metric.update(active, 1)
  /** Another may have it by now, where this one could not say for so long that it has. */
  const look = Effect.flatMap(MonotonicTime.millis, (now) => Metric.update(active, now - renewedAt < timeout ? 1 : 0))
  yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(renewedEvery(timeout))))
  yield* Effect.addFinalizer(() => Metric.update(active, 0))
  return {
    renewing: Effect.forever(Effect.delay(say("held"), renewedEvery(timeout))),
    /** Renews it in another way than the usual one. */
    renewBy: (write: Client["produce"]) => say("held", write),
    giveBack: say("free")
  }
})

/** How often is looked whether a lease has run out. */
const lookEvery = 25

/** Within so many milliseconds those that stand by try one after the other. */
const inTurn = 100

/** A broker that is well answers within half a second: what took longer, in milliseconds, was no silence. */
const promptly = 1_000

/** For so long a holder may wait before it tries again, when brokers are back: the longest of the retry policy. */
const catchingUp = 2_500

/** For so long a successor is waited for that has said nothing yet, where no lease says how long it may be silent. */
const unheard = 2_000

/**
 * Waits until nobody holds the place of a group. Where it is not to wait (`isPatient`), it fails with the reason `place-held`
 * as soon as a holder is heard.
 */
export const awaitFree = Effect.fnUntraced(function*({ group, hasLost = false, isPatient, onHolder, topic }: Options & {
  readonly isPatient: boolean
  /** Somebody has just taken the place from this process, and gets time to say so: two that take it from each other get nowhere. */
  readonly hasLost?: boolean
  /** Hears of each holder that is another one than before. */
  readonly onHolder: (holder: Holder) => Effect.Effect<void>
}) {
  yield* Metric.update(active, 0)
  let holder: Holder | null = null
  let heard = 0
  const { catchUp, follow } = yield* open(topic, (of, found) => {
    if (of !== group) return
    holder = found
    heard++
  })
  yield* catchUp
  const beginning = heard
  let [heardAt, answeredAt] = [yield* MonotonicTime.millis, yield* MonotonicTime.millis]
  const listen = Effect.gen(function*() {
    const [before, asked] = [heard, yield* MonotonicTime.millis]
    yield* follow
    answeredAt = yield* MonotonicTime.millis
    if (heard !== before) heardAt = answeredAt
    if (answeredAt - asked > promptly) heardAt = answeredAt + catchingUp
  })
  // Of several that stand by not all try in the same moment.
  const lot = yield* Random.next
  const begun = heardAt
  const isOver = Effect.map(MonotonicTime.millis, (now) => {
    const timeout = (holder?.timeout ?? unheard) * (1 + lot / 8)
    if (hasLost && heard === beginning && now - begun <= timeout) return false
    return holder === null || holder.state === "free" || (now - heardAt > timeout && now - answeredAt < promptly)
  })
  const wait = Effect.gen(function*() {
    let known: string | null = null
    while (true) {
      if ((yield* isOver) && (known === null || (yield* Effect.delay(isOver, lot * inTurn)))) return
      if (holder !== null && holder.id !== known) {
        known = holder.id
        yield* tell(holder.name)
        if (isPatient) yield* onHolder(holder)
      }
      if (!isPatient && heard > beginning && holder !== null) return yield* held(group, holder)
      yield* Effect.sleep(lookEvery)
    }
  })
  yield* Effect.raceFirst(wait, Effect.forever(listen))
}, Effect.scoped)

const held = (group: string, { name }: Holder): KafkaError =>
  new KafkaError({
    message: `${name} is active in the group ${group}`,
    reason: { _tag: "place-held" },
    retriable: false,
    code: null
  })
