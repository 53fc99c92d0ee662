/**
 * One bucket of an InfluxDB, and what is asked of it. Each request is one attempt: what may be repeated, and for how long,
 * is said by those who make it, with `retryPolicy`.
 *
 * Source: https://docs.influxdata.com/influxdb/v2/api/v2/
 */
import { HttpError } from "@influxdata/influxdb-client"
import { Clock, Context, Duration, Effect, Layer, type Redacted, Schema } from "effect"
import { literal } from "./Flux.ts"
import { InfluxdbError } from "./InfluxdbError.ts"
import * as Requests from "./Requests.ts"
import * as RetryPolicy from "./RetryPolicy.ts"
import { WriteStatistics } from "./WriteStatistics.ts"

export interface Options {
  /** `http://127.0.0.1:8086`, with a path where a proxy has one; without user and password. */
  readonly url: string
  readonly org: string
  readonly bucket: string
  /** One that reads and writes the bucket; it appears in no message. */
  readonly token: Redacted.Redacted
  /** After this long without an answer, or a further part of one, a request is sent again; 30 seconds unless told. */
  readonly requestTimeout?: Duration.Input | undefined
  /** For how long the server may be away at the start; half a minute unless told. Later it may be away for ever. */
  readonly connectTimeout?: Duration.Input | undefined
}

export interface Bucket {
  readonly id: string
  /** How long points are kept, in milliseconds; `null` for ever. */
  readonly retention: number | null
}

export class Connection extends Context.Service<Connection, {
  readonly url: string
  readonly org: string
  readonly bucket: string
  readonly retryPolicy: RetryPolicy.RetryPolicy
  readonly statistics: WriteStatistics
  readonly connectTimeout: Duration.Duration
  /** Writes lines of line protocol with timestamps in milliseconds; done when they are durable. */
  readonly write: (lines: string) => Effect.Effect<void, InfluxdbError>
  /** Runs a Flux script and gives what `toItem` makes of each row. */
  readonly query: <A>(flux: string, toItem: (row: Requests.Row) => A) => Effect.Effect<ReadonlyArray<A>, InfluxdbError>
  /** Deletes points from `start` to `stop`, both inclusive and RFC 3339, that the predicate fits. */
  readonly delete: (predicate: string, start: string, stop: string) => Effect.Effect<void, InfluxdbError>
  /** Writes nothing and reads next to nothing: fails where the token may not, or where there is no such bucket. */
  readonly probe: Effect.Effect<void, InfluxdbError>
  /** The version the server says it is, and how far its clock is ahead of ours, in milliseconds to a second. */
  readonly server: Effect.Effect<{ readonly version: string; readonly clockAhead: number }, InfluxdbError>
  /** `null` where there is none that the token may see. */
  readonly describeBucket: Effect.Effect<Bucket | null, InfluxdbError>
  /** Makes the bucket, to keep points for so long, for ever unless told. One that is there is left as it is. */
  readonly createBucket: (retention?: Duration.Input) => Effect.Effect<void, InfluxdbError>
}>()("courant/influxdb/Connection") {
  /** Makes no request: fails only where the URL is none. */
  static readonly layer = (options: Options): Layer.Layer<Connection, InfluxdbError> => Layer.effect(Connection, make(options))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const { bucket, org } = options
  const url = yield* checkedUrl(options.url)
  const requestTimeout = Duration.fromInputUnsafe(options.requestTimeout ?? "30 seconds")
  const requests = yield* Requests.make({ target: { url, org, bucket }, token: options.token, timeout: requestTimeout })

  const writePath = at("/api/v2/write", { org, bucket, precision: "ms" })
  const write = (lines: string) => requests.command(writePath, lines, "text/plain; charset=utf-8")

  const queryPath = at("/api/v2/query", { org })
  const query = <A>(flux: string, toItem: (row: Requests.Row) => A) => requests.query(queryPath, flux, toItem)

  const deletePath = at("/api/v2/delete", { org, bucket })

  const describeBucket = requests.get(at("/api/v2/buckets", { org, name: bucket })).pipe(
    Effect.flatMap(decodeBuckets),
    Effect.map(({ buckets: [found] }) => found === undefined ? null : { id: found.id, retention: retentionOf(found) }),
    Effect.catchTag("InfluxdbError", (error) => error.reason === "not-found" ? Effect.succeed(null) : Effect.fail(error)),
    Effect.catchTag("SchemaError", (error) => Effect.fail(strange(url, error)))
  )

  return Connection.of({
    url,
    org,
    bucket,
    retryPolicy: RetryPolicy.make(url),
    statistics: new WriteStatistics(),
    connectTimeout: Duration.fromInputUnsafe(options.connectTimeout ?? "30 seconds"),
    write,
    query,
    delete: (predicate, start, stop) =>
      requests.command(deletePath, JSON.stringify({ start, stop, predicate }), "application/json").pipe(
        Effect.mapError((error) => isUnknownPath(error) ? cannotDelete(url, error) : error)
      ),
    probe: Effect.andThen(
      write(""),
      query(`from(bucket: ${literal(bucket)}) |> range(start: -1s) |> limit(n: 1)`, () => null)
    ).pipe(Effect.asVoid),
    server: Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      let date = ""
      const health = yield* requests.get("/health", (headers) => date = String(headers["date"])).pipe(
        Effect.flatMap(decodeHealth),
        Effect.catchTag("SchemaError", (error) => Effect.fail(strange(url, error)))
      )
      // The header has whole seconds, rounded down.
      return { version: health.version, clockAhead: Date.parse(date) + 500 - before }
    }),
    describeBucket,
    createBucket: Effect.fnUntraced(function*(retention) {
      if ((yield* describeBucket) !== null) return
      const found = yield* requests.get(at("/api/v2/orgs", { org })).pipe(
        Effect.flatMap(decodeOrgs),
        Effect.catchTag("SchemaError", (error) => Effect.fail(strange(url, error)))
      )
      const [organization] = found.orgs
      if (organization === undefined) {
        return yield* new InfluxdbError({
          reason: "organization-hidden",
          message: `InfluxDB at ${url} shows the token no organization ${org}`
        })
      }
      const seconds = retention === undefined ? 0 : Math.ceil(Duration.toSeconds(retention))
      yield* requests.post("/api/v2/buckets", {
        orgID: organization.id,
        name: bucket,
        retentionRules: seconds === 0 ? [] : [{ type: "expire", everySeconds: seconds }]
      })
    })
  })
})

const at = (path: string, parameters: Record<string, string>): string =>
  `${path}?${new URLSearchParams(parameters).toString()}`

const decodeHealth = Schema.decodeUnknownEffect(Schema.Struct({ version: Schema.String }))

const decodeOrgs = Schema.decodeUnknownEffect(
  Schema.Struct({ orgs: Schema.Array(Schema.Struct({ id: Schema.String })) })
)

const Found = Schema.Struct({
  id: Schema.String,
  retentionRules: Schema.Array(Schema.Struct({ everySeconds: Schema.Finite }))
})

const decodeBuckets = Schema.decodeUnknownEffect(Schema.Struct({ buckets: Schema.Array(Found) }))

/** InfluxDB counts in seconds, and takes 0 as for ever. */
const retentionOf = ({ retentionRules: [rule] }: typeof Found.Type): number | null =>
  rule === undefined || rule.everySeconds === 0 ? null : rule.everySeconds * 1_000

const strange = (url: string, cause: Schema.SchemaError) =>
  new InfluxdbError({
    reason: "not-understood",
    message: `what answered at ${url} is no InfluxDB 2`,
    cause
  })

/** A 404 that names no bucket. */
const isUnknownPath = ({ cause, reason }: InfluxdbError): boolean =>
  reason === "not-understood" && cause instanceof HttpError && cause.statusCode === 404

const cannotDelete = (url: string, cause: InfluxdbError) =>
  new InfluxdbError({
    reason: "cannot-delete",
    message: `InfluxDB at ${url} cannot delete points (1.8 has no /api/v2/delete), which windows that are taken back need`,
    cause
  })

/** Without a slash at its end. Whoever puts a password into it would see it in messages. */
const checkedUrl = Effect.fnUntraced(function*(text: string) {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    return yield* new InfluxdbError({
      reason: "invalid-url",
      message: "the URL of InfluxDB has to be like http://127.0.0.1:8086"
    })
  }
  if (url.username !== "" || url.password !== "") {
    return yield* new InfluxdbError({
      reason: "password-in-url",
      message: "the URL of InfluxDB has a user or a password in it"
    })
  }
  return url.href.replace(/(?:\/api\/v2)?\/*$/, "")
})
