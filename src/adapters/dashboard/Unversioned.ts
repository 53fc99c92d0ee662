/**
 * `/api/…` without a version is the newest version, so that programs of before go on. Three routes have changed since: there
 * they get what they have always got.
 *
 * - `GET /api/keys?pipeline=`: the keys alone
 * - `GET /api/status`: the feed by its name
 * - `GET /api/stream?key=`: every window, or every window of a key
 */
import { Clock, Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Monitor } from "../../streams/ports/Monitor.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import * as Api from "./Api.ts"
import * as EncodedProgress from "./EncodedProgress.ts"
import * as Interest from "./Interest.ts"
import * as OneLine from "./OneLine.ts"
import { type Options, streamOf } from "./Routes.ts"

const kept = /^\/api\/(?:v\d+|keys|status|stream)(?:[/?]|$)/

/** Sends a request for a route without a version to that of the newest. */
export const redirected = <A, E, R>(app: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.updateService(app, HttpServerRequest.HttpServerRequest, (request) =>
    request.url.startsWith("/api/") && !kept.test(request.url)
      ? request.modify({ url: `${Api.prefix}${request.url.slice("/api".length)}` })
      : request)

export const layer = ({ live, pipelines, role, timeZone, title }: Options) =>
  HttpRouter.addAll(Effect.gen(function*() {
    const monitor = yield* Monitor
    const sink = yield* ResultSink
    const names = pipelines.map(({ name }) => name)
    const query = Schema.Struct({
      pipeline: Schema.optionalKey(Schema.Literals(names)),
      key: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200)))
    })

    const keys = Effect.gen(function*() {
      const { pipeline } = yield* HttpServerRequest.schemaSearchParams(query)
      const stored = yield* sink.read(pipeline === undefined ? { limit: Api.mostLimit } : { pipeline, limit: Api.mostLimit })
      const forming = pipeline === undefined ? live.forming.all() : live.forming.ofPipeline(pipeline)
      return OneLine.json([...new Set([...stored, ...forming].map(({ key }) => key))].sort())
    })

    const status = Effect.gen(function*() {
      const progress = EncodedProgress.encode(yield* monitor.progress)
      const { freshness, name } = live.feed()
      return OneLine.json({ title, timeZone, pipelines: names, feed: name, freshness, role: yield* role, progress, now: yield* Clock.currentTimeMillis })
    })

    const stream = Effect.gen(function*() {
      const { key } = yield* HttpServerRequest.schemaSearchParams(query)
      return streamOf(live, Interest.inAll(key))
    })

    return [
      HttpRouter.route("GET", "/api/keys", answered(keys)),
      HttpRouter.route("GET", "/api/status", status),
      HttpRouter.route("GET", "/api/stream", answered(stream))
    ]
  }))

const answered = <E extends { readonly _tag: string; readonly message: string }, R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.catch(answer, (error) =>
    Effect.succeed(error._tag === "SchemaError" ? OneLine.line(400, error.message) : OneLine.line(503, `results cannot be read: ${error.message}`)))
