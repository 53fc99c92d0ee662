/**
 * What every request has to pass before a route sees it, and what every answer carries.
 *
 * A page on 127.0.0.1 is within reach of any web site its user visits. A name that the
 * site has rebound to 127.0.0.1 arrives in the Host header and is refused there; the
 * content-security policy keeps whatever text the market sends from becoming a script.
 */
import { Effect, Redacted } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"

export interface Options {
  readonly host: string
  /** The port that was bound. */
  readonly port: number
  readonly token?: Redacted.Redacted | undefined
}

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

export const layer = (options: Options) =>
  HttpRouter.middleware(
    (app) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        const response = refusal(options, request) ?? (yield* answer(app))
        return HttpServerResponse.setHeaders(response, headers)
      }),
    { global: true }
  )

/** The answer instead of the route's, or `undefined` where the request may pass. */
const refusal = (options: Options, request: Request): Response | undefined => {
  if (!isOwnHost(options, request.headers["host"])) {
    return plain(421, "this server does not answer to that host name")
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return HttpServerResponse.setHeader(plain(405, "only GET and HEAD"), "allow", "GET, HEAD")
  }
  return options.token === undefined ? undefined : withoutToken(options.port, Redacted.value(options.token), request)
}

const plain = (status: number, reason: string): Response => HttpServerResponse.text(`${reason}\n`, { status })

/** Routes that are not there and defects become answers here, so that these carry the headers as well. */
const answer = <E, R>(app: Effect.Effect<Response, E, R>): Effect.Effect<Response, E, R> =>
  Effect.catchCause(app, (cause) =>
    Effect.gen(function*() {
      const [response] = yield* HttpServerError.causeResponse(cause)
      if (response.status < 500) return response
      yield* Effect.logError("the dashboard failed to answer", cause)
      return plain(500, "internal error")
    }))

const headers = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

/** `127.0.0.0/8`, `::1` and `localhost`: addresses that no other machine can reach. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))

/** Host and port as they stand in a URL. */
export const authority = (host: string, port: number): string => `${bracketed(host)}:${port}`

const bracketed = (host: string): string => isIP(host) === 6 ? `[${host}]` : host

const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::"

/**
 * Whether a Host header names this server. Bound to every interface the server cannot know
 * all its addresses; there any literal address will do, since only names can be rebound.
 */
const isOwnHost = ({ host, port }: Options, header: string | undefined): boolean => {
  if (header === undefined) return false
  const sent = header.toLowerCase()
  const name = sent.endsWith(`:${port}`) ? sent.slice(0, -`:${port}`.length) : port === 80 ? sent : ""
  if (["localhost", "127.0.0.1", "[::1]", bracketed(host.toLowerCase())].includes(name)) return true
  return isWildcard(host) && isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0
}

/**
 * The token comes as a Bearer header with each request, or once as `?token=`, which is then
 * kept as a cookie and taken out of the address bar, so that it is neither shared nor logged with a URL.
 */
const withoutToken = (port: number, token: string, request: Request): Response | undefined => {
  const cookie = cookieName(port)
  const bearer = /^Bearer (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1]
  if (same(bearer, token) || same(request.cookies[cookie], digest(token))) return undefined
  const url = new URL(request.url, "http://localhost")
  if (!same(url.searchParams.get("token") ?? undefined, token)) {
    const refused = plain(401, "a token is needed: ?token=… or a Bearer header")
    return HttpServerResponse.setHeader(refused, "www-authenticate", "Bearer")
  }
  url.searchParams.delete("token")
  return HttpServerResponse.redirect(url.pathname.replace(/^\/+/, "/") + url.search, { status: 303 }).pipe(
    HttpServerResponse.setCookieUnsafe(cookie, digest(token), { httpOnly: true, sameSite: "strict", path: "/" })
  )
}

/** Cookies do not tell ports apart: the name does, for two dashboards on one machine. */
const cookieName = (port: number): string => `courant_${port}`

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

/** Compares digests, so that the time it takes says nothing about the token. */
const same = (given: string | undefined, wanted: string): boolean =>
  given !== undefined && timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(wanted)))
