/**
 * At most one processor of a name: the newest that has asked for the place. It is the static member of a consumer group (KIP-345), whose
 * place the next processor of that name takes at once, without waiting for a session to run out. The coordinator
 * then refuses whatever the former says, also when it has slept through all that and wakes up:
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
 * A coordinator that has not heard of a member for the time of a session forgets it, whichever of the two has slept.
 * Where nobody has had the place meanwhile, the member takes it again: another that is there now would be named in the
 * refusal, and one that was there, and may have done something, has taken the name. Brokers forget who had that after a
 * day; the group's offsets, which are still those that this member has committed, they keep for a week.
 *
 * Where a sink is none of Kafka's, a pause between the answer and the write it allowed cannot be excluded. What is written
 * then does no harm: those panes are a function of the log, and a sink keeps the newer ones.
 */
import { Context, Deferred, Duration, Effect, Fiber, Layer, Metric, Schedule, Semaphore, Stream } from "effect"
import { CheckpointError } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { compose, numbered, ofSource, sourcesOf } from "../../streams/ports/SourceLogs.ts"
import { type Client, KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Group from "./client/Group.ts"
import * as Inspection from "./client/Inspection.ts"
import * as Lease from "./Lease.ts"
import type { Reason } from "./client/Reason.ts"
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

const rebalances = Metric.counter("courant_kafka_rebalances_total", {
  description: "Times that this processor joined its group anew, because another member had come or gone.",
  incremental: true
})

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
  const connection = yield* Connection
  const { client, retryPolicy: { retry } } = connection
  const log = yield* EventLog
  const logs = sourcesOf(log).map(({ log }) => log)
  const lost = yield* Deferred.make<never, KafkaError>()
  // One request after the other: what was written down while another request re-joins would name a past generation.
  const { withPermit: alone } = yield* Semaphore.make(1)
  const newcomer: Group.Member = { group, instance: "processor", id: "", generation: -1 }
  let member = newcomer

  const ask = (request: Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.tap(client.askCoordinator(group, request), (body) => fail(group, request.apiName, errorOf(body)))

  const join = Effect.gen(function*() {
    const timeouts = { session: sessionTimeout, rebalance: sessionTimeout }
    const answer = Group.joined(yield* ask(Group.join(member, logs.map(({ topic }) => topic), timeouts), (body) => Group.joined(body).errorCode))
    member = { ...member, id: answer.memberId, generation: answer.generation }
    yield* ask(Group.sync(member, logs), Group.errorOf)
  })

  const asked = Effect.provideService(committedOf(group, logs), Connection, connection)
  /**
   * The offsets that were committed last, and those that were sent after them and maybe not answered. Whoever takes the place
   * and gets anything done replaces them.
   */
  let [committed, sent]: [ReadonlyArray<number | null>, ReadonlyArray<number | null>] = [[], []]

  /** Fails where another has taken the name. There is nothing to lose before anything is done. */
  let confirm: Effect.Effect<void, KafkaError> = Effect.void
  /** Whether the coordinator has forgotten this member, and it has not come back since as a whole. */
  let isAway = false
  /** The place is free again: it is taken, unless it was somebody else's in between. */
  const comeBack = Effect.gen(function*() {
    const found = yield* asked
    if (found.some((offset, partition) => offset !== committed[partition] && offset !== sent[partition])) return yield* takenOver(group)
    yield* Effect.logWarning(`the group ${group} had forgotten this processor, and nobody has taken its place: it goes on`)
    member = newcomer
    yield* join
    // After that, since another may have come and gone just before.
    yield* Effect.catchIf(confirm, isFenced, () => Effect.fail(takenOver(group)))
    isAway = false
  })

  /** Another kind of member has come or gone: the place is kept in a new generation, at the cost of joining again. */
  const inGeneration = (request: () => Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.suspend(() => isAway ? comeBack : Effect.void).pipe(
      Effect.andThen(Effect.suspend(() => ask(request(), errorOf))),
      Effect.tapError((error) => isRebalance(error) ? Effect.andThen(join, Metric.update(rebalances, 1)) : Effect.void),
      Effect.tapError((error) => Effect.sync(() => { isAway ||= isForgotten(error) })),
      Effect.retry({ while: (error) => isRebalance(error) || isForgotten(error), schedule: Schedule.spaced(rejoinEvery) }),
      retry,
      alone,
      Effect.tapError((error) => error.reason?._tag === "place-lost" ? Deferred.fail(lost, error) : Effect.void),
      Effect.asVoid
    )

  const check = inGeneration(() => Group.heartbeat(member), Group.errorOf)

  // It may be forgotten before it has come in: then it begins anew.
  const enter = Effect.tapError(join, (error) => Effect.sync(() => { if (isForgotten(error)) member = newcomer }))
  yield* retry(Effect.retry(enter, { while: isForgotten, schedule: Schedule.spaced(rejoinEvery) }))
  committed = yield* asked
  const own = [Lease.topicOf(log.topic), ...(options.topics ?? [])]
  const { produce, produceOnce } = yield* writing(client.takeOver(group, own), check)

  const commit = Effect.fnUntraced(function*(offsets: ReadonlyArray<number>) {
    const bySource = logs.map(({ partitions }, source) => ofSource(offsets, source, logs.length).slice(0, partitions))
    sent = numbered<number | null>(bySource, null)
    for (const [source, { topic }] of logs.entries()) {
      yield* inGeneration(() => Group.commit(member, topic, bySource[source]!), Group.commitErrorOf)
    }
    committed = sent
  })

  // From now on it is there to be read.
  yield* Metric.update(rebalances, 0)
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(Effect.sleep(sessionTimeout / heartbeats), check))))
  const lease = yield* holdLease({ ...options, group, topic: log.topic }, produce, lost)
  confirm = lease.renewBy(produceOnce)
  return Fence.of({
    check,
    commit,
    withdraw: commit(Array.from({ length: log.partitions }, () => 0)),
    lost: Deferred.await(lost),
    produce
  })
})

/** The offsets that the group has committed of all topics, in the numbering of the log. */
const committedOf = (group: string, logs: ReadonlyArray<Group.Assigned>) =>
  Effect.map(
    Effect.forEach(logs, ({ partitions, topic }) => Inspection.committed(group, topic, partitions)),
    (all) => numbered(all, null)
  )

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
  yield* Effect.forkScoped(Effect.catch(lease.renewing, (error) => Deferred.fail(lost, error)))
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(Deferred.isDone(lost), (isLost) => isLost ? Effect.void : briefly(lease.giveBack)))
  return lease
})

/** At its end a process does not wait for brokers that are away. */
const briefly = Effect.fnUntraced(function*(effect: Effect.Effect<void, KafkaError>) {
  const fiber = yield* Effect.forkDetach(effect)
  yield* Effect.raceFirst(Fiber.await(fiber), Effect.sleep("1 second"))
  yield* Effect.forkDetach(Fiber.interrupt(fiber))
})

/** The protocol calls it FENCED_INSTANCE_ID. */
const placeLost: Reason = { _tag: "place-lost" }

/** Two re-joins are at least so many milliseconds apart. */
const rejoinEvery = 20

/**
 * The group is in another generation or on its way to one. The coordinator looks first at whose place it is, so whoever
 * hears this still has it.
 */
const isRebalance = ({ code }: KafkaError): boolean => code === "REBALANCE_IN_PROGRESS" || code === "ILLEGAL_GENERATION"

const isForgotten = ({ code }: KafkaError): boolean => code === "UNKNOWN_MEMBER_ID"

/** https://kafka.apache.org/protocol#protocol_error_codes */
const passing: { readonly [code: number]: string } = {
  14: "COORDINATOR_LOAD_IN_PROGRESS",
  15: "COORDINATOR_NOT_AVAILABLE",
  16: "NOT_COORDINATOR",
  22: "ILLEGAL_GENERATION",
  27: "REBALANCE_IN_PROGRESS"
}

/** What ends the processor, and which of it means that the place is lost. */
const final: { readonly [code: number]: { readonly code: string; readonly message: (group: string) => string; readonly reason?: Reason } } = {
  23: {
    code: "INCONSISTENT_GROUP_PROTOCOL",
    message: (group) =>
      `other consumers are members of the group ${group}, which is courant's own; stop them and start again`
  },
  25: { code: "UNKNOWN_MEMBER_ID", message: (group) => `the group ${group} no longer knows this processor` },
  82: {
    code: "FENCED_INSTANCE_ID",
    message: (group) => `another processor has taken over the group ${group}; this one stops`,
    reason: placeLost
  }
}

const takenOver = (group: string): KafkaError =>
  new KafkaError({
    message: `another processor has had the place of this one in the group ${group}; this one stops`,
    reason: placeLost,
    retriable: false,
    code: null
  })

const fail = (group: string, request: string, errorCode: number): Effect.Effect<void, KafkaError> => {
  if (errorCode === 0) return Effect.void
  const last = final[errorCode]
  if (last !== undefined) {
    const { code, message, reason } = last
    return Effect.fail(new KafkaError({ message: message(group), retriable: false, code, ...(reason === undefined ? {} : { reason }) }))
  }
  const code = passing[errorCode] ?? null
  return Effect.fail(new KafkaError({
    message: `the group ${group}: ${request} failed with ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  }))
}
