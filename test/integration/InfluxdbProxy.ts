/** A proxy in front of a real InfluxDB that does to each request what a script says, and remembers what befell it. */
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"

export type Action = "write" | "query" | "delete" | "other"

export interface Request {
  readonly action: Action
  /** How many of the same action came before it. */
  readonly number: number
  readonly body: string
}

/**
 * What befalls a request. Where it is `applied` the server has it, whatever the client is told:
 *
 * - `answer`: the client gets this answer instead of the server's.
 * - `reset`: the connection is reset.
 * - `silence`: nothing is ever answered.
 * - `half`: the first half of the bytes of the server's answer, and the end of the connection.
 * - `trickle`: the server's answer byte by byte, over so many milliseconds.
 * - `otherwise`: the server gets another token, or is asked for another bucket, and answers itself.
 * - `afterwards`: the server gets it so many milliseconds after the client has gone away.
 */
export type Fault =
  | Answering
  | { readonly _tag: "reset"; readonly applied: boolean }
  | { readonly _tag: "silence"; readonly applied: boolean }
  | { readonly _tag: "half" }
  | { readonly _tag: "trickle"; readonly millis: number }
  | { readonly _tag: "otherwise"; readonly token?: string; readonly bucket?: string }
  | { readonly _tag: "afterwards"; readonly millis: number }

interface Answering {
  readonly _tag: "answer"
  readonly status: number
  readonly headers?: Http.OutgoingHttpHeaders
  readonly text?: string
  readonly applied?: boolean
}

/** `null` lets a request through. */
export type Script = (request: Request) => Fault | null

/** A request and what befell it, in the order in which they came. */
export interface Event extends Request {
  readonly fault: Fault | null
  /** By the clock of the proxy, in milliseconds. */
  readonly at: number
}

export interface Proxy {
  readonly url: string
  readonly events: ReadonlyArray<Event>
}

export const start = (target: string, script: Script): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly proxy: Proxy; readonly close: Effect.Effect<void> }>((resume) => {
      const upstream = new Http.Agent({ keepAlive: true })
      const events: Array<Event> = []
      const server = Http.createServer((request, response) => {
        serve({ target, upstream, script, events }, request, response).catch(() => request.socket.destroy())
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo // of a server that listens on a port
        const close = Effect.callback<void>((done) => {
          upstream.destroy()
          server.close(() => done(Effect.void))
          server.closeAllConnections()
        })
        resume(Effect.succeed({ proxy: { url: `http://127.0.0.1:${port}`, events }, close }))
      })
    }),
    ({ close }) => close
  ).pipe(Effect.map(({ proxy }) => proxy))

interface Setting {
  readonly target: string
  readonly upstream: Http.Agent
  readonly script: Script
  readonly events: Array<Event>
}

const serve = async (setting: Setting, request: Http.IncomingMessage, response: Http.ServerResponse): Promise<void> => {
  const { events, script } = setting
  const gone = new Promise<void>((resolve) => response.once("close", resolve))
  const body = await textOf(request)
  const action = actionOf(request.url ?? "")
  const number = events.filter((event) => event.action === action).length
  const asked: Request = { action, number, body }
  const fault = script(asked)
  events.push({ ...asked, fault, at: performance.now() })
  const forward = (change: Change = {}) => send(setting, request, body, change)
  const { socket } = request
  switch (fault?._tag) {
    case undefined:
      return pass(response, await forward())
    case "otherwise":
      return pass(response, await forward(fault))
    case "answer":
      if (fault.applied === true) await forward()
      response.writeHead(fault.status, fault.headers)
      return void response.end(fault.text)
    case "reset":
      if (fault.applied) await forward()
      return void socket.resetAndDestroy()
    case "silence":
      if (fault.applied) await forward()
      return
    case "half": {
      const bytes = bytesOf(await forward())
      return void socket.end(bytes.subarray(0, bytes.length >> 1))
    }
    case "trickle":
      return trickle(socket, bytesOf(await forward()), fault.millis)
    case "afterwards":
      await gone
      await new Promise((resolve) => setTimeout(resolve, fault.millis))
      return void await forward()
  }
}

const actionOf = (path: string): Action => {
  const { pathname } = new URL(path, "http://proxy")
  return actions.find((action) => pathname === `/api/v2/${action}`) ?? "other"
}

const actions = ["write", "query", "delete"] as const

const textOf = async (message: Http.IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
}

interface Change {
  readonly token?: string
  readonly bucket?: string
}

/** What the server itself says to a request. */
const send = (setting: Setting, request: Http.IncomingMessage, body: string, { bucket, token }: Change) => {
  const { target, upstream } = setting
  const url = new URL(request.url ?? "/", target)
  if (bucket !== undefined) url.searchParams.set("bucket", bucket)
  const headers = { ...request.headers, ...(token === undefined ? {} : { authorization: `Token ${token}` }) }
  delete headers.host
  delete headers.connection
  return new Promise<Answer>((resolve, reject) => {
    const sent = Http.request(url, { method: request.method, headers, agent: upstream }, (answer) => {
      textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }), reject)
    })
    sent.on("error", reject)
    sent.end(body)
  })
}

const pass = (response: Http.ServerResponse, { headers, status, text }: Answer): void => {
  response.writeHead(status, withoutHops(headers))
  response.end(text)
}

/** The answer as it goes over the wire, with its length, so that a half of it can be told from the whole. */
const bytesOf = ({ headers, status, text }: Answer): Buffer => {
  const lines = Object.entries(withoutHops(headers)).map(([name, value]) => `${name}: ${String(value)}\r\n`)
  const length = status === 204 ? "" : `content-length: ${Buffer.byteLength(text)}\r\n`
  return Buffer.from(`HTTP/1.1 ${status} ${Http.STATUS_CODES[status] ?? ""}\r\n${lines.join("")}${length}\r\n${text}`)
}

const hops: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"])

const withoutHops = (headers: Http.IncomingHttpHeaders): Http.IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hops.has(name)))

/** Some hundred pieces, evenly, to the end or until the client has gone away; then the connection ends. */
const trickle = async (socket: Socket, bytes: Buffer, millis: number): Promise<void> => {
  const pieces = Math.min(bytes.length, 100)
  for (let i = 0; i < pieces && !socket.destroyed; i++) {
    socket.write(bytes.subarray(Math.floor(i * bytes.length / pieces), Math.floor((i + 1) * bytes.length / pieces)))
    await new Promise((resolve) => setTimeout(resolve, millis / pieces))
  }
  socket.end()
}
