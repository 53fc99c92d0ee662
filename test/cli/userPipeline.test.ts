/** A pipeline of the user's own, in a file that lies anywhere. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { account, courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

const range = `
import { Aggregate, Pipeline, priceForming, ticks, Window } from "courant"

export const range = ticks.pipe(
  Window.hopping("2 minutes", "1 minute"),
  Aggregate.into({
    highest: priceForming(Aggregate.max("price")),
    lowest: priceForming(Aggregate.min("price"))
  }),
  Pipeline.named("range-2m")
)

/** Not a pipeline, and no harm. */
export const names: ReadonlyArray<string> = ["range-2m"]
`

const readings = `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"

const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })

export default Source.make("readings", { schema: Reading, key: "sensor", eventTime: "at" }).pipe(
  Window.session("10 seconds"),
  Aggregate.into({ lowest: Aggregate.min("celsius"), readings: Aggregate.count }),
  Pipeline.named("sessions")
)
`

const run = (pipelines: string) => `run --feed stdin --log memory --sink stdout --once --pipelines ${pipelines}`

it.live("runs beside the built-in ones over the market's ticks", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    mkdirSync(join(cwd, "mine"))
    writeFileSync(join(cwd, "mine/range.ts"), range)
    const outcome = yield* courant(run("./mine/range.ts,candles-1m"), {
      cwd,
      input: input([
        { time: minute + 90_000, price: "10.5", size: 1 },
        { time: minute + 95_000, price: 11, size: 1 },
        { time: minute + 99_000, price: 99, size: 1, priceForming: false }
      ])
    })
    assert.strictEqual(account(outcome), "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
    const panes = linesOf(outcome.stdout).map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      panes.map(({ pipeline, start, values }) => [pipeline, (start - minute) / 60_000, values.highest, values.lowest]),
      [["range-2m", 0, "11", "10.5"], ["range-2m", 1, "11", "10.5"], ["candles-1m", 1, undefined, undefined]]
    )
  })))

const session = (start: number, end: number, changes: number, values: string) =>
  `{"pipeline":"sessions","key":"a","start":${start},"end":${end},"pane":"on-time","revision":0,"changes":${changes},"values":{${values}}}`

it.live("may have a source of its own, and imports of effect", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    writeFileSync(join(cwd, "readings.ts"), readings)
    const lines = [[0, 20.5], [10_000, 19], [20_001, 18]]
      .map(([at, celsius]) => JSON.stringify({ sensor: "a", at, celsius }))
    const outcome = yield* courant(run("./readings.ts"), { cwd, input: lines.join("\n") })
    assert.deepStrictEqual(linesOf(outcome.stdout), [
      session(0, 20_000, 2, `"lowest":19,"readings":2`),
      session(20_001, 30_001, 1, `"lowest":18,"readings":1`)
    ])
    assert.strictEqual(account(outcome), "read 3, aggregated 3, late 0, dead-lettered 0, duplicate 0")
  })))

const rides = (key: string, declared: string) => `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"

const Ride = Schema.Struct({ car: Schema.${declared}, at: Schema.Int, place: Schema.String })

export const perCar = Source.make("rides", { schema: Ride, key: ${key}, eventTime: "at" }).pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ last: Aggregate.last("place"), rides: Aggregate.count }),
  Pipeline.named("per-car")
)
`

const somewhere = [[70, "harbour"], [8, "station"], [0, "market"], [null, "nowhere"]]
  .map(([car, place]) => JSON.stringify({ car, at: 1_000, place })).join("\n")

it.live("may have a number for its key, and a row without one is a dead letter", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    writeFileSync(join(cwd, "rides.ts"), rides(`"car"`, "NullOr(Schema.Int)"))
    const outcome = yield* courant(run("./rides.ts"), { cwd, input: somewhere })
    assert.deepStrictEqual(
      linesOf(outcome.stdout).map((line) => JSON.parse(line)).map(({ key, values }) => [key, values.last, values.rides]),
      [["0", "market", 1], ["70", "harbour", 1], ["8", "station", 1]]
    )
    assert.strictEqual(account(outcome), "read 4, aggregated 3, late 0, dead-lettered 1, duplicate 0")
    writeFileSync(join(cwd, "both.ts"), rides(`["place", "car"]`, "Int"))
    const both = yield* courant(run("./both.ts"), { cwd, input: somewhere })
    assert.deepStrictEqual(linesOf(both.stdout).map((line) => JSON.parse(line).key), [
      `["harbour",70]`, `["market",0]`, `["station",8]`
    ])
  })))

it.live("may stand in a list, and one that stands alone too runs once", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const again = `.pipe(Window.tumbling("1 hour"), Aggregate.into({ rides: Aggregate.count }), Pipeline.named("hourly"))`
    const listed = `${rides(`"car"`, "Int")}\nexport const all = [perCar, Source.make("rides", { schema: Ride, key: "car", eventTime: "at" })${again}]\n`
    writeFileSync(join(cwd, "listed.ts"), listed)
    const outcome = yield* courant(run("./listed.ts"), { cwd, input: JSON.stringify({ car: 1, at: 1_000, place: "harbour" }) })
    assert.deepStrictEqual(linesOf(outcome.stdout).map((line) => JSON.parse(line).pipeline).toSorted(), ["hourly", "per-car"], outcome.stderr)
  })))

it.live("that cannot be used is refused in one line that names the file", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const files: { readonly [name: string]: readonly [text: string, code: number, hint: RegExp] } = {
      "none.ts": ["export const answer = 42\n", 2, /none\.ts exports no pipeline/],
      "unnamed.ts": [
        range.replace(/,?\s*Pipeline\.named\([^)]*\)/, ""),
        2,
        /unnamed\.ts exports no pipeline: "\w+" has no name; end what is to run with Pipeline\.named\("…"\)/
      ],
      "broken.ts": ["\nexport const = 42\n", 2, /^courant: broken\.ts:2: Unexpected token/],
      "broken.js": ["\n\nexport const answer = {\n", 2, /^courant: broken\.js:4: Unexpected end of input/],
      "typed.ts": ["enum Side { buy }\n", 2, /^courant: typed\.ts:1: TypeScript enum is not supported/],
      "wrong.ts": [range.replace(`"2 minutes", "1 minute"`, `"no time"`), 1, /wrong\.ts cannot be loaded/],
      "keyed.ts": [rides(`"car"`, "Finite"), 1, /keyed\.ts cannot be loaded.*"car", a double/],
      "other.ts,candles-1m": [readings, 2, /cannot run together/],
      "range.ts,./range.ts": [range, 2, /another pipeline of this name/]
    }
    for (const [names, [text, code, hint]] of Object.entries(files)) {
      writeFileSync(join(cwd, names.split(",")[0] ?? ""), text)
      const outcome = yield* courant(run(`./${names}`), { cwd })
      assert.strictEqual(outcome.stdout, "")
      assert.deepStrictEqual([outcome.code, linesOf(outcome.stderr).length], [code, 1], outcome.stderr)
      assert.match(outcome.stderr, hint)
    }
  })))

const orders = (fields: string, pipelines: string) => `
import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"

const of = (name: string, key: any, shop: any) => Source.make("orders", { schema: Schema.Struct({ ${fields}, at: Schema.Int }), key, eventTime: "at" })
  .pipe(Window.tumbling("1 minute"), Aggregate.into({ n: Aggregate.count }), Pipeline.named(name))

${pipelines}
`

it.live("a record that one pipeline refuses and another takes is not appended again, where it would count twice", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    writeFileSync(
      join(cwd, "two.ts"),
      orders("shop: Schema.String, coupon: Schema.NullOr(Schema.String)", 'export const a = of("by-shop", "shop", null), b = of("by-coupon", "coupon", null)')
    )
    const order = `{"shop":"S","coupon":null,"at":1}\n`
    yield* courant("run --feed stdin --topic orders --once --pipelines ./two.ts", { cwd, input: order })
    const retried = yield* courant("dead-letters retry --topic orders --pipelines ./two.ts", { cwd })
    assert.match(retried.stderr, /^orders: 0 of 1 dead letters are in the log again\norders: 1 were refused by one pipeline and taken by others/)
    const again = yield* courant("process --topic orders --once --pipelines ./two.ts", { cwd })
    assert.match(account(again), /^read 1, /)
    assert.deepStrictEqual(linesOf((yield* courant("query by-shop --topic orders --json", { cwd })).stdout).map((line) => JSON.parse(line).values.n), [1])
  })))

it.live("what a new Schema decodes is counted where it stands in the log, and no retry counts it twice", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const ofKind = (amount: string) => `import { Schema } from "effect"
import { Aggregate, Pipeline, Source, Window } from "courant"
const Order = Schema.Struct({ shop: Schema.String, at: Schema.Int, amount: ${amount} })
export default Source.make("orders", { schema: Order, key: "shop", eventTime: "at" })
  .pipe(Window.tumbling("1 minute"), Aggregate.into({ sum: Aggregate.sum("amount") }), Pipeline.named("sums"))
`
    const sums = Effect.map(courant("query sums --topic orders --json", { cwd }), ({ stdout }) => linesOf(stdout).map((line) => JSON.parse(line).values.sum))
    writeFileSync(join(cwd, "sums.ts"), ofKind("Schema.Int"))
    yield* courant("run --feed stdin --topic orders --once --pipelines ./sums.ts", { cwd, input: `{"shop":"S","at":1,"amount":7}\n{"shop":"S","at":2,"amount":0.5}\n` })
    assert.deepStrictEqual(yield* sums, [7])
    writeFileSync(join(cwd, "sums.ts"), ofKind("Schema.Finite"))
    const retry = Effect.map(courant("dead-letters retry --topic orders --pipelines ./sums.ts", { cwd }), ({ stderr }) => stderr)
    const inPlace = /^orders: 0 of 1 dead letters are in the log again\norders: 1 can be decoded where they stand in the log/
    assert.match(yield* retry, inPlace)
    yield* courant("process --topic orders --once --pipelines ./sums.ts", { cwd })
    assert.match(yield* retry, inPlace)
    yield* courant("process --topic orders --once --pipelines ./sums.ts", { cwd })
    assert.deepStrictEqual(yield* sums, [7.5])
  })))

it.live("two sources whose schemas differ by a check alone are two, and one after the other too", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const sources = 'export const a = of("short", "shop", Schema.isMaxLength(3)), b = of("long", "shop", Schema.isMaxLength(10))'
    writeFileSync(join(cwd, "both.ts"), orders("shop: Schema.String.check(shop)", sources))
    const names = `{"shop":"AB","at":1}\n{"shop":"ABCDEF","at":1}\n`
    const { stdout } = yield* courant(run("./both.ts"), { cwd, input: names })
    assert.deepStrictEqual(
      linesOf(stdout).map((line) => JSON.parse(line)).map(({ key, pipeline }) => `${pipeline} ${key}`).sort(),
      ["long AB", "long ABCDEF", "short AB"]
    )
    const one = (length: number) =>
      writeFileSync(join(cwd, "one.ts"), orders("shop: Schema.String.check(shop)", `export const a = of("one", "shop", Schema.isMaxLength(${length}))`))
    one(3)
    yield* courant("run --feed stdin --topic orders --once --pipelines ./one.ts", { cwd, input: names })
    one(10)
    const again = yield* courant("process --topic orders --once --pipelines ./one.ts", { cwd })
    assert.strictEqual(again.code, 0)
    assert.match(again.stderr, /one has changed: what was computed before is computed again from orders/)
  })))

it.live("of checks that are functions nobody can say whether they are the same: two sources with such do not run together", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const fields = "shop: Schema.String.check(Schema.makeFilter((text: string) => text.length < shop))"
    writeFileSync(join(cwd, "both.ts"), orders(fields, 'export const a = of("short", "shop", 3), b = of("long", "shop", 10)'))
    const refused = yield* courant(run("./both.ts"), { cwd, input: "" })
    assert.match(refused.stderr, /the field "shop"|its field "shop" has a check that is a function, and so has that of "(?:short|long)"/)
    assert.notStrictEqual(refused.code, 0)
  })))
