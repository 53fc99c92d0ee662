/** A real cluster of Spark, over Spark Connect, whose server is there already or is started on the cluster by REST. */
import { Duration, Effect, Layer, Option, PubSub, Queue, type Redacted, Stream, type Take } from "effect"
import * as MonotonicTime from "../../../streams/ports/MonotonicTime.ts"
import * as Batches from "./Batches.ts"
import { countsOf, fingerprintOf, relationOf } from "../compile/Program.ts"
import * as Observed from "../connect/Observed.ts"
import { Session } from "../connect/Session.ts"
import { SparkError } from "../connect/SparkError.ts"
import * as StreamingQuery from "../connect/StreamingQuery.ts"
import * as Write from "../connect/Write.ts"
import { toClusterError } from "./Failures.ts"
import * as Metrics from "./Metrics.ts"
import * as QuerySupervisor from "./QuerySupervisor.ts"
import * as ServerLocation from "./ServerLocation.ts"
import * as QueryName from "./QueryName.ts"
import * as Sessions from "./Sessions.ts"
import { type Batch, type ClusterError, eventsOf, type Query, SparkCluster, type Work } from "../SparkCluster.ts"

export interface Options {
  readonly connect: ServerLocation.Options
  /** The Connect server's `spark.connect.authenticate.token`, or what a proxy before it asks for; empty where nobody asks for one. */
  readonly token: Redacted.Redacted
  /** Settings of Spark that a session may have, beside those that pipelines need; what it may not have is refused. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Options of Spark's source of Kafka, `kafka.bootstrap.servers` among them. Those of `kafka.` are the sink's too. */
  readonly kafka: Readonly<Record<string, string>>
  /** A folder or URL that driver and executors reach, where queries keep their offsets and their state. */
  readonly checkpoints: string
  /** How far apart batches begin; as soon as the last one is done unless told. */
  readonly trigger?: Duration.Input | undefined
  /** For how long the server may be away before a request fails; half a minute unless told. */
  readonly patience?: Duration.Input | undefined
  /** How often in a row a query is started again without a batch in between, before it is given up; 10 unless told. */
  readonly attempts?: number | undefined
}

/** Connects to nothing and starts nothing before it is used; fails only where the URL of the master is none. */
export const layer = (options: Options): Layer.Layer<SparkCluster, ClusterError> =>
  Layer.effect(SparkCluster, Effect.mapError(make(options), toClusterError))

const make = Effect.fnUntraced(function*(options: Options) {
  const { token } = options
  const patience = options.patience ?? "30 seconds"
  const place = yield* ServerLocation.make(options.connect, token)
  const sessions = yield* Sessions.make({ place, token, patience, settings: options.settings })
  const warned = yield* Effect.cached(sessions.use(warnOfTimeout))
  const renew = Effect.flatMap(place.renew, (isAnother) => isAnother ? sessions.reset : Effect.void)

  const start = Effect.fnUntraced(function*(work: Work) {
    const planned = plan(options, work)
    yield* renew
    yield* warned
    const first = yield* sessions.use(startOrJoin(planned))
    const told = yield* PubSub.unbounded<Take.Take<Batch, ClusterError>>()
    const watching = QuerySupervisor.watch({
      sessions,
      first,
      name: planned.name,
      revive: startOrJoin(planned),
      attempts: options.attempts ?? 10,
      tell: (progress) => {
        const batch = Batches.fromProgress(work.pipeline.name, progress)
        return Effect.asVoid(Effect.andThen(Metrics.note(work.pipeline.name, batch), PubSub.publish(told, [batch])))
      },
      onRestart: Metrics.noteRestart(work.pipeline.name)
    })
    yield* Metrics.noteRestart(work.pipeline.name, 0)
    yield* untilGone(place, watching).pipe(
      Effect.onExit((exit) => PubSub.end(told, exit)),
      Effect.forkScoped
    )
    return { name: planned.name, batches: Stream.fromPubSubTake(told), reached: reached(sessions, planned.name), stop: stop(sessions, planned.name) }
  }, Effect.mapError(toClusterError))

  const find = Effect.fnUntraced(function*(pipeline: string, topic: string) {
    if (!(yield* place.isThere)) return Option.none()
    const found = yield* sessions.use(Effect.map(StreamingQuery.active, (queries) =>
      queries.find(({ name }) => name?.startsWith(QueryName.prefixOf(pipeline, topic)))))
    return Option.map(Option.fromNullishOr(found), (query) => foundQuery(options, { pipeline, place, sessions, query }))
  }, Effect.mapError(toClusterError))

  const compute = Effect.fnUntraced(function*(work: Work) {
    const { program } = work
    const source = { topic: eventsOf(work), topics: work.topics, streaming: false, kafka: sourceOf(options) }
    yield* renew
    const started = yield* MonotonicTime.millis
    const relation = relationOf(program, source)
    const written = Write.append({ relation, format: "kafka", options: sinkOf(options, work) })
    // Panes that are written again are the same.
    const observed = yield* sessions.use(written)
    const duration = Math.round((yield* MonotonicTime.millis) - started)
    const batchOf = (observed: Observed.Observed) => Batches.fromObserved(program.pipeline, observed, duration)
    const known = batchOf(observed)
    if (Option.isSome(known)) return known.value
    // The counts of the write have come too late to be told with it: the records are counted by themselves.
    const counted = yield* sessions.use(Session.use(({ observe }) => observe(countsOf(program, source))))
    return Option.getOrElse(batchOf(Observed.of(counted)), () => Batches.ofNothing(duration))
  }, Effect.mapError(toClusterError))

  return SparkCluster.of({ start, find, compute })
})

interface Planned {
  readonly name: string
  readonly prefix: string
  readonly query: StreamingQuery.Options
}

const plan = (options: Options, work: Work): Planned => {
  const { program, topic, topics } = work
  const { pipeline } = program
  const name = QueryName.of(work)
  return {
    name,
    prefix: QueryName.prefixOf(pipeline, topic),
    query: {
      name,
      relation: relationOf(program, { topic: eventsOf(work), topics, streaming: true, kafka: sourceOf(options) }),
      format: "kafka",
      options: sinkOf(options, work),
      // Another plan never finds the state of this one.
      checkpoint: below(options.checkpoints, topic, pipeline, fingerprintOf(program, topics)),
      outputMode: "append",
      trigger: { processingTime: options.trigger ?? 0 }
    }
  }
}

/** Of a folder or of a URL: in both, names are separated by slashes. */
const below = (place: string, ...names: ReadonlyArray<string>): string =>
  `${place.replace(/\/+$/, "")}/${names.join("/")}`

/** What is gone before it was read ends the query. */
const sourceOf = ({ kafka }: Options): Readonly<Record<string, string>> =>
  ({ failOnDataLoss: "true", ...kafka })

const sinkOf = ({ kafka }: Options, { results }: Work): Readonly<Record<string, string>> =>
  ({ ...Object.fromEntries(Object.entries(kafka).filter(([name]) => name.startsWith("kafka."))), topic: results })

/** The query of that very plan, whoever has started it, in the place of one of another plan. */
const startOrJoin = Effect.fnUntraced(function*(
  { name, prefix, query }: Planned
): Effect.fn.Return<QuerySupervisor.Found, SparkError, Session> {
  const active = yield* StreamingQuery.active
  const same = active.find((each) => each.name === name)
  if (same !== undefined) return { query: same, isJoined: true }
  yield* Effect.forEach(active.filter((each) => each.name?.startsWith(prefix)), ({ stop }) => stop, { discard: true })
  const started = Effect.map(StreamingQuery.start(query), (query) => ({ query, isJoined: false }))
  return yield* Effect.catch(started, Effect.fnUntraced(function*(error) {
    // Another client may have been quicker.
    const other = error.reason === "refused" ? yield* StreamingQuery.byName(name) : undefined
    return other === undefined ? yield* error : { query: other, isJoined: true }
  }))
})

const stop = (sessions: Sessions.Sessions, name: string): Query["stop"] =>
  sessions.use(Effect.flatMap(StreamingQuery.byName(name), (query) => query?.stop ?? Effect.void)).pipe(
    Effect.mapError(toClusterError)
  )

const reached = (sessions: Sessions.Sessions, name: string): Query["reached"] =>
  sessions.use(Effect.gen(function*() {
    const last = yield* (yield* StreamingQuery.byName(name))?.lastProgress ?? Effect.undefined
    return last === undefined ? null : Batches.fromProgress("", last).watermark
  })).pipe(Effect.mapError(toClusterError))

/** Queries end with their session. */
const warnOfTimeout = Effect.gen(function*() {
  const session = yield* Session
  const timeout = yield* session.get(timeoutSetting)
  if (timeout === undefined || /^(?:-|0)/.test(timeout)) return
  yield* Effect.logWarning(`this Spark Connect server ends a session, and its queries, that nobody has asked for ${timeout}: set ${timeoutSetting}=-1 where it is started`)
})

const timeoutSetting = "spark.connect.session.manager.defaultSessionTimeout"

const untilGone = (place: ServerLocation.ServerLocation, watching: Effect.Effect<never, ClusterError>) =>
  Effect.raceFirst(watching, Effect.mapError(place.gone, toClusterError))

/** One that somebody else has started, and looks after if it can: where it was lost it is found again, not started. */
const foundQuery = (
  options: Options,
  { pipeline, place, query, sessions }: {
    readonly pipeline: string
    readonly place: ServerLocation.ServerLocation
    readonly sessions: Sessions.Sessions
    readonly query: StreamingQuery.StreamingQuery
  }
): Query => {
  const name = query.name ?? ""
  return {
    name,
    reached: reached(sessions, name),
    stop: stop(sessions, name),
    batches: Stream.callback<Batch, ClusterError>((queue) =>
      untilGone(place, QuerySupervisor.watch({
        sessions,
        name,
        first: { query, isJoined: true },
        revive: Effect.flatMap(StreamingQuery.byName(name), (found) =>
          found === undefined ? lost(name) : Effect.succeed({ query: found, isJoined: true })),
        attempts: options.attempts ?? 10,
        tell: (progress) => Effect.asVoid(Queue.offer(queue, Batches.fromProgress(pipeline, progress))),
        onRestart: Effect.void
      })))
  }
}

const lost = (name: string) =>
  Effect.fail(new SparkError({ reason: "execution-lost", message: `no query ${name} runs any more` }))
