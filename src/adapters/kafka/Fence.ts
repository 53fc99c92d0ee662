/**
 * At most one processor of a name: the newest that has asked for the place. It is the static member of a consumer group
 * (see `Membership`), whose place the next processor of that name takes at once, without waiting for a session to run out.
 * The coordinator then refuses whatever the former says, also when it has slept through all that and wakes up:
 *
 * - `layerCheckpoints` asks before it saves, and commits offsets to the group after, with the place's generation. So
 *   ordinary tools see the lag, and what they see is never ahead of the checkpoint.
 * - `layerSink` and `layerRowSink` ask before they write panes or rows, which costs a fifth of a millisecond a batch.
 * - `layerLog` ends the reading when the place is lost, for a processor that has nothing to write.
 * - `layerConnection` writes under the group's name, which brokers give to its holder and take from the one before: they
 *   refuse what a former processor sends, also if it stopped between an answer and the write that this allowed.
 *
 * - Before anything is read, the epoch of its name is left in the topics in which only the holder writes, see
 *   `Options.topics`: what a former one still sends to them was there before, or is refused.
 *
 * The holder says again and again that it is there (see `Lease`), and gives the place back when the scope ends: whoever
 * wants to have it after it, and not from it, waits for that.
 *
 * Where a sink is none of Kafka's, a pause between the answer and the write it allowed cannot be excluded. What is written
 * then does no harm: those panes are a function of the log, and a sink keeps the newer ones.
 */
import { Context, Deferred, Duration, Effect, Fiber, Layer, Semaphore, Stream } from "effect"
import { CheckpointError } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { compose } from "../../streams/ports/SourceLogs.ts"
import type { Client, KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Lease from "./Lease.ts"
import * as Membership from "./Membership.ts"
import { isFenced } from "./wire/Produce.ts"

export interface Options {
  /** The group whose offsets tools show, and whose one member this is. */
  readonly group: string
  /**
   * The coordinator forgets a member that is silent for so long; 45 seconds by default. Brokers allow no less than their
   * `group.min.session.timeout.ms`, which is 6 seconds unless set.
   */
  readonly sessionTimeout?: Duration.Input | undefined
  /** The topics in which only the holder writes, where they exist. */
  readonly topics?: ReadonlyArray<string>
  /** How the processor is called; its host and its number there, unless told. */
  readonly name?: string
  /** After this long without a sign of the holder those that stand by take its place; 2 seconds by default. */
  readonly takeOverAfter?: Duration.Input | undefined
}

/** How many heartbeats there are in the time of a session. */
const heartbeats = 15

export class Fence extends Context.Service<Fence, {
  /** Fails if another has taken the place. */
  readonly check: Effect.Effect<void, KafkaError>
  readonly commit: (offsets: ReadonlyArray<number>) => Effect.Effect<void, KafkaError>
  /** Commits that nothing has been done. */
  readonly withdraw: Effect.Effect<void, KafkaError>
  readonly lost: Effect.Effect<never, KafkaError>
  /** Writes under the group's name; fails if another has taken the place. */
  readonly produce: Client["produce"]
}>()("courant/kafka/Fence") {
  /** Takes the place, from whoever has it, until the scope ends. */
  static readonly layer = (options: Options): Layer.Layer<Fence, KafkaError, Connection | EventLog> =>
    Layer.effect(Fence, make(options))

  /** The log, whose readers end with an error when the place is lost. */
  static readonly layerLog: Layer.Layer<EventLog, never, EventLog | Fence> = Layer.effect(
    EventLog,
    Effect.gen(function*() {
      const log = yield* EventLog
      const { lost } = yield* Fence
      const ended = Effect.mapError(lost, (error) => new EventLogError({ message: error.message, cause: error }))
      const guarded = (log: EventLog["Service"]): EventLog["Service"] =>
        EventLog.of({ ...log, read: (from) => Stream.interruptWhen(log.read(from), ended) })
      if (log.sources === undefined) return guarded(log)
      return compose(log.topic, log.sources.map(({ log, name }) => ({ name, log: guarded(log) })))
    })
  )

  static readonly layerCheckpoints: Layer.Layer<CheckpointStore, never, CheckpointStore | Fence> = Layer.effect(
    CheckpointStore,
    Effect.gen(function*() {
      const store = yield* CheckpointStore
      const fence = yield* Fence
      const guarded = Effect.mapError((error: KafkaError) => new CheckpointError({ message: error.message, cause: error }))
      return CheckpointStore.of({
        ...store,
        save: Effect.fnUntraced(function*(name, part) {
          yield* guarded(fence.check)
          yield* store.save(name, part)
          yield* guarded(fence.commit(part.head.offsets))
        }),
        // What is published goes back first: whoever reads along is to see that it has read too far.
        remove: Effect.fnUntraced(function*(name) {
          yield* guarded(fence.withdraw)
          yield* store.remove(name)
        })
      })
    })
  )

  /** The connection, for stores in which only the holder of the place may write. */
  static readonly layerConnection: Layer.Layer<Connection, never, Connection | Fence> = Layer.effect(
    Connection,
    Effect.gen(function*() {
      const connection = yield* Connection
      const { produce } = yield* Fence
      return Connection.of({ ...connection, client: { ...connection.client, produce } })
    })
  )

  static readonly layerSink: Layer.Layer<ResultSink, never, Fence | ResultSink> = Layer.effect(
    ResultSink,
    Effect.gen(function*() {
      const sink = yield* ResultSink
      const fence = yield* Fence
      const check = Effect.mapError(fence.check, (error) => new ResultSinkError({ message: error.message, cause: error }))
      return ResultSink.of({ ...sink, write: (panes) => Effect.andThen(check, sink.write(panes)) })
    })
  )

  static readonly layerRowSink: Layer.Layer<RowSink, never, Fence | RowSink> = Layer.effect(
    RowSink,
    Effect.gen(function*() {
      const sink = yield* RowSink
      const fence = yield* Fence
      const check = Effect.mapError(fence.check, (error) => new RowSinkError({ message: error.message, cause: error }))
      return RowSink.of({ ...sink, write: (rows) => Effect.andThen(check, sink.write(rows)) })
    })
  )
}

const make = Effect.fnUntraced(function*({ group, ...options }: Options) {
  const sessionTimeout = Duration.toMillis(options.sessionTimeout ?? "45 seconds")
  const { client } = yield* Connection
  const log = yield* EventLog
  const { check, commit, confirmBy, lost } = yield* Membership.enter({ group, sessionTimeout, log })
  const own = [Lease.topicOf(log.topic), ...(options.topics ?? [])]
  const { produce, produceOnce } = yield* writing(client.takeOver(group, own), check)
  const lease = yield* holdLease({ ...options, group, topic: log.topic }, produce, lost)
  confirmBy(lease.renewBy(produceOnce))
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(Effect.sleep(sessionTimeout / heartbeats), check))))
  return Fence.of({
    check,
    commit,
    withdraw: commit(Array.from({ length: log.partitions }, () => 0)),
    lost: Deferred.await(lost),
    produce
  })
})

/** Writes under the group's name, which it takes, and takes again where another has taken it who has not got the place. */
const writing = Effect.fnUntraced(function*(
  takeOver: Effect.Effect<Client["produce"], KafkaError>,
  check: Effect.Effect<void, KafkaError>
) {
  // One that came and went in between may have the name, and still the place is this one's.
  const take: Effect.Effect<Client["produce"], KafkaError> = Effect.catchIf(takeOver, isFenced, () =>
    Effect.andThen(check, Effect.suspend(() => take)))
  // Who has joined since may have taken the name before: then the place is lost.
  const taken = Effect.tap(take, check)
  let write = yield* taken
  const { withPermit: inTurn } = yield* Semaphore.make(1)
  const takeAgain = (refused: Client["produce"]): Effect.Effect<void, KafkaError> =>
    Effect.gen(function*() {
      if (write !== refused) return
      yield* check
      write = yield* taken
    }).pipe(inTurn)
  const produce: Client["produce"] = (...record) =>
    Effect.suspend(() => {
      const used = write
      return Effect.catchIf(used(...record), isFenced, () => Effect.andThen(takeAgain(used), produce(...record)))
    })
  /** Fails where another has taken the name, whoever has the place. */
  const produceOnce: Client["produce"] = (...record) => Effect.suspend(() => write(...record))
  return { produce, produceOnce }
})

/** Until the scope ends. Where it cannot be renewed the place is lost: another would take it. */
const holdLease = Effect.fnUntraced(function*(
  { group, name = Lease.ownName, takeOverAfter = "2 seconds", topic }: Pick<Options, "group" | "name" | "takeOverAfter"> & Pick<Lease.Options, "topic">,
  produce: Client["produce"],
  lost: Deferred.Deferred<never, KafkaError>
) {
  const lease = yield* Lease.keep({ group, name, topic, timeout: Duration.toMillis(takeOverAfter) }, produce)
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(Deferred.isDone(lost), (isLost) => isLost ? Effect.void : briefly(lease.giveBack)))
  // This has ended when the place is given back, and nobody says afterwards that it is held.
  yield* Effect.forkScoped(Effect.catch(lease.renewing, (error) => Deferred.fail(lost, error)))
  return lease
})

/** At its end a process does not wait for brokers that are away. */
const briefly = Effect.fnUntraced(function*(effect: Effect.Effect<void, KafkaError>) {
  const fiber = yield* Effect.forkDetach(effect)
  yield* Effect.raceFirst(Fiber.await(fiber), Effect.sleep("1 second"))
  yield* Effect.forkDetach(Fiber.interrupt(fiber))
})
