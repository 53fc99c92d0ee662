/** Several sources over real brokers: a topic each, one group over all of them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { courant, linesOf, minute, start, temporaryFolder } from "../cli/courant.ts"
import { linesOfAll, market as marketOf, slippage, windowsIn, windowsOf } from "../cli/slippage.ts"
import { brokers, kinds, newTopic } from "./brokers.ts"

const kafka = brokers(kinds["Kafka 4 with KRaft"]).kafka

const sourceOf = (name: string) => `
export const ${name} = Source.make("${name}", { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at" }).pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ events: Aggregate.count }),
  Pipeline.named("${name}-a-minute")
)
`

const imports = `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"
`

const events = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => `${JSON.stringify({ key: `K${n % 7}`, at: minute + (from + n) * 1_000 })}\n`).join("")

describe("several topics of one Kafka", () => {
  it.live("each source gives what it gives alone, and another process goes on where the first was killed", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const [trades, quotes, market] = [yield* newTopic, yield* newTopic, yield* newTopic]
      const cwd = yield* temporaryFolder
      const env = { COURANT_KAFKA_BROKERS: access.brokers }
      writeFileSync(join(cwd, "trades.ts"), `${imports}${sourceOf("trades")}`)
      writeFileSync(join(cwd, "quotes.ts"), `${imports}${sourceOf("quotes")}`)
      const run = (args: string, input = "") => courant(args, { cwd, env, input })
      const ingest = (source: string, topic: string, partitions: number, count: number, from = 0) =>
        run(`ingest --feed stdin --log kafka --topic ${topic} --partitions ${partitions} --pipelines ./${source}.ts`, events(count, from))
      yield* ingest("trades", trades, 3, 100)
      yield* ingest("quotes", quotes, 2, 200)
      const both = "--pipelines ./trades.ts,./quotes.ts --log kafka"
      const topics = `--topic ${market} --topic trades=${trades} --topic quotes=${quotes}`
      const panesOf = (args: string) =>
        Effect.map(run(args), ({ stdout }) => linesOf(stdout).map((line) => line.replace(/"revision":\d+/, "")).toSorted())
      const alone = [
        ...(yield* panesOf(`replay --log kafka --topic ${trades} --pipelines ./trades.ts`)),
        ...(yield* panesOf(`replay --log kafka --topic ${quotes} --pipelines ./quotes.ts`))
      ].toSorted()
      assert.isAbove(alone.length, 10)
      assert.deepStrictEqual(yield* panesOf(`replay ${both} ${topics}`), alone)

      // One that is killed, and one on another machine that has nothing of it but what Kafka has.
      const first = yield* start(`process ${both} ${topics} --sink kafka --checkpoints kafka --data one`, { cwd, env })
      const lag = Effect.map(run(`status ${topics} --json`), ({ stdout }) => linesOf(stdout).map((line) => JSON.parse(line))[0])
      yield* Effect.repeat(Effect.delay(lag, "200 millis"), { until: (standing) => standing?.lag === 0 })
      assert.deepStrictEqual((yield* lag).lagBySource, { quotes: 0, trades: 0 })
      yield* first.signal("SIGKILL")
      yield* ingest("quotes", quotes, 2, 60, 200)
      const last = yield* run(`process ${both} ${topics} --sink kafka --checkpoints kafka --once --data two`)
      assert.deepStrictEqual(linesOf(last.stderr).slice(-3), [
        "quotes: read 260, aggregated 260, late 0, dead-lettered 0, duplicate 0",
        "trades: read 100, aggregated 100, late 0, dead-lettered 0, duplicate 0",
        "read 360, aggregated 360, late 0, dead-lettered 0, duplicate 0"
      ])
      const queried = (name: string) => Effect.map(run(`query ${name}-a-minute --sink kafka --topic ${market} --json --limit 1000`), ({ stdout }) =>
        linesOf(stdout).reduce((sum, line) => sum + JSON.parse(line).values.events, 0))
      assert.deepStrictEqual([yield* queried("trades"), yield* queried("quotes")], [100, 260])
    }), 480_000)

  it.live("trades joined with quotes give what each comes to, where the process that reads them is killed and one that has read along goes on, and in a replay", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const [trades, quotes, market] = [yield* newTopic, yield* newTopic, yield* newTopic]
      const cwd = yield* temporaryFolder
      const env = { COURANT_KAFKA_BROKERS: access.brokers }
      writeFileSync(join(cwd, "slippage.ts"), slippage)
      const all = marketOf(3_000)
      const run = (args: string, input = "") => courant(args, { cwd, env, input })
      // What has no pipeline of its own goes by the key of its events.
      writeFileSync(join(cwd, "each.ts"), `${imports}${["trades", "quotes"].map((name) => `
export const ${name} = Source.make("${name}", { schema: Schema.Struct({ symbol: Schema.String, ${name === "trades" ? "time" : "at"}: Schema.Int }), key: "symbol", eventTime: "${name === "trades" ? "time" : "at"}" }).pipe(
  Window.tumbling("1 minute"), Aggregate.into({ events: Aggregate.count }), Pipeline.named("${name}"))`).join("")}`)
      for (const name of ["trades", "quotes"]) writeFileSync(join(cwd, `${name}.ts`), `export { ${name} } from "./each.ts"`)
      const ingest = (source: string, topic: string, partitions: number, events: ReadonlyArray<object>) =>
        run(`ingest --feed stdin --log kafka --topic ${topic} --partitions ${partitions} --pipelines ./${source}.ts`, linesOfAll(events))
      yield* ingest("trades", trades, 3, all.trades.slice(0, 2_000))
      yield* ingest("quotes", quotes, 2, all.quotes)
      const topics = `--log kafka --topic ${market} --topic trades=${trades} --topic quotes=${quotes} --pipelines ./slippage.ts`
      const first = yield* start(`process ${topics} --sink kafka --checkpoints kafka --data one`, { cwd, env })
      const lag = Effect.map(run(`status --topic ${market} --topic trades=${trades} --topic quotes=${quotes} --json`), ({ stdout }) =>
        linesOf(stdout).map((line) => JSON.parse(line))[0])
      yield* Effect.repeat(Effect.delay(lag, "200 millis"), { until: (standing) => standing?.lag === 0 })
      const second = yield* start(`process ${topics} --sink kafka --checkpoints kafka --standby warm --data warm`, { cwd, env })
      yield* second.says(/stands by/)
      yield* ingest("trades", trades, 3, all.trades.slice(2_000, 2_500))
      yield* first.signal("SIGKILL")
      yield* ingest("trades", trades, 3, all.trades.slice(2_500))
      yield* second.says(/this process is active/)
      yield* Effect.repeat(Effect.delay(lag, "200 millis"), { until: (standing) => standing?.lag === 0 })
      assert.notMatch((yield* second.signal("SIGTERM")).stderr, /does not read along|Error/)
      const unnamed = yield* run(`status --topic ${market}`)
      assert.match(unnamed.stdout, /nobody is active; .*; its lag is not known, since there is no topic of this name: give those of its sources/)
      const last = yield* run(`process ${topics} --sink kafka --checkpoints kafka --once --data two`)
      assert.match(last.stderr, /trades: read 3000, aggregated \d+, late 0, dead-lettered 0/)
      const expected = windowsOf(all)
      const queried = yield* run(`query slippage --sink kafka --topic ${market} --json --limit 1000`)
      assert.deepStrictEqual(windowsIn(linesOf(queried.stdout)), expected)
      assert.deepStrictEqual(windowsIn(linesOf((yield* run(`replay ${topics}`)).stdout)), expected)
      const single = yield* run(`process --log kafka --topic ${trades} --once --pipelines ./slippage.ts`)
      assert.match(single.stderr, /it reads "trades" and "quotes", and the run has one topic/)
    }), 480_000)

  it.live("files and one feed go into a topic for each source, by key, and what a start does, what waits and what was refused is told of them", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const [trades, quotes, market] = [yield* newTopic, yield* newTopic, yield* newTopic]
      const cwd = yield* temporaryFolder
      const env = { COURANT_KAFKA_BROKERS: access.brokers }
      const all = marketOf(3_000)
      writeFileSync(join(cwd, "slippage.ts"), slippage)
      writeFileSync(join(cwd, "trades.ndjson"), linesOfAll(all.trades.slice(0, 2_000)))
      writeFileSync(join(cwd, "quotes.csv.gz"), gzipSync(["bid,symbol,at", ...all.quotes.map(({ at, bid, symbol }) => `${bid},${symbol},${at}`)].join("\n")))
      const run = (args: string, input = "") => courant(`${args} --pipelines ./slippage.ts`, { cwd, env, input })
      const topics = `--log kafka --topic ${market} --topic trades=${trades} --topic quotes=${quotes}`
      const files = "--feed file:trades=trades.ndjson --feed file:quotes=quotes.csv.gz"
      const ingested = yield* run(`ingest ${files} ${topics} --partitions 2`)
      assert.match(ingested.stderr, new RegExp(`appended ${2_000 + all.quotes.length} records to ${market}`))
      const again = yield* run(`ingest ${files} ${topics} --partitions 2`)
      assert.match(again.stderr, /appended 0 records/)
      // The rest comes in one feed whose events name their source, with one that does not and one that cannot be decoded.
      const rest = [...all.trades.slice(2_000).map((trade) => ({ ...trade, source: "trades" })), { symbol: "S0" }, { source: "quotes", at: 1 }]
      const mixed = yield* run(`ingest --feed stdin --source-field source ${topics} --partitions 2`, linesOfAll(rest))
      assert.match(mixed.stderr, /appended 1002 records/)

      const done = yield* run(`process ${topics} --sink kafka --checkpoints kafka --once`)
      assert.match(done.stderr, new RegExp(`quotes: read ${all.quotes.length + 2}, aggregated .*dead-lettered 2, .*\\ntrades: read 3000, aggregated \\d+, late 0, dead-lettered 0`))
      assert.deepStrictEqual(windowsIn(linesOf((yield* run(`replay ${topics}`)).stdout)), windowsOf(all))
      assert.match((yield* run(`doctor ${topics} --partitions 2`)).stdout, new RegExp([
        `topic +${quotes}: 2 partitions`, `topic +${trades}: 2 partitions`, `topic +${market}-panes: cleanup.policy=compact`,
        `lag +courant-${market}-slippage over ${quotes}: 0 records`, `lag +courant-${market}-slippage over ${trades}: 0 records`,
        "letters +2 dead letters \\(.*1 unknown-source.*\\)"
      ].join("[^]*")))
      const checked = yield* courant(`check ./slippage.ts ${topics}`, { cwd, env })
      assert.match(checked.stdout, new RegExp(`saved at record ${(3_002 + all.quotes.length).toLocaleString("en-US")} of .*\\nslippage +kept`))
      const why = yield* run(`why slippage S0 ${topics}`)
      assert.match(why.stdout, /has to come there in each of 4 partitions[^]*partition \d of quotes holds it back/)

      const letters = yield* courant(`dead-letters list ${topics}`, { cwd, env })
      assert.match(letters.stdout, new RegExp(`${quotes}/0/\\d+ +unknown-source`))
      const retried = yield* run(`dead-letters retry ${topics}`)
      assert.match(retried.stderr, new RegExp(`${quotes}: 0 of 2 dead letters[^]*${trades}: 0 of 0 dead letters`))
      const both = yield* courant(`dead-letters list --log kafka --topic ${market}`, { cwd, env })
      assert.strictEqual(both.stdout, letters.stdout)
      const nameless = yield* courant(`dead-letters retry --log kafka --topic ${market}`, { cwd, env })
      assert.match(nameless.stderr, new RegExp(`the dead letters of ${market} are those of several topics \\(${quotes}\\): give the topic of each source too`))
    }), 480_000)

  it.live("one process feeds several topics and computes over them; one started after it feeds nothing twice, and goes on", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const [trades, quotes] = [yield* newTopic, yield* newTopic]
      const cwd = yield* temporaryFolder
      const env = { COURANT_KAFKA_BROKERS: access.brokers }
      const all = marketOf(20_000)
      writeFileSync(join(cwd, "slippage.ts"), slippage)
      writeFileSync(join(cwd, "trades.ndjson"), linesOfAll(all.trades))
      writeFileSync(join(cwd, "quotes.ndjson"), linesOfAll(all.quotes))
      const command = `--feed file:trades=trades.ndjson --feed file:quotes=quotes.ndjson --log kafka --topic trades=${trades} ` +
        `--topic quotes=${quotes} --partitions 2 --sink kafka --checkpoints kafka --pipelines ./slippage.ts`
      const first = yield* start(`run ${command} --page=false`, { cwd, env })
      yield* first.says(/ panes [1-9]|feed has ended/)
      yield* first.signal("SIGKILL")
      const second = yield* courant(`run ${command} --once`, { cwd, env })
      assert.match(second.stderr, /trades: read \d+, aggregated \d+, late 0, dead-lettered 0/)
      const queried = yield* courant(`query slippage --sink kafka --topic ${quotes}-${trades} --json --limit 1000`, { cwd, env })
      assert.deepStrictEqual(windowsIn(linesOf(queried.stdout)), windowsOf(all))
    }), 480_000)

  it.live("what does not fit together is refused by name", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      writeFileSync(join(cwd, "trades.ts"), `${imports}${sourceOf("trades")}`)
      const refused = (args: string) =>
        Effect.map(courant(`process --log kafka --brokers 127.0.0.1:1 --pipelines ./trades.ts ${args}`, { cwd }), ({ stderr }) => stderr)
      assert.match(yield* refused("--topic trades=a --topic quotes=b"), /no pipeline reads the source "quotes"; they read trades/)
      assert.match(yield* refused("--topic quotes=b"), /it reads "trades", and the run has no such source; it has quotes/)
      assert.match(yield* refused("--topic trades=a --topic trades=b"), /each source has one topic, and each topic one source/)
      assert.match(yield* refused("--topic a --topic trades=a"), /name what is made of them otherwise/)
      assert.match(yield* refused("--topic a --topic b"), /--topic is given more than once/)
      assert.match(yield* refused("--topic trades=a --standby warm"), /--standby warm needs --checkpoints kafka/)
    }), 240_000)
})
