/**
 * At most one processor of a name: the newest. It is the static member of a consumer group (KIP-345), whose
 * place the next processor of that name takes at once, without waiting for a session to run out. The coordinator
 * then refuses whatever the former says, also when it has slept through all that and wakes up:
 *
 * - `layerCheckpoints` asks before it saves, and commits offsets to the group after, with the place's generation. So
 *   ordinary tools see the lag, and what they see is never ahead of the checkpoint.
 * - `layerSink` asks before it writes panes, if the last answer is not fresh.
 * - `layerLog` ends the reading when the place is lost, for a processor that has nothing to write.
 *
 * A pause between the answer and the write it allowed cannot be excluded. What is written then does no harm: those
 * panes are a function of the log, and the newer processor writes the same.
 */
import { Clock, Context, Deferred, Effect, Layer, Stream } from "effect"
import { CheckpointError, CheckpointStore } from "../../streams/CheckpointStore.ts"
import { EventLog, EventLogError } from "../../streams/EventLog.ts"
import { ResultSink, ResultSinkError } from "../../streams/ResultSink.ts"
import { KafkaError } from "./Client.ts"
import { Connection } from "./Connection.ts"
import * as Group from "./Group.ts"

export interface Options {
  /** The group whose offsets tools show, and whose one member this is. */
  readonly group: string
}

/** The coordinator forgets a member that is silent for so long; 10 seconds is the shortest that brokers allow by default. */
const sessionTimeout = 45_000
const heartbeatEvery = 3_000

/** An answer is fresh for so long: about what it takes to notice a pause. */
const freshFor = 2_000

export class Fence extends Context.Service<Fence, {
  readonly group: string
  /** Fails if another has taken the place. */
  readonly check: Effect.Effect<void, KafkaError>
  /** The same, but believes an answer of up to 2 seconds ago. */
  readonly checkIfStale: Effect.Effect<void, KafkaError>
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
      const check = Effect.mapError(fence.checkIfStale, (error) => new ResultSinkError({ message: error.message, cause: error }))
      return ResultSink.of({ ...sink, write: (panes) => Effect.andThen(check, sink.write(panes)) })
    })
  )
}

const make = Effect.fnUntraced(function*({ group }: Options) {
  const { client, patience: { patiently } } = yield* Connection
  const log = yield* EventLog
  const lost = yield* Deferred.make<never, KafkaError>()
  let member: Group.Member = { group, instance: "processor", id: "", generation: -1 }
  let answeredAt = -Infinity

  const ask = (request: Group.Request, errorOf: (body: Buffer) => number) =>
    client.askCoordinator(group, request).pipe(
      Effect.tap((body) => fail(group, request.apiName, errorOf(body))),
      Effect.tap(Effect.map(Clock.currentTimeMillis, (now) => { answeredAt = now }))
    )

  const join = Effect.gen(function*() {
    const timeouts = { session: sessionTimeout, rebalance: sessionTimeout }
    const answer = Group.joined(yield* ask(Group.join(member, log.topic, timeouts), (body) => Group.joined(body).errorCode))
    member = { ...member, id: answer.memberId, generation: answer.generation }
    yield* ask(Group.sync(member, log.topic, log.partitions), Group.errorOf)
  })

  /** Another kind of member has come or gone: the place is kept in a new generation. */
  const inGeneration = <A>(request: Effect.Effect<A, KafkaError>) =>
    patiently(
      Effect.tapError(request, ({ code }) => code === "REBALANCE_IN_PROGRESS" ? join : Effect.void)
    ).pipe(Effect.tapError((error) => error.code === fenced ? Deferred.fail(lost, error) : Effect.void))

  const check = inGeneration(Effect.suspend(() => ask(Group.heartbeat(member), Group.errorOf))).pipe(Effect.asVoid)
  const checkIfStale = Effect.flatMap(Clock.currentTimeMillis, (now) => now - answeredAt < freshFor ? Effect.void : check)

  yield* patiently(join)
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(Effect.andThen(Effect.sleep(heartbeatEvery), check))))
  return Fence.of({
    group,
    check,
    checkIfStale,
    commit: (offsets) =>
      inGeneration(Effect.suspend(() => ask(Group.commit(member, log.topic, offsets), Group.commitErrorOf))).pipe(Effect.asVoid),
    lost: Deferred.await(lost)
  })
})

const fenced = "FENCED"

/** https://kafka.apache.org/protocol#protocol_error_codes */
const passing: { readonly [code: number]: string } = {
  14: "COORDINATOR_LOAD_IN_PROGRESS",
  15: "COORDINATOR_NOT_AVAILABLE",
  16: "NOT_COORDINATOR",
  27: "REBALANCE_IN_PROGRESS"
}
/** Another generation, an unknown member, a fenced instance. */
const others = [22, 25, 82]

const fail = (group: string, request: string, errorCode: number): Effect.Effect<void, KafkaError> => {
  if (errorCode === 0) return Effect.void
  if (others.includes(errorCode)) {
    return Effect.fail(new KafkaError({
      message: `another processor has taken over the group ${group}; this one stops`,
      retriable: false,
      code: fenced
    }))
  }
  const code = passing[errorCode] ?? null
  return Effect.fail(new KafkaError({
    message: `the group ${group}: ${request} failed with ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  }))
}
