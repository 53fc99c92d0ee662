/**
 * At most one processor of a name: the newest. It is the static member of a consumer group (KIP-345), whose
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
 * A coordinator that has not heard of a member for the time of a session forgets it, whichever of the two has slept.
 * Where nobody has taken the place meanwhile, the member takes it again: nobody has if the group's offsets are still
 * those that this member has committed, and another that is there now would be named in the refusal.
 *
 * Where a sink is none of Kafka's, a pause between the answer and the write it allowed cannot be excluded. What is written
 * then does no harm: those panes are a function of the log, and a sink keeps the newer ones.
 */
import { Context, Deferred, Duration, Effect, Layer, Metric, Schedule, Semaphore, Stream } from "effect"
import { CheckpointError } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { type Client, KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Group from "./client/Group.ts"
import * as Inspection from "./client/Inspection.ts"
import { isFenced } from "./wire/Produce.ts"

export interface Options {
  /** The group whose offsets tools show, and whose one member this is. */
  readonly group: string
  /**
   * The coordinator forgets a member that is silent for so long; 45 seconds by default. Brokers allow no less than their
   * `group.min.session.timeout.ms`, which is 6 seconds unless set.
   */
  readonly sessionTimeout?: Duration.Input | undefined
}

/** How many heartbeats there are in the time of a session. */
const heartbeats = 15

const rebalances = Metric.counter("courant_kafka_rebalances_total", {
  description: "Times that this processor joined its group anew, because another member had come or gone.",
  incremental: true
})

export class Fence extends Context.Service<Fence, {
  readonly group: string
  /** Fails if another has taken the place. */
  readonly check: Effect.Effect<void, KafkaError>
  readonly commit: (offsets: ReadonlyArray<number>) => Effect.Effect<void, KafkaError>
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
      return EventLog.of({ ...log, read: (from) => Stream.interruptWhen(log.read(from), ended) })
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
  const lost = yield* Deferred.make<never, KafkaError>()
  // One request after the other: what was written down while another request re-joins would name a past generation.
  const { withPermit: alone } = yield* Semaphore.make(1)
  let member: Group.Member = { group, instance: "processor", id: "", generation: -1 }

  const ask = (request: Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.tap(client.askCoordinator(group, request), (body) => fail(group, request.apiName, errorOf(body)))

  const join = Effect.gen(function*() {
    const timeouts = { session: sessionTimeout, rebalance: sessionTimeout }
    const answer = Group.joined(yield* ask(Group.join(member, log.topic, timeouts), (body) => Group.joined(body).errorCode))
    member = { ...member, id: answer.memberId, generation: answer.generation }
    yield* ask(Group.sync(member, log.topic, log.partitions), Group.errorOf)
  })

  const asked = Effect.provideService(Inspection.committed(group, log.topic, log.partitions), Connection, connection)
  /**
   * The offsets that were committed last, and those that were sent after them and maybe not answered. Whoever takes the place
   * and gets anything done replaces them.
   */
  let [committed, sent]: [ReadonlyArray<number | null>, ReadonlyArray<number | null>] = [[], []]

  /** The place is free again: it is taken, unless it was somebody else's in between. */
  const comeBack = Effect.gen(function*() {
    const found = yield* asked
    if (found.some((offset, partition) => offset !== committed[partition] && offset !== sent[partition])) return yield* takenOver(group)
    yield* Effect.logWarning(`the group ${group} had forgotten this processor, and nobody has taken its place: it goes on`)
    member = { ...member, id: "", generation: -1 }
    yield* join
  })

  /** Another kind of member has come or gone: the place is kept in a new generation, at the cost of joining again. */
  const inGeneration = (request: () => Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.suspend(() => ask(request(), errorOf)).pipe(
      Effect.tapError((error) => isRebalance(error) ? Effect.andThen(join, Metric.update(rebalances, 1)) : Effect.void),
      Effect.tapError((error) => isForgotten(error) ? comeBack : Effect.void),
      Effect.retry({ while: (error) => isRebalance(error) || isForgotten(error), schedule: Schedule.spaced(rejoinEvery) }),
      retry,
      alone,
      Effect.tapError((error) => error.code === fenced ? Deferred.fail(lost, error) : Effect.void),
      Effect.asVoid
    )

  const check = inGeneration(() => Group.heartbeat(member), Group.errorOf)

  yield* retry(join)
  committed = yield* asked
  // Who has joined since may have taken the name before: then the place is lost, and the next check says so.
  let write = yield* client.takeOver(group)
  yield* check
  const produce: Client["produce"] = (...record) =>
    Effect.suspend(() => write(...record)).pipe(
      Effect.catchIf(isFenced, () =>
        Effect.gen(function*() {
          // One that came and went in between may have the name, and still the place is this one's.
          yield* check
          write = yield* client.takeOver(group)
          return yield* write(...record)
        }))
    )

  // From now on it is there to be read.
  yield* Metric.update(rebalances, 0)
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(Effect.sleep(sessionTimeout / heartbeats), check))))
  return Fence.of({
    group,
    check,
    commit: Effect.fnUntraced(function*(offsets) {
      sent = offsets
      yield* inGeneration(() => Group.commit(member, log.topic, offsets), Group.commitErrorOf)
      committed = offsets
    }),
    lost: Deferred.await(lost),
    produce
  })
})

const fenced = "FENCED"

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
const final: { readonly [code: number]: { readonly code: string; readonly message: (group: string) => string } } = {
  23: {
    code: "INCONSISTENT_GROUP_PROTOCOL",
    message: (group) =>
      `other consumers are members of the group ${group}, which is courant's own; stop them and start again`
  },
  25: { code: "UNKNOWN_MEMBER_ID", message: (group) => `the group ${group} no longer knows this processor` },
  82: { code: fenced, message: (group) => `another processor has taken over the group ${group}; this one stops` }
}

const takenOver = (group: string): KafkaError =>
  new KafkaError({
    message: `another processor has had the place of this one in the group ${group}; this one stops`,
    retriable: false,
    code: fenced
  })

const fail = (group: string, request: string, errorCode: number): Effect.Effect<void, KafkaError> => {
  if (errorCode === 0) return Effect.void
  const last = final[errorCode]
  if (last !== undefined) {
    return Effect.fail(new KafkaError({ message: last.message(group), retriable: false, code: last.code }))
  }
  const code = passing[errorCode] ?? null
  return Effect.fail(new KafkaError({
    message: `the group ${group}: ${request} failed with ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  }))
}
