/**
 * At most one processor of a name: the newest. It is the static member of a consumer group (KIP-345), whose
 * place the next processor of that name takes at once, without waiting for a session to run out. The coordinator
 * then refuses whatever the former says, also when it has slept through all that and wakes up:
 *
 * - `layerCheckpoints` asks before it saves, and commits offsets to the group after, with the place's generation. So
 *   ordinary tools see the lag, and what they see is never ahead of the checkpoint.
 * - `layerSink` and `layerRowSink` ask before they write panes or rows, which costs a fifth of a millisecond a batch.
 * - `layerLog` ends the reading when the place is lost, for a processor that has nothing to write.
 *
 * A pause between the answer and the write it allowed cannot be excluded. What is written then does no harm: those
 * panes are a function of the log, and the newer processor writes the same.
 */
import { Context, Deferred, Effect, Layer, Metric, Schedule, Semaphore, Stream } from "effect"
import { CheckpointError, CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { KafkaError } from "./client/Client.ts"
import { Connection } from "./client/Connection.ts"
import * as Group from "./client/Group.ts"

export interface Options {
  /** The group whose offsets tools show, and whose one member this is. */
  readonly group: string
}

/** The coordinator forgets a member that is silent for so long; 10 seconds is the shortest that brokers allow by default. */
const sessionTimeout = 45_000
const heartbeatEvery = 3_000

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
        save: Effect.fnUntraced(function*(name, checkpoint) {
          yield* guarded(fence.check)
          yield* store.save(name, checkpoint)
          yield* guarded(fence.commit(checkpoint.offsets))
        })
      })
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

const make = Effect.fnUntraced(function*({ group }: Options) {
  const { client, retryPolicy: { retry } } = yield* Connection
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

  /** Another kind of member has come or gone: the place is kept in a new generation, at the cost of joining again. */
  const inGeneration = (request: () => Group.Request, errorOf: (body: Buffer) => number) =>
    Effect.suspend(() => ask(request(), errorOf)).pipe(
      Effect.tapError((error) => isRebalance(error) ? Effect.andThen(join, Metric.update(rebalances, 1)) : Effect.void),
      Effect.retry({ while: isRebalance, schedule: Schedule.spaced(rejoinEvery) }),
      retry,
      alone,
      Effect.tapError((error) => error.code === fenced ? Deferred.fail(lost, error) : Effect.void),
      Effect.asVoid
    )

  const check = inGeneration(() => Group.heartbeat(member), Group.errorOf)

  yield* retry(join)
  // From now on it is there to be read.
  yield* Metric.update(rebalances, 0)
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(Effect.sleep(heartbeatEvery), check))))
  return Fence.of({
    group,
    check,
    commit: (offsets) => inGeneration(() => Group.commit(member, log.topic, offsets), Group.commitErrorOf),
    lost: Deferred.await(lost)
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
  25: {
    code: fenced,
    message: (group) =>
      `the group ${group} no longer knows this processor, which was silent for ${sessionTimeout / 1_000} seconds or was ` +
      "removed by hand, and another may be at work; this one stops"
  },
  82: { code: fenced, message: (group) => `another processor has taken over the group ${group}; this one stops` }
}

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
