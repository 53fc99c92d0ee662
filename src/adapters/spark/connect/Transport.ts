/**
 * The connection to a Spark Connect server: gRPC over HTTP/2, with TLS or without, and what each request says of itself.
 * Where one end speaks TLS and the other does not, each looks to the other like one that hangs up, so we knock ourselves.
 */
import type { Interceptor } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import { Effect, Redacted } from "effect"
import { connect, getCACertificates } from "node:tls"
import { isLoopback } from "../../Loopback.ts"
import { SparkError } from "./SparkError.ts"

export interface Tls {
  /** The certificate of the authority that the server's is to be signed by, in PEM; those of the system and of Node.js unless told. */
  readonly ca?: string | undefined
}

export interface Target {
  readonly host: string
  readonly port: number
  /** The server's `spark.connect.authenticate.token`, or what a proxy before it asks for; empty where nobody asks for one. */
  readonly token: Redacted.Redacted
  /** `undefined` for a connection without TLS. */
  readonly tls?: Tls | undefined
  /** Whether the token may go to another machine without TLS. */
  readonly isTrusted?: boolean | undefined
  /** Of each request, by name. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export const addressOf = ({ host, port }: Pick<Target, "host" | "port">): string => `${host}:${port}`

/** It ends with the scope. A token is not sent where others may read it. */
export const make = Effect.fnUntraced(function*(target: Target) {
  const { host, port, tls } = target
  if (isExposed(target)) {
    return yield* insecure(`the token would go to Spark Connect at ${addressOf(target)} without TLS`)
  }
  const baseUrl = `http${tls === undefined ? "" : "s"}://${host.includes(":") ? `[${host}]` : host}:${port}`
  const sessionManager = yield* Effect.acquireRelease(
    Effect.sync(() => new Http2SessionManager(baseUrl, undefined, tls === undefined ? undefined : { ca: authoritiesOf(tls) })),
    (manager) => Effect.sync(() => manager.abort())
  )
  return createGrpcTransport({ baseUrl, sessionManager, interceptors: [saying(target)] })
})

const insecure = (message: string) => Effect.fail(new SparkError({ reason: "insecure", message }))

const isExposed = ({ host, isTrusted, tls, token }: Target): boolean =>
  tls === undefined && isTrusted !== true && Redacted.value(token) !== "" && !isLoopback(host)

const authoritiesOf = ({ ca }: Tls): string | Array<string> => ca ?? [...getCACertificates("default"), ...getCACertificates("system")]

const saying = ({ headers = {}, token }: Target): Interceptor => (next) => (request) => {
  if (Redacted.value(token) !== "") request.header.set("authorization", `Bearer ${Redacted.value(token)}`)
  for (const [name, value] of Object.entries(headers)) request.header.set(name, value)
  return next(request)
}

/** Fails where a server that does not answer speaks TLS and we do not, or the other way round, or shows a certificate that is not trusted. */
export const diagnose = Effect.fnUntraced(function*(target: Target) {
  const { tls } = target
  const code = yield* knock(target)
  const at = `Spark Connect at ${addressOf(target)}`
  if (tls === undefined) return code === null ? yield* insecure(`${at} wants TLS`) : undefined
  if (code === null) return
  if (code.startsWith("ERR_SSL_")) return yield* insecure(`${at} does not speak TLS`)
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return yield* insecure(`${at} shows a certificate for another host`)
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return yield* insecure(`${at} shows a certificate that is not trusted (${code})`)
})

/** What a handshake of TLS fails with; `null` where it does not. */
const knock = ({ host, port, tls }: Target): Effect.Effect<string | null> =>
  Effect.callback<string | null>((resume) => {
    const ca = tls === undefined ? {} : { ca: authoritiesOf(tls) }
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    const socket = connect({ host, port, ALPNProtocols: ["h2"], rejectUnauthorized: tls !== undefined, timeout: 3_000, ...servername, ...ca })
    const end = (code: string | null) => {
      socket.destroy()
      resume(Effect.succeed(code))
    }
    socket.once("secureConnect", () => end(null))
    socket.once("timeout", () => end("timeout"))
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "unknown"))
    return Effect.sync(() => socket.destroy())
  })
