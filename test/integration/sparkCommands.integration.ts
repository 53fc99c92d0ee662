/** `courant submit` as an operator calls it, on a real cluster of Spark over real brokers. */
import { afterAll, assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Schedule, Schema } from "effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Kafka, KafkaSecurity } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import { candles1m } from "../../src/analytics/candles.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { ticks } from "../../src/analytics/ticks.ts"
import { Aggregate, Indicator, Pane, Panes, Pipeline, Window } from "../../src/streams/pipeline/index.ts"
import { courant, linesOf, minute, type Outcome, start } from "../cli/courant.ts"
import { randomFrom } from "../random.ts"
import { line } from "./market.ts"
import * as Harness from "./sparkHarness.ts"

/** One for all tests, so that they share the server that the first of them launches. */
const cwd = mkdtempSync(join(tmpdir(), "courant-submit-"))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** An executor that gets through the whole recorded session had better compile well. */
const { "spark.executor.extraJavaOptions": _, ...properties } = Harness.properties

const conf = Object.entries(properties).map(([name, value]) => `--conf ${name}=${value}`).join(" ")

/** A topic, and commands over it that are told by the environment where everything is. */
const place = Effect.gen(function*() {
  const { brokers, checkpoints, connect, rest } = yield* Harness.SparkStack
  const topic = yield* Harness.newTopic()
  const env = {
    COURANT_KAFKA_BROKERS: brokers,
    COURANT_KAFKA_TOPIC: topic,
    COURANT_SPARK_REST: rest,
    COURANT_SPARK_CHECKPOINTS: checkpoints
  }
  const flags = `--engine spark --port ${connect.port} ${conf}`
  return {
    topic,
    checkpoints,
    run: (args: string, more: { readonly [name: string]: string } = {}) => courant(args, { cwd, env: { ...env, ...more } }),
    submit: (args: string, more: { readonly [name: string]: string } = {}) =>
      courant(`submit ${args} ${flags}`, { cwd, env: { ...env, ...more } }),
    start: (args: string) => start(`submit ${args} ${flags}`, { cwd, env })
  }
})

type Place = Effect.Success<typeof place>

const twoSources = `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"
const of = (name) => Source.make(name, { schema: Schema.Struct({ key: Schema.String, at: Schema.Int }), key: "key", eventTime: "at" }).pipe(
  Window.tumbling("1 minute"), Aggregate.into({ events: Aggregate.count }), Pipeline.named(name + "-a-minute"))
export const trades = of("trades")
export const quotes = of("quotes")
`

/** One a second, of seven keys. */
const eventsOf = (count: number) =>
  Array.from({ length: count }, (_, n) => `${JSON.stringify({ key: `K${n % 7}`, at: minute + n * 1_000 })}\n`).join("")

const signals = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: Aggregate.last("price"), volume: Aggregate.sum("size") }),
  Panes.derive({ ema: Indicator.ema("close", 2), before: Indicator.previous("volume") }),
  Panes.top(5, { by: "volume" }),
  Pipeline.named("signals")
)

/** The same, as an operator declares it. */
const signalsText = `
import { Aggregate, Indicator, Panes, Pipeline, ticks, Window } from "courant"

export const signals = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: Aggregate.last("price"), volume: Aggregate.sum("size") }),
  Panes.derive({ ema: Indicator.ema("close", 2), before: Indicator.previous("volume") }),
  Panes.top(5, { by: "volume" }),
  Pipeline.named("signals")
)
`

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Pane.Encoded))

/** What was written to stdout, as texts that can be compared. */
const panesIn = ({ stdout }: Outcome): ReadonlySet<string> =>
  new Set(linesOf(stdout).map((text) => line(decode(text))))

const succeeded = (outcome: Outcome): Outcome => {
  assert.strictEqual(outcome.code, 0, outcome.stderr)
  return outcome
}

/** Waits until the sink has just these panes; what it has when that takes too long. */
const sinkHas = ({ run }: Place, expected: ReadonlySet<string>, pipeline = "candles-1m") =>
  run(`query ${pipeline} --log kafka --json --limit 100000`).pipe(
    Effect.map(panesIn),
    Effect.repeat({
      schedule: Schedule.spaced("500 millis").pipe(Schedule.upTo({ times: 100 })),
      until: (panes) => panes.size === expected.size && [...expected].every((pane) => panes.has(pane))
    }),
    Effect.map((panes) => assert.deepStrictEqual(panes, expected))
  )

const isListening = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const socket = createConnection({ host: "127.0.0.1", port })
    const done = (is: boolean) => {
      socket.destroy()
      resume(Effect.succeed(is))
    }
    socket.on("connect", () => done(true)).on("error", () => done(false))
  })

const stack = Harness.SparkStack.layer({ serving: false })

layer(stack, { timeout: "10 minutes", excludeTestServices: true })("courant submit", (it) => {
  it.effect("--once gives every window of what is there, and leaves no server behind that it has launched", () =>
    Effect.gen(function*() {
      const { connect } = yield* Harness.SparkStack
      const { run, submit, topic } = yield* place
      yield* Harness.append(topic, [...Harness.minutes(0, 4, randomFrom(1)), "poison"])
      const expected = yield* Effect.forEach([candles1m, movingAverage5m], (each) => Harness.foldOf(each, topic, "all"))
      const outcome = succeeded(yield* submit("candles-1m,moving-average-5m --once --sink stdout"))
      const all = expected.flatMap((panes) => [...panes])
      assert.deepStrictEqual(panesIn(outcome), new Set(all))
      assert.strictEqual(linesOf(outcome.stdout).length, all.length)
      assert.match(outcome.stderr, /^launched a Spark Connect server on the cluster, for this computation$/m)
      yield* Effect.repeat(isListening(connect.port), { schedule: Schedule.spaced("200 millis"), while: (is) => is })
      // What Spark has written is there to be read, in the form in which courant writes it.
      const query = succeeded(yield* run("query candles-1m --sink kafka --json --limit 100000"))
      assert.deepStrictEqual(panesIn(query), expected[0])
    }))

  it.effect("the recorded session gives the panes of the run in process, every one of them", () =>
    Effect.gen(function*() {
      const { run, submit, topic } = yield* place
      succeeded(yield* run("ingest --feed recorded --speed max --log kafka"))
      const pipelines = "candles-1m,candles-5m,moving-average-5m"
      const inProcess = succeeded(yield* run(`process --log kafka --once --pipelines ${pipelines} --sink stdout --data ${topic}`))
      const onSpark = succeeded(yield* submit(`${pipelines} --once --sink stdout`))
      assert.isAbove(panesIn(inProcess).size, 5_000)
      assert.deepStrictEqual(panesIn(onSpark), panesIn(inProcess))
      // Each event counted once, on both sides.
      assert.strictEqual(/^read .*$/m.exec(onSpark.stderr)?.[0], /^read .*$/m.exec(inProcess.stderr)?.[0])
    }))

  it.effect("pipelines of several sources read a topic each, and give the panes of the run in process", () =>
    Effect.gen(function*() {
      const { run, submit, topic } = yield* place
      writeFileSync(join(cwd, "market.ts"), twoSources)
      for (const name of ["trades", "quotes"]) writeFileSync(join(cwd, `${name}.ndjson`), eventsOf(name === "trades" ? 300 : 200))
      const [trades, quotes] = [yield* Harness.newTopic(), yield* Harness.newTopic()]
      const topics = `--topic ${topic} --topic trades=${trades} --topic quotes=${quotes}`
      succeeded(yield* run(`ingest --feed file:trades=trades.ndjson --feed file:quotes=quotes.ndjson --log kafka ${topics} --pipelines ./market.ts`))
      const inProcess = succeeded(yield* run(`process --log kafka --once --pipelines ./market.ts --sink stdout ${topics}`))
      const onSpark = succeeded(yield* submit(`./market.ts --once --sink stdout ${topics}`))
      assert.strictEqual(panesIn(inProcess).size, 5 * 7 + 4 * 7)
      assert.deepStrictEqual(panesIn(onSpark), panesIn(inProcess))
      assert.match(onSpark.stderr, /^read 500, aggregated 500, late 0/m)
    }))

  it.effect("a query goes on without the command, which joins it again, ends it, and goes on from there", () =>
    Effect.scoped(Effect.gen(function*() {
      const place_ = yield* place
      const { run, start, submit, topic } = place_
      const random = randomFrom(2)
      yield* Harness.append(topic, Harness.minutes(0, 3, random))
      const first = yield* start("candles-1m --page --page-port 0")
      const [, server = ""] = yield* first.says(/runs until: courant spark kill (\S+) --rest/)
      const [, url = ""] = yield* first.says(/ on (http:\S+\/) \(stop/)
      yield* first.says(/^candles-1m on Spark: batch \d+, read [1-9]\d*, .*, behind \d+, \d+ panes$/m)
      yield* sinkHas(place_, yield* Harness.foldOf(candles1m, topic))
      const metrics = yield* Effect.promise(async () => (await fetch(`${url}metrics`)).text())
      assert.match(metrics, /^courant_spark_input_records_total\{query="candles-1m"\} [1-9]/m)
      const left = yield* first.signal("SIGINT")
      assert.strictEqual(left.code, 0)
      assert.match(left.stderr, /^read \d+, .*\ncandles-1m keeps running on Spark\. Run the same command to rejoin it, .*--stop/m)

      // Nobody watches, and it goes on.
      yield* Harness.append(topic, Harness.minutes(3, 2, random))
      const further = yield* Harness.foldOf(candles1m, topic)
      assert.deepStrictEqual(yield* Harness.panesOnce(topic, further.size), further)
      const second = yield* start("candles-1m --sink kafka --sink sqlite")
      yield* sinkHas(place_, further)
      assert.notMatch((yield* second.signal("SIGTERM")).stderr, /launched/)

      const { connect } = yield* Harness.SparkStack
      const wrong = { COURANT_SPARK_TOKEN: "hush-hush" }
      const unknown = yield* submit(`candles-1m --stop --connect ${connect.host}:${connect.port}`, wrong)
      const another = yield* submit("candles-1m --stop", wrong)
      assert.deepStrictEqual([unknown.code, another.code], [1, 1])
      assert.match(unknown.stderr, /^courant: Spark Connect at \S+ does not know the token [^\n]*; set COURANT_SPARK_TOKEN to it\n$/)
      assert.match(another.stderr, new RegExp(`^courant: COURANT_SPARK_TOKEN is not the token of ${server},[^\n]*\n$`))
      assert.notInclude(unknown.stderr + another.stderr, "hush-hush")

      const stop = Effect.map(submit("candles-1m --stop"), (outcome) => succeeded(outcome).stderr)
      assert.strictEqual(yield* stop, "candles-1m has ended on Spark\n")
      assert.strictEqual(yield* stop, `candles-1m is not running on Spark over ${topic}\n`)
      yield* Harness.append(topic, Harness.minutes(5, 2, random))
      const third = yield* start("candles-1m")
      yield* sinkHas(place_, yield* Harness.foldOf(candles1m, topic))
      yield* third.signal("SIGINT")
      assert.match(succeeded(yield* run(`spark status ${server}`)).stdout, /RUNNING/)
    })))

  it.effect("what follows on windows goes on where the command was killed", () =>
    Effect.scoped(Effect.gen(function*() {
      const place_ = yield* place
      const { run, start, submit, topic } = place_
      writeFileSync(join(cwd, "signals.ts"), signalsText)
      const random = randomFrom(5)
      yield* Harness.append(topic, Harness.minutes(0, 4, random))
      const first = yield* start("./signals.ts")
      yield* sinkHas(place_, yield* Harness.foldOf(signals, topic), "signals")
      yield* first.signal("SIGKILL")
      yield* Harness.append(topic, Harness.minutes(4, 3, random))
      const second = yield* start("./signals.ts --sink kafka --sink sqlite")
      const expected = yield* Harness.foldOf(signals, topic)
      yield* sinkHas(place_, expected, "signals")
      yield* second.signal("SIGINT")
      const inTopic = panesIn(succeeded(yield* run("query signals --sink kafka --json --limit 100000")))
      assert.isAbove(inTopic.size, 0)
      for (const pane of inTopic) assert.isTrue(expected.has(pane), pane)
      succeeded(yield* submit("./signals.ts --stop"))
    })))

  it.effect("a changed pipeline is told, and with --restart computed anew, with nothing left of the former", () =>
    Effect.scoped(Effect.gen(function*() {
      const place_ = yield* place
      const { checkpoints, start, submit, topic } = place_
      yield* Harness.append(topic, Harness.minutes(0, 4, randomFrom(3)))
      const first = yield* start("candles-1m")
      yield* first.says(/^candles-1m on Spark: batch/m)
      yield* sinkHas(place_, yield* Harness.foldOf(candles1m, topic))
      yield* first.signal("SIGINT")

      const wider = Pipeline.withBounds(candles1m, { outOfOrderness: 90_000 })
      const refused = yield* submit("candles-1m --out-of-orderness 90s")
      assert.strictEqual(refused.code, 1)
      assert.match(refused.stderr, /^courant: the checkpoint "\S+-panes: candles-1m" was written for another version of its pipelines; .* --restart/m)
      const second = yield* start("candles-1m --out-of-orderness 90s --restart")
      yield* second.says(/^candles-1m has ended on Spark$/m)
      const expected = yield* Harness.foldOf(wider, topic)
      assert.isBelow(expected.size, (yield* Harness.foldOf(candles1m, topic)).size)
      yield* second.says(/^candles-1m on Spark: batch [1-9]/m)
      yield* sinkHas(place_, expected)
      yield* second.signal("SIGINT")
      assert.deepStrictEqual(yield* Harness.panesOf(topic), expected)
      assert.match(readdirSync(checkpoints).join(), /restart-\d+/)

      // The same pipeline anew: were its checkpoint the former one, it would have nothing left to compute.
      const third = yield* start("candles-1m --out-of-orderness 90s --restart")
      yield* sinkHas(place_, expected)
      yield* third.signal("SIGINT")
      assert.deepStrictEqual(yield* Harness.panesOf(topic), expected)
      succeeded(yield* submit("candles-1m --stop"))
    })))

  it.effect("brokers that ask who comes let Spark in with what this process has", () =>
    Effect.scoped(Effect.gen(function*() {
      const secure = yield* Layer.build(Kafka.layer({ secure: true }))
      const access = yield* Effect.provide(KafkaSecurity, secure)
      const { submit } = yield* place
      const tls = { COURANT_KAFKA_CA: access.ca }
      const asUser = {
        ...tls,
        COURANT_KAFKA_BROKERS: access.brokers,
        COURANT_KAFKA_USERNAME: access.username,
        COURANT_KAFKA_PASSWORD: access.password
      }
      const asClient = {
        ...tls,
        COURANT_KAFKA_BROKERS: access.mutual,
        COURANT_KAFKA_CERT: access.cert,
        COURANT_KAFKA_KEY: access.key
      }
      const read = (file: string) => readFileSync(file, "utf8")
      const { secured, expected } = yield* Effect.gen(function*() {
        const secured = yield* Harness.newTopic()
        yield* Harness.append(secured, Harness.minutes(0, 2, randomFrom(4)))
        return { secured, expected: yield* Harness.foldOf(candles1m, secured, "all") }
      }).pipe(Effect.provide(Connection.layer({
        brokers: [access.mutual],
        tls: { ca: read(access.ca), cert: read(access.cert), key: Redacted.make(read(access.key)) }
      }), { local: true }))
      for (const env of [asUser, asClient]) {
        const outcome = succeeded(yield* submit(`candles-1m --once --sink stdout --topic ${secured}`, env))
        assert.deepStrictEqual(panesIn(outcome), expected)
        // Those of the first time are in the topic as well, and are not carried again.
        assert.strictEqual(linesOf(outcome.stdout).length, expected.size)
        assert.notInclude(outcome.stderr, access.password)
      }
    })))
})
