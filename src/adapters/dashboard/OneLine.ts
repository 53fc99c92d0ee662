/** Wrong parameters are answered in one line that names them, and no answer is kept by a cache. */
import { Context, Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiMiddleware } from "effect/http-api"

export class OneLine extends HttpApiMiddleware.Service<OneLine>()("courant/dashboard/OneLine") {}

export const noStore = { "cache-control": "no-store" }

export const line = (status: number, text: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${text.replace(/\s*\n\s*/g, " ")}\n`, { status, headers: noStore })

export const json = (body: unknown, status = 200): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: noStore })

/** An answer that is not as its schema says is a defect of the server's. */
const refusals = HttpApiMiddleware.layerSchemaErrorTransform(OneLine, (error) =>
  error.kind === "Body" ? Effect.die(error.cause) : Effect.succeed(line(400, error.cause.message)))

export const layer = Layer.effect(OneLine, Effect.gen(function*() {
  const refusing = Context.get(yield* Layer.build(refusals), OneLine)
  return OneLine.of((answer, route) => Effect.map(refusing(answer, route), HttpServerResponse.setHeaders(noStore)))
}))
