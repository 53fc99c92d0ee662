/** Requests that no browser sends, byte for byte over a socket: every answer has the page's headers, and none is a 500. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import * as FastCheck from "fast-check"
import { connect } from "node:net"
import { Dashboard } from "../../../src/adapters/dashboard/Dashboard.ts"
import * as NodeServer from "../../../src/adapters/dashboard/NodeServer.ts"
import { candles1m } from "../../../src/analytics/candles.ts"
import { Feed, type Freshness } from "../../../src/streams/ports/Feed.ts"
import { Monitor } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const feed = Layer.succeed(Feed, {
  name: "test",
  freshness: Effect.succeed<Freshness>({ _tag: "live" }),
  hasGivenAll: Effect.succeed(true),
  events: () => Stream.never
})

const token = "a token of a test"

const dashboard = (token?: string) =>
  Dashboard.layer({
    host: "127.0.0.1",
    port: 0,
    pipelines: [candles1m],
    ...(token === undefined ? {} : { token: Redacted.make(token) })
  }).pipe(Layer.provide(Layer.mergeAll(feed, Monitor.layer, ResultSink.layerMemory)))

const portOf = Dashboard.use(({ url }) => Effect.succeed(Number(new URL(url).port)))

/** Milliseconds that a request is waited for of which the server may want more than it gets. */
const brief = 300

/** What comes back until the server closes the connection; a request that it still waits for is cut short after a while. */
const send = (port: number, bytes: string, patience: number): Promise<string> =>
  new Promise((resolve) => {
    let received = ""
    const socket = connect({ port, host: "127.0.0.1" })
    socket.setEncoding("latin1")
    socket.setTimeout(patience, () => socket.end())
    socket.on("data", (part: string) => void (received += part))
    // Where the server stops reading in the middle the connection is reset, maybe after its answer.
    socket.on("error", () => {})
    socket.on("close", () => resolve(received))
    socket.write(bytes, "latin1")
  })

/** The heads of all answers in it: an answer that no length ends is the last. */
const headsOf = (received: string): ReadonlyArray<string> => {
  const heads: Array<string> = []
  for (let rest = received; rest.startsWith("HTTP/1.1 ");) {
    const end = rest.indexOf("\r\n\r\n")
    assert.isAbove(end, 0, received)
    const head = rest.slice(0, end)
    heads.push(head)
    rest = rest.slice(end + 4 + Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0))
  }
  return heads
}

const required = [
  /^content-security-policy: default-src 'none'; /im,
  /^cross-origin-opener-policy: same-origin$/im,
  /^cross-origin-resource-policy: same-origin$/im,
  /^referrer-policy: no-referrer$/im,
  /^x-content-type-options: nosniff$/im
]

/** The statuses of the answers, after a look at the headers of each. */
const answersTo = async (port: number, bytes: string, patience = brief): Promise<ReadonlyArray<number>> => {
  const received = await send(port, bytes, patience)
  const heads = headsOf(received)
  assert.strictEqual(received === "", heads.length === 0, received)
  return heads.map((head) => {
    const shown = `${JSON.stringify(bytes.slice(0, 200))} was answered ${head}`
    for (const header of required) assert.match(head, header, shown)
    const status = Number(head.slice(9, 12))
    assert.isBelow(status, 500, shown)
    return status
  })
}

const get = (target: string, ...headers: ReadonlyArray<string>) => (port: number): string =>
  ask(`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`, "Connection: close", ...headers)

const ask = (...lines: ReadonlyArray<string>): string => `${lines.join("\r\n")}\r\n\r\n`

type Requests = ReadonlyArray<readonly [what: string, request: (port: number) => string, status: number]>

/** What a route answers, or would if there were one. */
const routed: Requests = [
  ["two slashes", get("//"), 200],
  ["three slashes", get("///"), 200],
  ["no host after two slashes", get("//:1"), 404],
  ["an absolute target that is none", get("http://"), 404],
  ["an absolute target with a bad port", get("http://a:99999999/"), 404],
  ["a bracket that stays open", get("//["), 404],
  ["percent-encoding cut short", get("/%"), 404],
  ["percent-encoding that is none", get("/%zz"), 404],
  ["bytes that are no UTF-8", get("/%ff%fe"), 404],
  ["half of a surrogate pair", get("/%ed%a0%80"), 404],
  ["an encoded NUL", get("/%00"), 404],
  ["bad percent-encoding in a parameter", get("/api/panes?pipeline=%ff%zz"), 400],
  ["bad percent-encoding in a key", get("/api/panes?key=%ff%zz&limit=%"), 400],
  ["a parameter named like a prototype", get("/api/panes?__proto__=1&constructor=2"), 400],
  ["a star", get("*"), 404],
  ["a long path", get(`/${"a".repeat(8_000)}`), 404],
  ["a path longer than a file name", get(`/${"a/".repeat(4_000)}`), 404],
  ["an expectation", get("/", "Expect: 100-continue"), 200],
  ["an upgrade to a web socket", get("/", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), 200],
  [
    "an upgrade to something else with a body",
    get("/", "Upgrade: other", "Connection: Upgrade", "Transfer-Encoding: chunked"),
    200
  ],
  ["a range, which is not looked at", get("/main.js", "Range: bytes=9-1"), 200],
  ["a condition that is none", get("/main.js", "If-Modified-Since: yesterday", "If-None-Match: \xff"), 200],
  ["a file that has not changed", get("/main.js", "If-None-Match: *"), 304],
  ["cookies that are none", get("/", "Cookie: =;;=%;a=%zz;\xff"), 200],
  ["a slash too many", get("/api/panes/"), 200],
  ["a slash behind a file", get("/main.js/"), 200],
  ["a path through a file", get("/main.js/x"), 404],
  ["a fragment behind a file and a slash", get("/main.js/#"), 404]
]

const cutShort = "GET / HTTP/1.1\r\nHost: a"

/** What never comes to a route. */
const refused: Requests = [
  ["a path over the limit", get(`/${"a".repeat(20_000)}`), 431],
  ["a header over the limit", get("/", `X: ${"a".repeat(20_000)}`), 431],
  ["very many headers", get("/", ...Array.from({ length: 3_000 }, (_, index) => `X${index}: 1`)), 431],
  ["no Host", () => ask("GET / HTTP/1.1", "Connection: close"), 421],
  ["no Host in HTTP/1.0", () => ask("GET / HTTP/1.0"), 421],
  ["an empty Host", () => ask("GET / HTTP/1.1", "Host:", "Connection: close"), 421],
  ["a Host that is none", () => ask("GET / HTTP/1.1", "Host: [::", "Connection: close"), 421],
  ["another Host", () => ask("GET / HTTP/1.1", "Host: evil.example", "Connection: close"), 421],
  ["an unknown method", (port) => get("/")(port).replace("GET", "BREW"), 400],
  ["another method", (port) => get("/")(port).replace("GET", "POST"), 405],
  ["a method of WebDAV", (port) => get("/")(port).replace("GET", "PROPFIND"), 405],
  ["no method", () => "\r\n\r\n / HTTP/1.1\r\n\r\n", 400],
  ["HTTP/2", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["HTTP/3.7", (port) => get("/")(port).replace("HTTP/1.1", "HTTP/3.7"), 400],
  ["TLS", () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["a header without a colon", get("/", "nonsense"), 400],
  ["a line feed alone", () => "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["a request cut short", () => cutShort, 400],
  ["both lengths", get("/", "Content-Length: 5", "Transfer-Encoding: chunked"), 400],
  ["a length that is none", get("/", "Content-Length: many"), 400],
  ["another expectation", get("/", "Expect: miracles"), 417]
]

/** Pieces of requests, those that once went wrong among them. */
const target = FastCheck.tuple(
  FastCheck.constantFrom("/", "/", "//", "/api/panes?", "/main.js", `/${"a".repeat(300)}`, "http:", ""),
  FastCheck.array(
    FastCheck.constantFrom(
      ..."/ // . .. % %2f %5c %00 %zz %ff \\ ? # & = : @ [ ] * a api panes vendor token limit \x80".split(" ")
    ),
    { maxLength: 8 }
  )
).map(([start, pieces]) => start + pieces.join(""))

const header = FastCheck.oneof(
  FastCheck.constantFrom("Connection: close", "Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
  FastCheck.constantFrom("Expect: 100-continue", "Expect: x"),
  FastCheck.constantFrom("Content-Length: 3", "Content-Length: -1", "Transfer-Encoding: chunked", "Range: bytes=-0"),
  FastCheck.constantFrom("Cookie: a=%;b", "Authorization: Bearer", "Accept: \xff", "Host: [", "X", ": ", " folded"),
  FastCheck.string({ unit: "binary-ascii", maxLength: 20 })
)

const request = FastCheck.record({
  method: FastCheck.constantFrom("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "CONNECT", "get", ""),
  target,
  version: FastCheck.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9.9", ""),
  host: FastCheck.constantFrom("ours", "ours", "ours", "none", "", "evil.example", "[::", "%"),
  headers: FastCheck.array(header, { maxLength: 3 }),
  rest: FastCheck.constantFrom("", "", "", "abc", "0\r\n\r\n", "zz\r\n", "GET // HTTP/1.1\r\n\r\n", "\x00\xff")
})

type Sent = typeof request extends FastCheck.Arbitrary<infer R> ? R : never

const bytesOf = (port: number, { headers, host, method, rest, target, version }: Sent): string => {
  const lines = host === "none" ? [] : [`Host: ${host === "ours" ? `127.0.0.1:${port}` : host}`]
  return ask(`${method} ${target} ${version}`, ...lines, "Connection: close", ...headers) + rest
}

const holdsForAny = (port: number) =>
  Effect.promise(() =>
    FastCheck.assert(
      FastCheck.asyncProperty(FastCheck.array(request, { minLength: 10, maxLength: 20 }), async (requests) => {
        await Promise.all(requests.map((request) => answersTo(port, bytesOf(port, request))))
      }),
      { numRuns: 60 }
    ))

/** A whole request is answered, however busy the machine is. */
const statusesOf = (port: number, request: (port: number) => string) =>
  Effect.suspend(() => {
    const bytes = request(port)
    return Effect.promise(() => answersTo(port, bytes, bytes === cutShort ? brief : 60_000))
  })

describe("a hostile request", () => {
  it.live("is answered with the headers, and what it gets is said", () =>
    Effect.gen(function*() {
      const port = yield* portOf
      for (const [what, request, status] of [...routed, ...refused]) {
        assert.deepStrictEqual(yield* statusesOf(port, request), [status], what)
      }
    }).pipe(Effect.provide(dashboard())))

  it.live("comes to no route without the token", () =>
    Effect.gen(function*() {
      const port = yield* portOf
      for (const [what, request] of routed) assert.deepStrictEqual(yield* statusesOf(port, request), [401], what)
      for (const [what, request, status] of refused) {
        assert.deepStrictEqual(yield* statusesOf(port, request), [status], what)
      }
      assert.deepStrictEqual(yield* statusesOf(port, get(`//?token=${encodeURIComponent(token)}`)), [303])
    }).pipe(Effect.provide(dashboard(token))))

  it.live("of any kind is answered so, or not at all", () =>
    Effect.andThen(portOf, holdsForAny).pipe(Effect.provide(dashboard())), 60_000)

  it.live("of any kind is answered so where there is a token", () =>
    Effect.andThen(portOf, holdsForAny).pipe(Effect.provide(dashboard(token))), 60_000)

  it.live("that does not come in time is answered so, and one behind an answer that has begun is not", () =>
    Effect.gen(function*() {
      const server = NodeServer.make()
      server.on("connection", (socket) => {
        server.emit("clientError", Object.assign(new Error("slow"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket)
        server.emit("clientError", new Error("again"), socket)
      })
      const port = yield* Effect.acquireRelease(
        Effect.callback<number>((resume) => {
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
          })
        }),
        () => Effect.sync(() => server.close())
      )
      assert.deepStrictEqual(yield* Effect.promise(() => answersTo(port, "GET")), [408])
    }))
})
