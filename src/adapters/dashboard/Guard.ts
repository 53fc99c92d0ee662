/**
 * What every request has to pass before a route sees it.
 *
 * A page on 127.0.0.1 is within reach of any web site its user visits. A name that the
 * site has rebound to 127.0.0.1 arrives in the Host header and is refused there.
 */
import { Effect, Option, Redacted } from "effect"
import { HttpRouter, HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"
import * as Changes from "./Changes.ts"
import * as Sessions from "./Sessions.ts"

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
    Effect.gen(function*() {
      const sessions = yield* Sessions.make
      return (app) =>
        Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          return (yield* refusal(options, sessions, request)) ?? (yield* answer(app))
        })
    }),
    { global: true }
  )

/** The answer instead of the route's, or `undefined` where the request may pass. */
const refusal = Effect.fnUntraced(function*(
  options: Options,
  sessions: Sessions.Sessions,
  request: Request
): Effect.fn.Return<Response | undefined> {
  if (!isOwnHost(options, request.headers["host"])) {
    return plain(421, "this server does not answer to that host name")
  }
  const isChange = Changes.isRoute(request.method, request.url)
  if (!isChange && request.method !== "GET" && request.method !== "HEAD") {
    return HttpServerResponse.setHeader(plain(405, "only GET and HEAD"), "allow", "GET, HEAD")
  }
  if (options.token !== undefined) {
    const refused = yield* withoutToken({ ...options, token: Redacted.value(options.token) }, sessions, request)
    if (refused !== undefined) return refused
  }
  if (!isChange) return undefined
  const wrong = Changes.refusal(request, {
    isOwn: (authority) => isOwnHost(options, authority),
    hasToken: options.token !== undefined && hasToken(request, Redacted.value(options.token))
  })
  return wrong === undefined ? undefined : plain(...wrong)
})

const plain = (status: number, reason: string): Response => HttpServerResponse.text(`${reason}\n`, { status })

/** Routes that are not there and defects become answers here, so that a defect is logged and says no more than that. */
const answer = <E, R>(app: Effect.Effect<Response, E, R>): Effect.Effect<Response, E, R> =>
  Effect.catchCause(app, (cause) =>
    Effect.gen(function*() {
      const [response] = yield* HttpServerError.causeResponse(cause)
      if (response.status < 500) return response
      yield* Effect.logError("the dashboard failed to answer", cause)
      return plain(500, "internal error")
    }))

/** Characters of a token. Fewer can be found by trying. */
export const leastTokenLength = 16

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
 * The token comes as a Bearer header with each request, or once as `?token=`: that begins a session, which is
 * kept as a cookie, and the token is taken out of the address bar, so that it is neither shared nor logged with a URL.
 */
const withoutToken = Effect.fnUntraced(function*(
  { port, token }: { readonly port: number; readonly token: string },
  sessions: Sessions.Sessions,
  request: Request
): Effect.fn.Return<Response | undefined> {
  const cookie = cookieName(port)
  if (hasToken(request, token) || (yield* sessions.renew(request.cookies[cookie] ?? ""))) return undefined
  const url = Option.getOrUndefined(HttpServerRequest.toURL(request))
  if (url === undefined || !same(url.searchParams.get("token") ?? undefined, token)) {
    const refused = plain(401, "a token is needed: ?token=… or a Bearer header")
    return HttpServerResponse.setHeader(refused, "www-authenticate", "Bearer")
  }
  url.searchParams.delete("token")
  return HttpServerResponse.redirect(url.pathname.replace(/^\/+/, "/") + url.search, { status: 303 }).pipe(
    HttpServerResponse.setCookieUnsafe(cookie, yield* sessions.begin, { httpOnly: true, sameSite: "strict", path: "/" })
  )
})

/** As programs send it. No site can make a browser send it. */
const hasToken = ({ headers }: Request, token: string): boolean => same(/^Bearer (.+)$/i.exec(headers["authorization"] ?? "")?.[1], token)

/** Cookies do not tell ports apart: the name does, for two dashboards on one machine. */
const cookieName = (port: number): string => `courant_${port}`

/** Compares digests, which are of one length, so that the time it takes says nothing about the token. */
const same = (given: string | undefined, wanted: string): boolean =>
  given !== undefined && timingSafeEqual(digest(given), digest(wanted))

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
