/** Who is active in the groups of a topic, and how far they are. It changes nothing. */
import { Clock, Effect } from "effect"
import type { KafkaError } from "../../adapters/kafka/client/Client.ts"
import { Connection } from "../../adapters/kafka/client/Connection.ts"
import * as Inspection from "../../adapters/kafka/client/Inspection.ts"
import * as Lease from "../../adapters/kafka/Lease.ts"
import type { SourceTopic } from "../Topics.ts"

export interface Standing {
  readonly group: string
  /** `null` where nobody is: the last one has given its place back, or is silent for longer than it said it would be. */
  readonly active: string | null
  /** Who was active last, whether it still is or not, since when, and when it last said so: milliseconds since the epoch. */
  readonly last: string
  readonly since: number
  readonly renewed: number
  /** Records that are in the log and are not done; `null` where the group has committed nothing, or that is not known. */
  readonly lag: number | null
  /** There where the topic is only a name for several sources, whose own topics were not given. */
  readonly unknown?: "topics"
  /** The same of each source, where there are several. */
  readonly lagBySource?: { readonly [source: string]: number | null }
}

/** By group, over a topic or over those of several sources. Whether one is silent is told by this machine's clock. */
export const standings = Effect.fnUntraced(function*(topic: string, topics: ReadonlyArray<SourceTopic> | null) {
  const now = yield* Clock.currentTimeMillis
  const holders = yield* Lease.holders(topic)
  return yield* Effect.forEach([...holders].sort(([a], [b]) => a < b ? -1 : 1), ([group, { name, renewed, since, state, timeout }]) =>
    Effect.map(lagsOf(group, topic, topics), (lags): Standing => ({
      group,
      active: state === "held" && now - renewed <= timeout + mostSkew ? name : null,
      last: name,
      since,
      renewed,
      ...lags
    })))
})

/** Clocks of machines that are looked after differ by less, in milliseconds. */
const mostSkew = 1_000

type Lags = Pick<Standing, "lag" | "lagBySource" | "unknown">

const lagsOf = (group: string, topic: string, topics: ReadonlyArray<SourceTopic> | null): Effect.Effect<Lags, KafkaError, Connection> =>
  topics === null
    ? ofOne(group, topic)
    : Effect.map(Effect.forEach(topics, ({ source, topic }) => Effect.map(lagOf(group, topic), (lag) => [source, lag] as const)), (lags): Lags => ({
      lag: lags.some(([, lag]) => lag === null) ? null : lags.reduce((sum, [, lag]) => sum + (lag ?? 0), 0),
      lagBySource: Object.fromEntries(lags)
    }))

/** Asked for the offsets of a topic that there is not, a broker says that none are committed, or fails. */
const ofOne = Effect.fnUntraced(function*(group: string, topic: string): Effect.fn.Return<Lags, KafkaError, Connection> {
  const { client, retryPolicy: { retry } } = yield* Connection
  if ((yield* retry(client.partitions(topic))) === null) return { lag: null, unknown: "topics" }
  return { lag: yield* lagOf(group, topic) }
})

const lagOf = Effect.fnUntraced(function*(group: string, topic: string) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const [first, ends] = yield* Effect.all([retry(client.offsets(topic, "earliest")), retry(client.offsets(topic, "latest"))])
  const offsets = yield* Inspection.committed(group, topic, ends.length)
  if (offsets.every((offset) => offset === null)) return null
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - (offsets[partition] ?? first[partition] ?? 0)), 0)
})
