/** How a process over Kafka waits for the place of its group. Loaded only then, as the stores are. */
import { Effect, Layer } from "effect"
import { Connection } from "../../adapters/kafka/client/Connection.ts"
import * as Inspection from "../../adapters/kafka/client/Inspection.ts"
import * as Lease from "../../adapters/kafka/Lease.ts"
import * as WarmStandby from "../../streams/engine/WarmStandby.ts"
import { EventLogError } from "../../streams/ports/EventLog.ts"
import { numbered, sourcesOf } from "../../streams/ports/SourceLogs.ts"
import { along, type ProcessChoice } from "./KafkaStores.ts"

export interface Choice extends Pick<ProcessChoice, "group" | "sources" | "topic" | "topics">, Omit<WarmStandby.Options, "published"> {
  readonly isWarm: boolean
}

export interface Waiting {
  /** Whether to wait where another process is active; it is an error otherwise. */
  readonly isPatient: boolean
  /** Whether another has just taken the place from this process. */
  readonly hasLost: boolean
  readonly onHolder: (name: string) => Effect.Effect<void>
}

/** Waits until the place is free, and gives what has read along meanwhile. */
export const stand = Effect.fnUntraced(function*(choice: Choice, connection: Layer.Layer<Connection>, { hasLost, isPatient, onHolder }: Waiting) {
  const { group, isWarm, topic } = choice
  const free = Lease.awaitFree({ topic, group, hasLost, isPatient, onHolder: ({ name }) => onHolder(name) }).pipe(Effect.provide(connection))
  if (!isWarm || !isPatient) return yield* Effect.as(free, null)
  let warm: WarmStandby.Warm | null = null
  let told = ""
  const published: WarmStandby.Options["published"] = (log) =>
    Effect.forEach(sourcesOf(log), ({ log: { partitions, topic } }) => Inspection.committed(group, topic, partitions)).pipe(
      Effect.map((all) => numbered(all, null)),
      Effect.provide(connection),
      Effect.mapError((error) => new EventLogError({ message: error.message, cause: error }))
    )
  const reading = Effect.suspend(() => {
    warm = null
    return WarmStandby.follow({ ...choice, published }, (begun) => { warm = begun })
  }).pipe(
    Effect.provide(along(choice, connection), { local: true }),
    // It begins anew, with the newest checkpoint; whatever is wrong is said again at the latest when this one is active.
    Effect.catch(({ message }) =>
      Effect.suspend(() => {
        const isNews = message !== told
        told = message
        return isNews ? Effect.logWarning(`this process stands by and does not read along: ${message}`) : Effect.void
      })),
    Effect.andThen(Effect.sleep("1 second"))
  )
  yield* Effect.raceFirst(free, Effect.forever(reading))
  // What another fiber has set meanwhile, which the compiler does not see.
  return warm as WarmStandby.Warm | null
})
