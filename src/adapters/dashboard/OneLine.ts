/** Wrong and unknown parameters are answered in one line that names them, and no answer is kept by a cache. */
import { Context, Effect, Layer, SchemaAST } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { type HttpApiEndpoint, HttpApiMiddleware } from "effect/http-api"

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
  return OneLine.of(Effect.fnUntraced(function*(answer, route) {
    const known = parametersOf(route.endpoint)
    const { url } = yield* HttpServerRequest.HttpServerRequest
    const unknown = namesIn(url).find((name) => !known.includes(name))
    if (unknown !== undefined) return line(400, `${unknown}: there is no such parameter; there ${listed(known)}`)
    return HttpServerResponse.setHeaders(yield* refusing(answer, route), noStore)
  }))
}))

const parametersOf = ({ query }: HttpApiEndpoint.Top): ReadonlyArray<string> => {
  const ast = query === undefined ? undefined : SchemaAST.toEncoded(query.ast)
  return ast !== undefined && SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []
}

const namesIn = (url: string): ReadonlyArray<string> => [...new URL(url, "http://localhost").searchParams.keys()]

const listed = (names: ReadonlyArray<string>): string => names.length === 0 ? "are none" : names.length === 1 ? `is ${names[0]}` : `are ${names.join(", ")}`
