/**
 * Idempotent producers of either library, one a topic, and one request at a time to each partition: the order in
 * which sequence numbers are used is the order of the requests, also when one has to be repeated.
 *
 * When a caller gives up on a request, nobody knows whether it was stored, and its sequence number must not be used by
 * another: the broker would take that for a repetition and drop it, with an acknowledgement. So the producer is
 * replaced by a new one, and closed when its other requests are done.
 */
import { Effect, Exit, Scope, Semaphore } from "effect"
import type { KafkaError } from "./Client.ts"

/** What a request gave; `isSpent` where its producer's numbering is no longer that of the broker. */
export interface Sent<A> {
  readonly value: A
  readonly isSpent: boolean
}

/** A topic's producer, and how many requests are under way with it. */
interface Lease<P> {
  readonly producer: P
  users: number
}

export const make = Effect.fnUntraced(function*<P>(open: () => P, close: (producer: P) => Promise<unknown>) {
  const scope = yield* Effect.scope
  const leases = new Map<string, Lease<P>>()
  const turns = new Map<string, Semaphore.Semaphore>()
  const end = ({ producer }: Lease<P>) => Effect.ignore(Effect.tryPromise(() => close(producer)))
  yield* Scope.addFinalizer(scope, Effect.suspend(() => Effect.forEach(leases.values(), end, { discard: true })))

  const take = (topic: string) =>
    Effect.sync(() => {
      const lease = leases.get(topic) ?? { producer: open(), users: 0 }
      leases.set(topic, lease)
      lease.users++
      return lease
    })
  const giveBack = (topic: string) => (lease: Lease<P>, exit: Exit.Exit<Sent<unknown>, unknown>) =>
    Effect.suspend(() => {
      lease.users--
      if ((Exit.isFailure(exit) || exit.value.isSpent) && leases.get(topic) === lease) leases.delete(topic)
      return leases.get(topic) !== lease && lease.users === 0 ? Effect.forkIn(end(lease), scope) : Effect.void
    })
  const turnOf = (topic: string, partition: number) => {
    const name = `${partition} ${topic}`
    const turn = turns.get(name) ?? Semaphore.makeUnsafe(1)
    turns.set(name, turn)
    return turn
  }

  /** Sends something to a partition with the topic's producer, which stays the same while it is repeated. */
  return <A>(topic: string, partition: number, send: (producer: P) => Effect.Effect<Sent<A>, KafkaError>) =>
    Effect.acquireUseRelease(take(topic), ({ producer }) => send(producer), giveBack(topic)).pipe(
      turnOf(topic, partition).withPermit,
      Effect.map(({ value }) => value)
    )
})
