/**
 * The routes for programs, the page among them:
 *
 * - `GET /api/panes?pipeline=&key=&from=&to=&limit=`: the newest panes in the order of time
 * - `GET /api/keys?pipeline=`: the keys that have panes
 * - `GET /api/status`: title, time zone, pipelines, the feed's freshness, who is active, the engine's progress
 * - `GET /api/stream?key=`: server-sent events, see `Live.ts`; 503 where there are 1,000 viewers
 * - `GET /api/health`: 200 while the engine gets on and while the process stands by, 503 when it is stuck
 * - `GET /metrics`: text for Prometheus
 *
 * Times are milliseconds since the epoch. A bad parameter is answered 400 and a line that names it.
 */
import { Clock, Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Feed } from "../../streams/ports/Feed.ts"
import { Monitor, type Progress } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import { ResultSink, type ResultSinkError } from "../../streams/ports/ResultSink.ts"
import { encodeProgress, type Live } from "./Live.ts"
import * as Metrics from "./Metrics.ts"

/** Of several processes that may do the same work one does it; `active` is the name of that one, where it is known. */
export type Role = { readonly _tag: "active" } | { readonly _tag: "standby"; readonly active: string | null }

export interface Options {
  /** What this process is; active unless told. */
  readonly role?: Effect.Effect<Role> | undefined
  readonly title?: string | undefined
  readonly timeZone?: string | undefined
  readonly pipelines: ReadonlyArray<string>
  readonly live: Live
}

export const layer = (options: Options) =>
  HttpRouter.addAll(Effect.gen(function*() {
    const { live, pipelines, role = Effect.succeed<Role>({ _tag: "active" }), timeZone = "America/New_York", title = "courant" } = options
    const feed = yield* Feed
    const monitor = yield* Monitor
    const sink = yield* ResultSink
    const query = parameters(pipelines)

    const panes = Effect.gen(function*() {
      const { limit = defaultLimit, ...range } = yield* HttpServerRequest.schemaSearchParams(query)
      return json(yield* sink.read({ ...range, limit }))
    })

    const keys = Effect.gen(function*() {
      const { pipeline } = yield* HttpServerRequest.schemaSearchParams(query)
      const stored = yield* sink.read(pipeline === undefined ? { limit: maxLimit } : { pipeline, limit: maxLimit })
      const forming = live.forming().filter((pane) => pipeline === undefined || pane.pipeline === pipeline)
      return json([...new Set([...stored, ...forming].map(({ key }) => key))].sort())
    })

    const status = Effect.gen(function*() {
      const progress = encodeProgress(yield* monitor.progress)
      const now = yield* Clock.currentTimeMillis
      return json({ title, timeZone, pipelines, feed: feed.name, freshness: live.freshness(), role: yield* role, progress, now })
    })

    const stream = Effect.gen(function*() {
      const { key } = yield* HttpServerRequest.schemaSearchParams(query)
      if (live.viewers() >= mostViewers) return line(503, `there are ${mostViewers} viewers; no more are served`)
      return HttpServerResponse.stream(live.events(key), {
        contentType: "text/event-stream",
        // nginx would hold events back until its buffer is full.
        headers: { ...noStore, "x-accel-buffering": "no" }
      })
    })

    const health = Effect.gen(function*() {
      const progress = yield* monitor.progress
      const now = yield* role
      const state = now._tag === "standby" ? now._tag : healthOf(progress, live.advancedAt(), yield* MonotonicTime.millis)
      return json(
        { status: state, role: now, freshness: live.freshness(), ...encodeProgress(progress) },
        state === "stuck" ? 503 : 200
      )
    })

    const metrics = Effect.gen(function*() {
      return HttpServerResponse.text(yield* Metrics.format(yield* monitor.progress), {
        contentType: Metrics.contentType,
        headers: noStore
      })
    })

    return [
      HttpRouter.route("GET", "/api/panes", answered(panes)),
      HttpRouter.route("GET", "/api/keys", answered(keys)),
      HttpRouter.route("GET", "/api/status", status),
      HttpRouter.route("GET", "/api/stream", answered(stream)),
      HttpRouter.route("GET", "/api/health", health),
      HttpRouter.route("GET", "/metrics", metrics)
    ]
  }))

/** Each may hold 64 KiB in its connection without reading. */
const mostViewers = 1_000

const defaultLimit = 1_000
const maxLimit = 10_000

const wholeNumber = Schema.String.check(
  Schema.isPattern(/^-?\d{1,15}$/, { expected: "a whole number" })
).pipe(Schema.decodeTo(Schema.NumberFromString))

const parameters = (pipelines: ReadonlyArray<string>) =>
  Schema.Struct({
    pipeline: Schema.optionalKey(Schema.Literals(pipelines)),
    key: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))),
    from: Schema.optionalKey(wholeNumber),
    to: Schema.optionalKey(wholeNumber),
    limit: Schema.optionalKey(wholeNumber.check(Schema.isBetween({ minimum: 1, maximum: maxLimit })))
  })

const noStore = { "cache-control": "no-store" }

const json = (body: unknown, status = 200) => HttpServerResponse.jsonUnsafe(body, { status, headers: noStore })

/** Wrong parameters and a sink that cannot be read are answered in one line. */
const answered = <R>(
  handler: Effect.Effect<HttpServerResponse.HttpServerResponse, Schema.SchemaError | ResultSinkError, R>
) =>
  Effect.catchTags(handler, {
    SchemaError: (error) => Effect.succeed(line(400, error.message)),
    ResultSinkError: (error) => Effect.succeed(line(503, `results cannot be read: ${error.message}`))
  })

const line = (status: number, text: string) =>
  HttpServerResponse.text(`${text.replace(/\s*\n\s*/g, " ")}\n`, { status, headers: noStore })

/** Records that wait this long, in milliseconds, while no count changes mean that the engine is stuck. */
export const patience = 60_000

/** An engine with nothing to do is well; one that has not begun is starting. */
export const healthOf = (progress: Progress, advancedAt: number, now: number): "ok" | "starting" | "stuck" => {
  if (progress.lag > 0 && now - advancedAt > patience) return "stuck"
  return progress.read === 0 ? "starting" : "ok"
}
