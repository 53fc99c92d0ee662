/** Who is active in the groups of a topic, and how far they are. It changes nothing. */
import { Clock, Effect } from "effect"
import { Connection } from "../../adapters/kafka/client/Connection.ts"
import * as Inspection from "../../adapters/kafka/client/Inspection.ts"
import * as Lease from "../../adapters/kafka/Lease.ts"

export interface Standing {
  readonly group: string
  /** `null` where nobody is: the last one has given its place back, or is silent for longer than it said it would be. */
  readonly active: string | null
  /** Who was active last, whether it still is or not, since when, and when it last said so: milliseconds since the epoch. */
  readonly last: string
  readonly since: number
  readonly renewed: number
  /** Records that are in the log and are not done; `null` where the group has committed nothing. */
  readonly lag: number | null
}

/** By group. Whether one is silent is told by this machine's clock. */
export const standings = Effect.fnUntraced(function*(topic: string) {
  const now = yield* Clock.currentTimeMillis
  const holders = yield* Lease.holders(topic)
  return yield* Effect.forEach([...holders].sort(([a], [b]) => a < b ? -1 : 1), ([group, { name, renewed, since, state, timeout }]) =>
    Effect.map(lagOf(group, topic), (lag): Standing => ({
      group,
      active: state === "held" && now - renewed <= timeout + mostSkew ? name : null,
      last: name,
      since,
      renewed,
      lag
    })))
})

/** Clocks of machines that are looked after differ by less, in milliseconds. */
const mostSkew = 1_000

const lagOf = Effect.fnUntraced(function*(group: string, topic: string) {
  const { client, retryPolicy: { retry } } = yield* Connection
  const [first, ends] = yield* Effect.all([retry(client.offsets(topic, "earliest")), retry(client.offsets(topic, "latest"))])
  const offsets = yield* Inspection.committed(group, topic, ends.length)
  if (offsets.every((offset) => offset === null)) return null
  return ends.reduce((sum, end, partition) => sum + Math.max(0, end - (offsets[partition] ?? first[partition] ?? 0)), 0)
})
