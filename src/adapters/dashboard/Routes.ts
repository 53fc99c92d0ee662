/** What the server answers on the routes of `Api.ts`. */
import { Clock, Effect, Layer, Option, Result, type Stream } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, OpenApi } from "effect/http-api"
import type { AlertStoreError } from "../../streams/ports/AlertStore.ts"
import { DeadLetters, type DeadLettersError } from "../../streams/ports/DeadLetters.ts"
import { Feed } from "../../streams/ports/Feed.ts"
import { Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { RowSink } from "../../streams/ports/RowSink.ts"
import { ResultSink, type ResultSinkError } from "../../streams/ports/ResultSink.ts"
import type { Alerts } from "./alerts/Alerts.ts"
import * as Api from "./Api.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import type { Description } from "./Description.ts"
import * as EncodedProgress from "./EncodedProgress.ts"
import * as Graph from "./Graph.ts"
import { healthOf, type Role } from "./Health.ts"
import * as Interest from "./Interest.ts"
import * as Keys from "./Keys.ts"
import * as Letters from "./Letters.ts"
import type { Live } from "./Live.ts"
import * as OneLine from "./OneLine.ts"
import type { PastAnswers } from "./past/PastAnswers.ts"
import * as Rows from "./Rows.ts"
import { tradingDays } from "./TradingSessions.ts"

export interface Options {
  readonly role: Effect.Effect<Role>
  readonly title: string
  readonly timeZone: string
  readonly pipelines: ReadonlyArray<Description>
  /** What they describe. */
  readonly running: ReadonlyArray<AnyPipeline>
  readonly live: Live
  readonly alerts: Alerts
  /** `null` where the log is not within reach. */
  readonly past: PastAnswers | null
}

export const layer = (options: Options) => {
  const api = Api.of(options.pipelines.map(({ name }) => name))
  // Most servers are never asked for it, and it would make each of them start later.
  const document = Effect.sync(() => OneLine.json(OpenApi.fromApi(api)))
  return Layer.merge(
    HttpApiBuilder.layer(api).pipe(Layer.provide(handlers(api, options)), Layer.provide(OneLine.layer)),
    HttpRouter.add("GET", `${Api.prefix}/openapi.json`, document)
  )
}

const handlers = (api: ReturnType<typeof Api.of>, options: Options) =>
  HttpApiBuilder.group(api, "courant", Effect.fnUntraced(function*(routes) {
    const { alerts, live, past, pipelines, role, running } = options
    const { control, name } = yield* Feed
    const letters = Option.getOrUndefined(yield* Effect.serviceOption(DeadLetters))
    const monitor = yield* Monitor
    const rowSink = Option.getOrUndefined(yield* Effect.serviceOption(RowSink))
    const sink = yield* ResultSink
    return routes
      .handle("pipelines", () => Effect.succeed(pipelines))
      .handle("keys", ({ query: { asKnownAt, ...query } }) =>
        asKnownAt !== undefined ? ofPast(past, ({ keys }) => keys(query, asKnownAt)) : readable(Effect.map(Keys.of({ sink, forming: live.forming }, query), (keys) => OneLine.json(keys))))
      .handle("panes", ({ query: { asKnownAt, limit = Api.usualLimit, ...range } }) =>
        asKnownAt !== undefined ? ofPast(past, ({ panes }) => panes({ ...range, limit }, asKnownAt)) : readable(Effect.map(sink.read({ ...range, limit }), (panes) => OneLine.json(panes))))
      .handle("rows", ({ query: { limit = Api.usualRows, pipeline, ...query } }) => Rows.answer(running, { sink: rowSink, told: live.told }, { pipeline, limit, ...query }))
      .handle("status", ({ query: { asKnownAt } }) =>
        asKnownAt === undefined
          ? Effect.flatMap(monitor.progress, statusOf(options))
          : ofPast(past, ({ at }) => at(asKnownAt, ({ progress }) => statusOf(options)(progress()))))
      .handle("sessions", ({ query }) => Effect.sync(() => tradingDays(query)))
      .handle("stream", ({ query: { asKnownAt, follow = [], speed, watch = [] } }) =>
        Result.match(Interest.parse({ follow, watch }, pipelines), {
          onFailure: (wrong) => Effect.succeed(OneLine.line(400, wrong)),
          onSuccess: (interest) => asKnownAt !== undefined
            ? ofPast(past, ({ stream }) => stream({ asKnownAt, interest, speed: speed ?? 0 }, { at: (live) => streamOf(live, interest), later: sent }))
            : Effect.sync(() => speed === undefined ? streamOf(live, interest) : OneLine.line(400, "speed: now has none; say with asKnownAt from when on the log is to be played"))
        }))
      .handle("log", () => ofPast(past, ({ log }) => log))
      .handle("history", ({ query }) => ofPast(past, ({ history }) => history(query)))
      .handle("changes", ({ query: { asKnownAt, key, pipeline } }) => ofPast(past, ({ changes }) => changes(pipeline, key, asKnownAt)))
      .handle("health", () =>
        Effect.gen(function*() {
          const progress = yield* monitor.progress
          const now = yield* role
          const status = now._tag === "standby" ? now._tag : healthOf(progress, live.advancedAt(), yield* MonotonicTime.millis)
          const health = { status, role: now, freshness: live.freshness(), ...EncodedProgress.encode(progress) }
          return OneLine.json(health, status === "stuck" ? 503 : 200)
        }))
      .handle("graph", ({ query: { asKnownAt } }) =>
        asKnownAt === undefined
          ? Effect.flatMap(monitor.progress, (progress) => Graph.read(running, { progress, rates: live.rates(), sink }))
          : ofPast(past, ({ at }) => at(asKnownAt, ({ known, live, progress }) =>
            Effect.map(Graph.read(running, { progress: progress(), rates: live.rates(), sink: known.at(asKnownAt) }), OneLine.json))))
      .handle("letters", ({ query: { asKnownAt, limit = usualLetters, pipeline } }) => {
        const query = { limit, ...pipeline === undefined ? {} : { pipeline } }
        if (asKnownAt !== undefined) return ofPast(past, ({ at }) => at(asKnownAt, ({ letters }) => Effect.map(Letters.read(letters(), running, query), OneLine.json)))
        return letters === undefined
          ? Effect.succeed(OneLine.line(503, "this process has no dead letters within its reach"))
          : readable(Effect.map(Letters.read(letters, running, query), (found) => OneLine.json(found)))
      })
      .handle("alerts", ({ query: { asKnownAt } }) => Effect.sync(() => OneLine.json(alerts.list(asKnownAt ?? Infinity))))
      .handle("addAlert", ({ payload }) =>
        readable(Effect.map(alerts.add(payload), (made) => "wrong" in made ? OneLine.line(made.status, made.wrong) : OneLine.json(made))))
      .handle("removeAlert", ({ params: { id } }) =>
        readable(Effect.map(alerts.remove(id), (isGone) => isGone ? OneLine.json({ id }) : OneLine.line(404, `there is no alert "${id}"`))))
      .handle("feed", ({ payload }) =>
        Effect.gen(function*() {
          if (control === undefined) return OneLine.line(409, `the feed "${name}" comes as it happens: it has no pace to be changed`)
          yield* control.change(payload)
          yield* live.look
          return OneLine.json(live.feed())
        }))
  }))

/** Of how far all is, now or then: the rest is of now. */
const statusOf = ({ live, past, pipelines, role, timeZone, title }: Options) =>
  Effect.fnUntraced(function*(known: Progress) {
    const progress = EncodedProgress.encode(known)
    return OneLine.json({
      title,
      timeZone,
      pipelines: pipelines.map(({ name }) => name),
      feed: live.feed(),
      freshness: live.freshness(),
      role: yield* role,
      progress,
      past: past !== null,
      lastEventAt: progress.lastEventAt ?? null,
      now: yield* Clock.currentTimeMillis
    })
  })

const usualLetters = 100

const ofPast = <R>(past: PastAnswers | null, answer: (past: PastAnswers) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>) =>
  past === null ? Effect.succeed(OneLine.line(404, "the past is not within reach: this server does not have the log")) : answer(past)

/** A sink that cannot be read is answered in one line. */
const readable = <R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, AlertStoreError | DeadLettersError | ResultSinkError, R>) =>
  Effect.catch(answer, ({ _tag, message }) =>
    Effect.succeed(OneLine.line(503, `${_tag === "AlertStoreError" ? "alerts cannot be kept" : "results cannot be read"}: ${message}`)))

/** Each may hold 64 KiB in its connection without reading. */
const mostViewers = 1_000

export const streamOf = (live: Live, interest: Interest.Interest): HttpServerResponse.HttpServerResponse => {
  if (live.viewers() >= mostViewers) return OneLine.line(503, `there are ${mostViewers} viewers; no more are served`)
  return sent(live.events(interest))
}

const sent = (events: Stream.Stream<Uint8Array>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(events, {
    contentType: "text/event-stream",
    // nginx would hold events back until its buffer is full.
    headers: { ...OneLine.noStore, "x-accel-buffering": "no" }
  })
