/** What `courant doctor` looks at where the environment names an InfluxDB. It changes nothing unless asked to make the bucket. */
import { Duration, Effect } from "effect"
import { Connection, type Options } from "../../adapters/influxdb/Connection.ts"
import type { InfluxdbError } from "../../adapters/influxdb/InfluxdbError.ts"
import * as Advice from "../terminal/Advice.ts"
import { bad, type Finding, note, ok } from "../terminal/Finding.ts"

export interface Choice {
  readonly connection: Options
  /** Whether to make the bucket where there is none. */
  readonly create: boolean
}

export const findings = ({ connection, create }: Choice): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const { connectTimeout, retryPolicy, server, url } = yield* Connection
    const { clockAhead, version } = yield* retryPolicy.within(connectTimeout)(server)
    const found = [ok("influxdb", `${url}: InfluxDB ${version.replace(/^v/, "")}`), clock(clockAhead)]
    const made = create ? [yield* make] : []
    return made.some(({ state }) => state === "bad") ? [...found, ...made] : [...found, ...made, ...yield* check]
  }).pipe(
    Effect.provide(Connection.layer(connection)),
    Effect.catch((error) => Effect.succeed([bad("influxdb", Advice.sentence(error))]))
  )

/** Metrics and alerts go by both clocks. */
const clock = (ahead: number): Finding => {
  const off = Math.abs(ahead)
  if (off < 3_000) return ok("clock", "the clock of InfluxDB agrees with this machine's")
  const words = `the clock of InfluxDB is ${Duration.format(Duration.seconds(Math.round(off / 1_000)))} ${ahead > 0 ? "ahead of" : "behind"} this machine's`
  return note("clock", `${words}: --since, delays and alerts will be off by as much; fix it on the machine that is wrong with: timedatectl set-ntp true`)
}

const make = Effect.gen(function*() {
  const { bucket, createBucket, describeBucket, org } = yield* Connection
  const attempt = Effect.gen(function*() {
    if ((yield* describeBucket) !== null) return ok("create", `the bucket ${bucket} is there already`)
    yield* createBucket()
    return ok("create", `created the bucket ${bucket} of ${org}, which keeps points for ever`)
  })
  return yield* Effect.catch(attempt, (error) => Effect.succeed(
    bad("create", `the bucket ${bucket} was not created: ${Advice.sentence(error)}; create it with a token that may: ${createCommand(org, bucket)}`)
  ))
})

/** Whether the token writes and reads, as the engine does, and what becomes of points. */
const check = Effect.gen(function*() {
  const connection = yield* Connection
  const writing = yield* Effect.result(connection.write(""))
  if (writing._tag === "Failure") return [cannotWrite(connection, writing.failure)]
  const reading = yield* Effect.result(connection.probe)
  if (reading._tag === "Failure") {
    return [bad("token", `it writes the bucket ${connection.bucket} and cannot read it; ${newToken(connection)}`)]
  }
  return [
    ok("token", `COURANT_INFLUXDB_TOKEN reads and writes the bucket ${connection.bucket} of ${connection.org}`),
    yield* Effect.catch(retention, (error) => Effect.succeed(note("retention", `not known: ${Advice.sentence(error)}`)))
  ]
})

type Where = Pick<Connection["Service"], "bucket" | "org">

const cannotWrite = (where: Where, error: InfluxdbError): Finding => {
  const { message, reason } = error
  if (reason === "not-allowed") return bad("token", `${Advice.sentence(error)}; ${newToken(where)}`)
  if (reason !== "not-found") return bad("token", Advice.sentence(error))
  const { bucket, org } = where
  return message.includes("organization")
    ? bad("org", `there is no organization ${org}; set COURANT_INFLUXDB_ORG, or make it with: influx org create --name ${quoted(org)}`)
    : bad("bucket", `there is no bucket ${bucket}; make it with: courant doctor --create`)
}

/** Windows are kept by their starts, and older ones are refused. */
const retention = Effect.gen(function*() {
  const { bucket, describeBucket } = yield* Connection
  const found = yield* describeBucket
  if (found === null) return note("retention", "not known: the token does not see the settings of the bucket")
  if (found.retention === null) return ok("retention", `${bucket} keeps everything`)
  const length = Duration.format(Duration.millis(found.retention))
  const lost = found.retention < longestWindow
    ? `windows of a day are refused when they end: ${length} is less than they last`
    : "windows that began earlier are refused, those of the recorded session of 2013 among them, or deleted"
  return note("retention", `${bucket} keeps points for ${length}: ${lost}; keep them with: influx bucket update --id ${found.id} --retention 0`)
})

/** A day of New York that is an hour longer than others, and the same again for what comes late. */
const longestWindow = 50 * 3_600_000

const newToken = ({ org }: Where): string =>
  `make one that does both with: influx auth create --org ${quoted(org)} --read-buckets --write-buckets`

const createCommand = (org: string, bucket: string): string =>
  `influx bucket create --org ${quoted(org)} --name ${quoted(bucket)} --retention 0`

/** As a shell wants it. */
const quoted = (text: string): string => /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
