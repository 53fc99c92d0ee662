/**
 * Requests to an InfluxDB, one attempt each. The official client does the transport; its batching and its retries are not
 * used, since they drop lines.
 */
import { chunksToLines, type FluxTableMetaData, type Headers, HttpError, InfluxDB, linesToTables } from "@influxdata/influxdb-client"
import { Clock, Duration, Effect, Redacted, type Scope } from "effect"
import * as Http from "node:http"
import * as Https from "node:https"
import { fromFailure, InfluxdbError, type Target } from "./InfluxdbError.ts"

export interface Options {
  readonly target: Target
  readonly token: Redacted.Redacted
  /** After this long without an answer, or a further part of one, an attempt has failed. */
  readonly timeout: Duration.Duration
}

/** Gives a value of a row by the name of its column, as text; empty where there is none. */
export type Row = (column: string) => string

/** The connections are closed with the scope. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const { target, timeout, token } = options
  const { transport } = new InfluxDB({
    url: target.url,
    token: Redacted.value(token),
    // The library's own time-out leaves the request open; ours ends it.
    timeout: 0,
    transportOptions: { agent: yield* agentFor(target.url) }
  })
  const attempt = attempting(target, timeout)

  /** What InfluxDB has done it answers with nothing: a page, say of a proxy that wants a log-in, is no sign of it. */
  const command = (path: string, body: string, type: string) =>
    attempt((signal) =>
      new Promise<void>((resolve, reject) => {
        const options = { method: "POST", headers: { "content-type": type }, signal }
        const started = (_: unknown, status = 0) => {
          if (status < 300 && status !== 204) reject(notOurs(status))
        }
        transport.request(path, body, options, started).then(resolve, reject)
      })
    )

  /** Runs a Flux script and gives what `toItem` makes of each row. */
  const query = <A>(path: string, flux: string, toItem: (row: Row) => A) =>
    attempt((signal, heard) =>
      new Promise<ReadonlyArray<A>>((resolve, reject) => {
        const items: Array<A> = []
        const rows = linesToTables({
          next: (values, meta) => void items.push(toItem(rowOf(values, meta))),
          error: reject,
          complete: () => resolve(items)
        })
        const headers = { "content-type": "application/vnd.flux", accept: "application/csv" }
        const lines = chunksToLines(rows, transport.chunkCombiner)
        const chunks = {
          ...lines,
          responseStarted: (answer: Headers, status = 0) => {
            if (status < 300 && !String(answer["content-type"]).includes("csv")) reject(notOurs(status))
          },
          next: (chunk: Uint8Array) => (heard(), lines.next(chunk))
        }
        transport.send(path, flux, { method: "POST", headers, signal }, chunks)
      })
    )

  const get = (path: string, started?: (headers: Headers) => void) =>
    attempt<unknown>((signal) => transport.request(path, "", { method: "GET", signal }, started))

  const post = (path: string, body: unknown) =>
    attempt<unknown>((signal) => transport.request(path, body, { method: "POST", signal }))

  return { command, query, get, post }
})

/** One attempt, which is ended, connection and all, when it is silent for too long or when nobody waits for it. */
const attempting = (target: Target, timeout: Duration.Duration) =>
  <A>(send: (signal: AbortSignal, heard: () => void) => Promise<A>) =>
    Effect.suspend(() => {
      let isSilent = true
      const request = Effect.tryPromise({
        try: (signal) => send(signal, () => isSilent = false),
        catch: (failure) => failure
      }).pipe(
        Effect.catch((failure) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.fail(fromFailure(target, failure, now))))
      )
      const silence = Effect.gen(function*() {
        do {
          isSilent = true
          yield* Effect.sleep(timeout)
        } while (!isSilent)
        return yield* new InfluxdbError({ reason: "unreachable", message: `no answer within ${Duration.format(timeout)}` })
      })
      return Effect.raceFirst(request, silence)
    })

const rowOf = (values: ReadonlyArray<string>, meta: FluxTableMetaData): Row => {
  // A script that fails when rows have been sent already says so in a table of its own.
  if (meta.columns[0]?.label === "error") throw new Error(`the query failed: ${values[0] ?? ""}`)
  return (column) => values[meta.column(column, false).index] ?? ""
}

/** An answer that all is well, of something that is no InfluxDB. */
const notOurs = (status: number) =>
  new HttpError(status, undefined, undefined, undefined, undefined, "no answer of an InfluxDB")

/** Connections that are kept between requests. */
const agentFor = (url: string): Effect.Effect<Http.Agent, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => url.startsWith("https:") ? new Https.Agent({ keepAlive: true }) : new Http.Agent({ keepAlive: true })),
    (agent) => Effect.sync(() => agent.destroy())
  )
