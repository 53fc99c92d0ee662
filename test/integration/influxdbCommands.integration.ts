/** The commands over a real InfluxDB: sinks beside each other, reading back, doctor, refused panes, the documentation's queries. */
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Redacted } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Kafka } from "../../services/testing.ts"
import { account, courant, linesOf, start, temporaryFolder } from "../cli/courant.ts"
import { blocks } from "../docs/Markdown.ts"
import { randomFrom } from "../random.ts"
import { brokers, newTopic } from "./brokers.ts"
import { neverIdle } from "./effort.ts"
import { newBucket, server } from "./influxdbServer.ts"
import { market } from "./market.ts"

const influxdb = server()

/** A folder, a bucket, and commands that are told by the environment where it is. */
const place = Effect.fnUntraced(function*(retention?: Duration.Input) {
  const { bucket, org, token, url } = yield* newBucket(influxdb, retention)
  const cwd = yield* temporaryFolder
  const env = {
    COURANT_INFLUXDB_URL: url,
    COURANT_INFLUXDB_TOKEN: Redacted.value(token),
    COURANT_INFLUXDB_ORG: org,
    COURANT_INFLUXDB_BUCKET: bucket
  }
  return {
    bucket,
    cwd,
    env,
    /** A request to the server itself. */
    ask: (path: string, init: RequestInit = {}) =>
      Effect.promise(async (signal) => {
        const headers = { authorization: `Token ${Redacted.value(token)}`, "content-type": "application/json" }
        const answer = await fetch(url + path, { ...init, signal, headers })
        return answer.text()
      }),
    run: (args: string, changed: { readonly [name: string]: string } = {}, input = "") =>
      courant(args, { cwd, env: { ...env, ...changed }, input }),
    start: (args: string) => start(args, { cwd, env })
  }
})

type Place = Effect.Success<ReturnType<typeof place>>

const pipelines = ["candles-1m", "candles-5m", "moving-average-5m", "day", "indicators-1m"]
const recorded = "run --feed recorded --speed max --once"

/** Every window of some pipelines as a command reads them. */
const windows = Effect.fnUntraced(function*({ run }: Place, of: ReadonlyArray<string>, flags: string) {
  const outcomes = yield* Effect.forEach(of, (pipeline) => run(`query ${pipeline} --json --from 0 ${flags}`))
  return outcomes.flatMap(({ stdout }) => linesOf(stdout))
})

describe("beside SQLite", () => {
  it.live("the recorded session is read back out of InfluxDB as out of SQLite", () =>
    Effect.gen(function*() {
      const there = yield* place()
      const outcome = yield* there.run(`${recorded} --sink influxdb --sink sqlite`)
      assert.strictEqual(account(outcome), "read 654140, aggregated 654140, late 0, dead-lettered 0, duplicate 0")
      const near = yield* windows(there, pipelines, "--sink sqlite")
      assert.isAbove(near.length, 5_000)
      assert.deepStrictEqual(yield* windows(there, pipelines, "--sink influxdb"), near)

      const table = yield* there.run("query candles-1m SPY --limit 3 --time-zone UTC --sink influxdb")
      assert.deepStrictEqual(linesOf(table.stdout), [
        "start (UTC)            open  high     low   close              mean  volume              vwap  trades  provisional",
        "2013-10-08 23:57:00  165.98   166  165.97  165.97  165.981818181818    1725  165.98                11            0",
        "2013-10-08 23:58:00  166      166  165.97  165.97  165.99625           1495  165.989966555184       8            0",
        "2013-10-08 23:59:00  165.99   166  165.95  165.95  165.968095238095    7925  165.970536277603      21            0"
      ])
      assert.strictEqual(table.stderr, "the newest 3 windows; there are older ones: see --limit, --since and --from\n")
    }))

  it.live("every query of the documentation finds what it is for", () =>
    Effect.gen(function*() {
      const there = yield* place()
      yield* there.run(`${recorded} --log memory --sink influxdb`)
      const queries = blocks.filter(({ language }) => language === "flux" || language === "influxql")
      assert.isAbove(queries.length, 6)
      const found = yield* Effect.forEach(queries, ({ code, language }) =>
        language === "flux" ? flux(there, code) : influxql(there, code))
      queries.forEach(({ file, line }, i) => assert.isAbove(found[i]!.length, 0, `${file}:${line}`))
      // The first are the candles of the regular session, as `query` has them.
      const range = "--from 2013-10-08T13:30:00Z --to 2013-10-08T20:00:00Z --json --sink influxdb"
      const candles = linesOf((yield* there.run(`query candles-1m SPY ${range}`)).stdout).map((line) => JSON.parse(line))
      const closes = candles.map(({ start, values }) => [start, Number(values.close)])
      const closesIn = (rows: ReadonlyArray<Row> = []) => rows.map((row) => [Date.parse(row["_time"] ?? row["time"] ?? ""), Number(row["close"])])
      assert.deepStrictEqual(closesIn(found[0]), closes)
      assert.deepStrictEqual(closesIn(found[queries.findIndex(({ language }) => language === "influxql")]), closes)
    }))
})

/** A row of an answer by the names of its columns. */
type Row = Readonly<Record<string, string>>

const flux = ({ ask, bucket, env }: Place, code: string) => {
  const query = code.replaceAll("\"market\"", JSON.stringify(bucket))
  const body = JSON.stringify({ query, dialect: { annotations: [] } })
  return Effect.map(ask(`/api/v2/query?org=${env.COURANT_INFLUXDB_ORG}`, { method: "POST", body }), (csv) => {
    const [heading = "", ...rows] = csv.trim().split("\r\n")
    assert.match(heading, /^,result,table/, csv)
    return rows.map((row): Row => rowOf(heading.split(","), row.split(",")))
  })
}

const influxql = ({ ask, bucket }: Place, code: string) =>
  Effect.map(ask(`/query?${new URLSearchParams({ db: bucket, q: code }).toString()}`), (text) => {
    const [{ error, series = [] }]: [Answer] = JSON.parse(text).results
    assert.isUndefined(error)
    return series.flatMap(({ columns, values }) => values.map((row): Row => rowOf(columns, row.map(String))))
  })

interface Answer {
  readonly error?: string
  readonly series?: ReadonlyArray<{ readonly columns: ReadonlyArray<string>; readonly values: ReadonlyArray<ReadonlyArray<unknown>> }>
}

const rowOf = (columns: ReadonlyArray<string>, cells: ReadonlyArray<string>): Row =>
  Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]))

describe("a processor", () => {
  it.live("a processor is killed at random moments: InfluxDB has what an undisturbed run has", () =>
    Effect.gen(function*() {
      const there = yield* place()
      const random = randomFrom(1)
      const some = ["candles-1m", "candles-5m"]
      const flags = `--pipelines ${some.join()} --allowed-lateness 10m ${neverIdle}`
      yield* there.run("ingest --feed stdin --topic market", {}, `${market(60_000).join("\n")}\n`)
      let killed = 0
      for (let i = 0; i < 6; i++) {
        const running = yield* there.start(`process --sink influxdb ${flags}`)
        yield* Effect.sleep(300 + random() * 900)
        if (running.child.exitCode === null) killed++
        yield* running.signal("SIGKILL")
      }
      assert.strictEqual(killed, 6)
      const last = yield* there.run(`process --once --sink influxdb ${flags}`)
      assert.strictEqual(last.code, 0, last.stderr)
      // In a folder of its own, from the same log.
      yield* there.run("ingest --feed stdin --topic market --data again", {}, `${market(60_000).join("\n")}\n`)
      const undisturbed = yield* there.run(`process --once --sink sqlite --data again ${flags}`)
      assert.strictEqual(account(last), account(undisturbed))
      const near = yield* windows(there, some, "--sink sqlite --data again")
      assert.isTrue(near.some((line) => line.includes(`"pane":"late"`)))
      assert.deepStrictEqual(yield* windows(there, some, "--sink influxdb"), near)
    }))

  it.live("writes its metrics, and says what InfluxDB lacks before it has read anything", () =>
    Effect.gen(function*() {
      const there = yield* place()
      yield* there.run("run --feed stdin --log memory --topic t --once --sink influxdb", {}, market(100).join("\n"))
      const [newest] = yield* influxql(there, `SELECT "read", "lag", "refused" FROM "courant" ORDER BY time DESC LIMIT 1`)
      assert.deepInclude(newest, { read: "100", lag: "0", refused: "0" })
      const wrong = yield* there.run("run --feed stdin --once --sink influxdb", { COURANT_INFLUXDB_TOKEN: "another-secret" })
      assert.deepStrictEqual([wrong.code, wrong.stdout, linesOf(wrong.stderr).length], [1, "", 1])
      assert.match(wrong.stderr, /does not know the token.*COURANT_INFLUXDB_TOKEN/)
      assert.notInclude(wrong.stderr, "another-secret")
      const nowhere = { COURANT_INFLUXDB_URL: "http://127.0.0.1:9" }
      const away = yield* there.run("run --feed stdin --once --sink influxdb --connect-timeout 200ms", nowhere)
      assert.deepStrictEqual([away.code, away.stdout], [1, ""])
      assert.match(linesOf(away.stderr).at(-1) ?? "", /^courant: no InfluxDB at http:\/\/127\.0\.0\.1:9 answered within 200ms/)
    }))
})

describe("over Kafka", () => {
  const { kafka } = brokers(Kafka.layer())

  it.live("over Kafka the panes of all sinks are the same", () =>
    Effect.gen(function*() {
      const there = yield* place()
      const topic = yield* newTopic
      const { access } = yield* kafka
      const flags = `--log kafka --brokers ${access.brokers} --topic ${topic}`
      yield* there.run(`ingest --feed stdin --partitions 3 ${flags}`, {}, `${market(20_000).join("\n")}\n`)
      const sinks = "--sink kafka --sink influxdb --sink sqlite"
      const outcome = yield* there.run(`process --once ${flags} ${sinks} --pipelines candles-1m`)
      assert.strictEqual(outcome.code, 0, outcome.stderr)
      const near = yield* windows(there, ["candles-1m"], `--sink sqlite --log kafka --topic ${topic}`)
      assert.isAbove(near.length, 50)
      assert.deepStrictEqual(yield* windows(there, ["candles-1m"], "--sink influxdb"), near)
      assert.deepStrictEqual(yield* windows(there, ["candles-1m"], `--sink kafka --brokers ${access.brokers} --topic ${topic}`), near)
      const missing = yield* there.run(`query candles-1m --sink kafka --brokers ${access.brokers} --topic nope`)
      assert.deepStrictEqual([missing.code, missing.stdout], [1, ""])
      assert.match(missing.stderr, /^courant: there is no topic nope-panes on the Kafka brokers at .*process --sink kafka\n$/)
    }))
})

describe("doctor", () => {
  it.live("doctor names for each mismatch the command that fixes it, and never the token", () =>
    Effect.gen(function*() {
      const there = yield* place("30 days")
      const doctor = (changed: { readonly [name: string]: string } = {}, flags = "") =>
        there.run(`doctor --port 0 ${flags}`, changed)
      const well = yield* doctor()
      assert.strictEqual(well.code, 0)
      assert.match(well.stdout, /^ok {3}influxdb +http:\S+: InfluxDB 2\./m)
      assert.match(well.stdout, /^ok {3}clock +the clock of InfluxDB agrees with this machine's$/m)
      assert.match(well.stdout, new RegExp(`^ok   token +COURANT_INFLUXDB_TOKEN reads and writes the bucket ${there.bucket} of `, "m"))

      const [, id = ""] = /^note retention .* keeps points for 30d: .*influx bucket update --id (\w+) --retention 0$/m.exec(well.stdout) ?? []
      yield* there.ask(`/api/v2/buckets/${id}`, { method: "PATCH", body: forEver })
      assert.match((yield* doctor()).stdout, new RegExp(`^ok   retention +${there.bucket} keeps everything$`, "m"))

      const org = yield* doctor({ COURANT_INFLUXDB_ORG: "my org" })
      assert.match(org.stdout, /^bad {2}org +there is no organization my org; .*influx org create --name 'my org'$/m)
      const fresh = { COURANT_INFLUXDB_BUCKET: `${there.bucket}-new` }
      assert.match((yield* doctor(fresh)).stdout, /^bad {2}bucket +there is no bucket \S+-new; make it with: courant doctor --create$/m)
      assert.match((yield* doctor(fresh, "--create")).stdout, /^ok {3}create +created the bucket \S+-new of \S+, which keeps points for ever$/m)
      const again = yield* doctor(fresh, "--create")
      assert.strictEqual(again.code, 0)
      assert.match(again.stdout, /^ok {3}create +the bucket \S+-new is there already$/m)

      for (const [actions, words] of [[["read"], "does not let the token"], [["write"], "writes the bucket \\S+ and cannot read it"]] as const) {
        const token = yield* tokenThatMay(there, id, actions)
        const { code, stderr, stdout } = yield* doctor({ COURANT_INFLUXDB_TOKEN: token })
        assert.strictEqual(code, 1)
        assert.match(stdout, new RegExp(`^bad  token +.*${words}.*influx auth create --org \\S+ --read-buckets --write-buckets$`, "m"))
        assert.notInclude(stdout + stderr, token)
        const { stdout: limited } = yield* doctor({ ...fresh, COURANT_INFLUXDB_BUCKET: "none", COURANT_INFLUXDB_TOKEN: token }, "--create")
        assert.match(limited, /^bad {2}create +the bucket none was not created: .*influx bucket create --org \S+ --name none --retention 0$/m)
      }
      const both = yield* tokenThatMay(there, id, ["read", "write"])
      assert.strictEqual((yield* doctor({ COURANT_INFLUXDB_TOKEN: both })).code, 0)
      const unknown = yield* doctor({ COURANT_INFLUXDB_TOKEN: "a-secret-of-another" })
      assert.match(unknown.stdout, /^bad {2}token +.*does not know the token/m)
      assert.notInclude(unknown.stdout + unknown.stderr, "a-secret-of-another")
    }))
})

const forEver = `{"retentionRules":[{"type":"expire","everySeconds":0}]}`

/** A token for one bucket only. */
const tokenThatMay = Effect.fnUntraced(function*({ ask }: Place, id: string, actions: ReadonlyArray<string>) {
  const { orgID } = JSON.parse(yield* ask(`/api/v2/buckets/${id}`))
  const permissions = actions.map((action) => ({ action, resource: { type: "buckets", id, orgID } }))
  const body = JSON.stringify({ orgID, description: actions.join(), permissions })
  return String(JSON.parse(yield* ask("/api/v2/authorizations", { method: "POST", body })).token)
})

describe("what is refused", () => {
  it.live("what InfluxDB refuses is told, kept with its words, and written once it is taken", () =>
    Effect.gen(function*() {
      const there = yield* place("1 hour")
      const { bucket, run } = there
      const run1 = yield* run("run --feed stdin --once --sink influxdb --pipelines candles-1m", {}, `${market(100).join("\n")}\nbroken\n`)
      assert.strictEqual(run1.code, 0)
      assert.match(run1.stderr, new RegExp(`^InfluxDB refuses panes for the bucket ${bucket}, \\d+ so far; why: courant dead-letters list`, "m"))
      assert.match(account(run1), /^read 101, aggregated 100, late 0, dead-lettered 1,/)

      const listed = linesOf((yield* run("dead-letters list --reason refused")).stdout)
      const which = new RegExp(`^influxdb:${bucket}  "S\\d+" 2024-11-25T14:30:00\\.000Z revision 0  refused \\(candles-1m\\): .*retention`)
      assert.match(listed[0] ?? "", which)
      const panes = linesOf((yield* run("dead-letters export --reason refused")).stdout).map((line) => JSON.parse(line))
      // All keys have a window at the same offset of the same partition.
      assert.strictEqual(panes.length, listed.length / 2)
      assert.strictEqual(new Set(panes.map(({ key }) => key)).size, panes.length)
      // A pane could be taken for an event of a Schema that has no more fields than panes have.
      writeFileSync(join(there.cwd, "panes.ts"), ofPanes)
      for (const flags of ["", "--pipelines ./panes.ts"]) {
        assert.deepStrictEqual(linesOf((yield* run(`dead-letters retry ${flags}`)).stderr), [
          `stdin: 0 of ${panes.length + 1} dead letters are in the log again`,
          `stdin: ${panes.length} are panes that a sink refused; once it takes them: courant process --restart`
        ])
      }
      const none = yield* run("query candles-1m --sink influxdb")
      assert.deepStrictEqual([none.stdout, none.stderr], ["", "there are no windows of candles-1m\n"])

      const { stdout } = yield* run("doctor --port 0")
      const [, id = ""] = /windows of a day are refused when they end: 1h is less.*--id (\w+)/.exec(stdout) ?? []
      yield* there.ask(`/api/v2/buckets/${id}`, { method: "PATCH", body: forEver })
      yield* run("process --once --restart --sink influxdb --pipelines candles-1m")
      assert.strictEqual((yield* windows(there, ["candles-1m"], "--sink influxdb")).length, panes.length)
    }))
})

const ofPanes = `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"

const schema = Schema.Struct({ key: Schema.String, start: Schema.Int })

export const counted = Source.make("panes", { schema, key: "key", eventTime: "start" }).pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ panes: Aggregate.count }),
  Pipeline.named("panes")
)
`
