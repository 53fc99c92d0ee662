/**
 * A server on this machine that plays Yahoo Finance: the page that sets the cookie, the
 * consent form, the crumb, quotes and charts. yahoo-finance2 reaches it through its own
 * `fetch` option, which turns `https://host/path` into `http://127.0.0.1:port/host/path`.
 */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { fixture } from "./fixtures.ts"

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Request {
  readonly host: string
  readonly path: string
  readonly query: URLSearchParams
  readonly method: string
  readonly cookie: string
}

export interface FakeYahoo {
  readonly fetch: typeof fetch
  /** What was asked for, in order, without queries. */
  readonly requests: Array<string>
  /** How requests are answered; tests change it as they go. */
  answers: {
    page: (request: Request) => Answer
    crumb: () => Answer
    quote: (symbols: ReadonlyArray<string>, crumb: string | null) => Answer
    chart: (symbol: string, interval: string, query: URLSearchParams) => Answer
    other: (request: Request) => Answer
  }
}

export const make: Effect.Effect<FakeYahoo, never, Scope.Scope> = Effect.gen(function*() {
  const requests: Array<string> = []
  const answers: FakeYahoo["answers"] = {
    page: () => ({ headers: { "set-cookie": "A3=d=cookie; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure" } }),
    crumb: () => ({ body: crumb, headers: { "content-type": "text/plain" } }),
    quote: (symbols) => ({ body: quotes(symbols.map((symbol) => known[symbol])) }),
    chart: () => notFound,
    other: () => ({ status: 404 })
  }
  const answer = (request: Request): Answer => {
    if (request.path === "/v1/test/getcrumb") return answers.crumb()
    if (request.path === "/v7/finance/quote") {
      return answers.quote((request.query.get("symbols") ?? "").split(","), request.query.get("crumb"))
    }
    const chart = /^\/v8\/finance\/chart\/(.+)$/.exec(request.path)
    if (chart?.[1] !== undefined) {
      return answers.chart(decodeURIComponent(chart[1]), request.query.get("interval") ?? "", request.query)
    }
    return request.host === "finance.yahoo.com" ? answers.page(request) : answers.other(request)
  }

  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((incoming, outgoing) => {
        const request = read(incoming)
        requests.push(`${request.method} ${request.host}${request.path}`)
        const { body, headers = {}, status = 200 } = answer(request)
        const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body)
        outgoing.writeHead(status, { "content-type": "application/json;charset=utf-8", ...headers }).end(text)
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    answers,
    requests,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      return fetch(`http://127.0.0.1:${port}/${url.host}${url.pathname}${url.search}`, init)
    }
  }
})

export const crumb = "Tn0i8ezDdDB"

const read = ({ headers, method = "GET", url = "/" }: IncomingMessage): Request => {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1")
  const [, host = "", ...path] = pathname.split("/")
  return { host, path: `/${path.join("/")}`, query: searchParams, method, cookie: headers.cookie ?? "" }
}

// The form of an answer for quotes.
const firstQuotes = (file: string) =>
  (fixture(file) as { quoteResponse: { result: ReadonlyArray<Record<string, unknown>> } }).quoteResponse.result

/** The recorded quotes by symbol. */
export const known: Readonly<Record<string, Record<string, unknown>>> = Object.fromEntries(
  ["aapl-baba", "btc-usd", "eurusd_x", "gc_f", "ldo.mi", "ocdo.l", "adh-no-price", "brks-stub"]
    .flatMap((name) => firstQuotes(`quote-${name}.json`))
    .map((quote) => [String(quote.symbol), quote])
)

export const quotes = (result: ReadonlyArray<Record<string, unknown> | undefined>) => ({
  quoteResponse: { result: result.filter((quote) => quote !== undefined), error: null }
})

export const notFound: Answer = { status: 404, body: fixture("chart-404-delisted.json") }

export const tooManyRequests: Answer = {
  status: 429,
  headers: { "content-type": "text/plain" },
  body: "Too Many Requests\r\n"
}

export const invalidCrumb: Answer = {
  status: 401,
  body: { finance: { result: null, error: { code: "Unauthorized", description: "Invalid Crumb" } } }
}
