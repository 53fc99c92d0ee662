/** Exit codes, and what is said on which stream. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { courant, linesOf, start, temporaryFolder } from "./courant.ts"

/** Nothing is known of servers, whatever the environment of the tests says. */
const nowhere = Object.fromEntries(["URL", "TOKEN", "ORG", "BUCKET"].map((name) => [`COURANT_INFLUXDB_${name}`, ""]))

const run = (args: string, env: { readonly [name: string]: string } = {}) =>
  Effect.scoped(Effect.flatMap(temporaryFolder, (cwd) => courant(args, { cwd, env: { ...nowhere, ...env } })))

/** Requests go to a port where nobody listens, whether there is a network or not. */
const nobody = "http://127.0.0.1:9"
const offline = { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: nobody, HTTP_PROXY: nobody, NO_PROXY: "" }

describe("help", () => {
  const examples: { readonly [command: string]: RegExp } = {
    "": /courant run/,
    "run": /courant run --feed stdin --log memory --sink stdout --once/,
    "ingest": /courant ingest --feed stdin/,
    "process": /courant process --once/,
    "query": /courant query candles-1m AAPL --since 1h/,
    "replay": /courant replay --pipelines day,candles-5m --from/,
    "doctor": /courant doctor/,
    "dead-letters": /courant dead-letters list/,
    "dead-letters list": /courant dead-letters list --reason/,
    "dead-letters export": /courant dead-letters export .* > /,
    "dead-letters retry": /courant dead-letters retry/
  }
  for (const [command, example] of Object.entries(examples)) {
    it.live(`courant ${command} --help`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run(`${command} --help`)
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.match(stdout, new RegExp(`courant ${command}`))
        assert.match(stdout.split("\nEXAMPLES\n")[1] ?? "", example)
      }))
  }

  it.live("--version", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run("--version")
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, /^\S*\s?v?\d+\.\d+\.\d+\s*$/)
    }))
})

describe("wrong use ends with 2 and one line on stderr that says what would be right", () => {
  const wrong: { readonly [args: string]: RegExp } = {
    "run --nonsense": /--nonsense.*run --help/,
    "run --speeed 3 --once": /--speeed.*--speed\b.*run --help/,
    "nonsense": /nonsense.*courant --help/,
    "run --feed nasdaq": /"nasdaq".*auto, yahoo, recorded, stdin, a file such as/,
    "process --data=": /a folder, or a path at which one can be made/,
    "query candles-1m --data /dev/null": /a folder, or a path at which one can be made/,
    "process --keep soon": /a time such as 7d, a size such as 10GB, or both/,
    "run --port 99999": /0 to 65535/,
    "run --speed 0": /above 0, or max/,
    "run --out-of-orderness soon": /such as 250ms, 5s/,
    "run --feed stdin --topic ../elsewhere": /name of A-Z/,
    "replay --from yesterday": /such as 2013-10-08T13:30:00Z/,
    "run --log memory --sink sqlite": /--sink sqlite needs --log sqlite/,
    "run --pipelines candles-2m": /candles-1m, moving-average-5m, candles-5m, day, indicators-1m, or give a file/,
    "run --pipelines ,": /names no pipeline/,
    "run --feed stdin --log memory --once --pipelines ./none.ts": /\.\/none\.ts: there is no such file/,
    "explain ./none.ts": /\.\/none\.ts: there is no such file/,
    "process --sink kafka": /--sink kafka needs --log kafka/,
    "process --sink influxdb":
      /needs COURANT_INFLUXDB_URL, COURANT_INFLUXDB_TOKEN, COURANT_INFLUXDB_ORG, COURANT_INFLUXDB_BUCKET in the environment\n$/,
    "run --log memory --sink memory --sink influxdb": /InfluxDB needs COURANT_INFLUXDB_URL, /,
    "query": /Missing required argument: pipeline.*query --help/,
    "query candles-1m --sink influxdb": /InfluxDB needs COURANT_INFLUXDB_URL, /,
    "query candles-1m --sink kafka --brokers 127.0.0.1:9": /--sink kafka needs --topic NAME, or COURANT_KAFKA_TOPIC/,
    "query candles-1m --sink stdout": /"sqlite" \| "influxdb" \| "kafka"/,
    "query candles-1m --since 1h --from 0": /--since and --from both say where to begin: give one/,
    "query candles-1m --limit 0": /--limit is at least 1, and 0 is not/,
    "query candles-1m --time-zone Mars/Base": /America\/New_York or UTC/,
    "ingest --feed stdin --log kafka": /Kafka needs --brokers HOST:PORT, or COURANT_KAFKA_BROKERS/,
    "ingest --feed stdin --log kafka --brokers localhost": /"localhost" is no broker: brokers are HOST:PORT/,
    "replay --log kafka --brokers 127.0.0.1:9": /--log kafka needs --topic NAME, or COURANT_KAFKA_TOPIC/,
    "doctor --log kafka --brokers 127.0.0.1:9": /--log kafka needs --topic NAME/,
    "dead-letters throw": /throw.*dead-letters --help/
  }
  for (const [args, hint] of Object.entries(wrong)) {
    it.live(args, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([code, stdout, linesOf(stderr).length], [2, "", 1], stderr)
        assert.match(stderr, /^courant: /)
        assert.match(stderr, hint)
      }))
  }
})

describe("a failure ends with 1 and one line on stderr", () => {
  const failures: { readonly [args: string]: RegExp } = {
    "replay": /nothing in \.courant yet.*courant run/,
    "query candles-1m": /nothing in \.courant yet.*courant run/,
    "process --once": /nothing in \.courant yet.*courant run/,
    "dead-letters list --data elsewhere": /nothing in elsewhere yet/,
    "run --feed recorded --host 0.0.0.0 --port 0": /token/,
    "run --feed yahoo --page=false": /Yahoo Finance cannot be reached .*--feed recorded/
  }
  for (const [args, hint] of Object.entries(failures)) {
    it.live(args, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run(args, offline)
        assert.deepStrictEqual([code, stdout, linesOf(stderr).length], [1, "", 1], stderr)
        assert.match(stderr, /^courant: /)
        assert.match(stderr, hint)
      }))
  }

  it.live("and with the stack behind it at --log-level debug only", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run("run --feed yahoo --page=false --log-level debug", offline)
      assert.deepStrictEqual([code, stdout], [1, ""])
      const [line = "", ...stack] = linesOf(stderr)
      assert.match(line, /^courant: Yahoo Finance cannot be reached/)
      assert.isTrue(stack.some((frame) => /^\s+at .*\.(ts|js):\d+/.test(frame)), stderr)
    }))
})

it.live("without Yahoo Finance a run says in one line that it replays a recorded session, and which", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const running = yield* start("run --port 0", { cwd, env: offline })
    yield* running.says(/ watermark \d.* panes [1-9]/)
    const { code, stderr, stdout } = yield* running.signal("SIGINT")
    assert.deepStrictEqual([code, stdout], [0, ""])
    const [fallback, page, ...others] = linesOf(stderr)
    // On a busy machine nothing has come yet when a line is told for the first time.
    const told = others.find((line) => / watermark \d.* panes [1-9]/.test(line))
    assert.match(fallback ?? "", /^Yahoo Finance cannot be reached .+ replaying the RECORDED session of 2013-10-08/)
    assert.match(page ?? "", /^RECORDED 2013-10-08 x60 on http:\/\/127\.0\.0\.1:\d+\/ /)
    assert.match(told ?? "", /^RECORDED 2013-10-08 x60  watermark \d\d:\d\d:\d\d, read \d+ \(\d+\/s\), panes [1-9]\d*, lag \d+, late \d+, dead-lettered 0$/)
    assert.match(others.at(-1) ?? "", /^read \d+, /)
  })))

it.live("a token that other machines would need is asked for, and one that is none is refused, by the variable's name", () =>
  Effect.gen(function*() {
    const served = (host: string, env: { readonly [name: string]: string }) =>
      run(`run --feed recorded --log memory --port 0 --host ${host}`, env)
    const asked = yield* served("0.0.0.0", {})
    assert.deepStrictEqual([asked.code, asked.stdout], [1, ""])
    assert.match(asked.stderr, /^courant: other machines can reach 0\.0\.0\.0, .+ at least 16 characters; set COURANT_TOKEN, .+\n$/)
    for (const [host, token] of [["0.0.0.0", ""], ["127.0.0.1", ""], ["0.0.0.0", "fifteen letters"]] as const) {
      const { code, stderr, stdout } = yield* served(host, { COURANT_TOKEN: token })
      assert.deepStrictEqual([code, stdout], [1, ""])
      const length = new RegExp(`^courant: .+ at least 16 characters, and this one has ${token.length}; set COURANT_TOKEN to .+\\n$`)
      assert.match(stderr, length)
    }
  }))

it.live("doctor looks at everything and writes what it finds to stdout", () =>
  Effect.gen(function*() {
    const { code, stderr, stdout } = yield* run("doctor --port 0", offline)
    assert.deepStrictEqual([code, stderr], [0, ""])
    const found = linesOf(stdout).map((line) => line.split(/\s+/).slice(0, 2).join(" "))
    assert.deepStrictEqual(found, ["ok node", "ok folder", "ok page", "note yahoo"])
  }))

it.live("what the environment lacks of an InfluxDB is named, and its token is not", () =>
  Effect.gen(function*() {
    const env = { COURANT_INFLUXDB_URL: "http://127.0.0.1:9", COURANT_INFLUXDB_TOKEN: "a-secret", COURANT_INFLUXDB_ORG: "market" }
    const processed = yield* run("process --sink influxdb", env)
    const line = "courant: InfluxDB needs COURANT_INFLUXDB_BUCKET in the environment; the others are set\n"
    assert.deepStrictEqual([processed.code, processed.stdout, processed.stderr], [2, "", line])
    const lacking = yield* run("doctor --port 0", { ...offline, ...env })
    assert.strictEqual(lacking.code, 1)
    assert.match(lacking.stdout, /^bad  influxdb +InfluxDB needs COURANT_INFLUXDB_BUCKET /m)
    const away = yield* run("doctor --port 0 --connect-timeout 100ms", { ...offline, ...env, COURANT_INFLUXDB_BUCKET: "panes" })
    assert.match(away.stdout, /^bad  influxdb +no InfluxDB at http:\/\/127\.0\.0\.1:9 answered within 100ms /m)
    assert.notInclude(away.stdout + away.stderr + lacking.stdout + lacking.stderr, "a-secret")
  }))
