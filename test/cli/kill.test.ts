/** Killed at any moment, a run goes on where its log ended: nothing is lost and nothing doubled. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import * as Database from "../../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../src/adapters/sqlite/SqliteResultSink.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { randomFrom } from "../random.ts"
import { account, courant, start, temporaryFolder } from "./courant.ts"

const kills = 12 * Number(process.env["COURANT_RUNS"] ?? 1)

const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)

/** Up to 1.5 s, mostly much less: a checkpoint is saved at once and then every second. */
const someWhile = (random: () => number): number => 1_500 * random() ** 2

/** Every fourth life ends while it starts, the others after their first candle. */
const liveAndDie = (cwd: string, life: number, random: () => number) =>
  Effect.scoped(Effect.gen(function*() {
    // At this pace the first lives get through half of the session, and the last ones through the rest at once.
    const pace = life < kills - 3 ? String(Math.round(1_000 + 3_000 * random())) : "max"
    const run = yield* start(`run --feed recorded --page=false --speed ${pace}`, { cwd })
    if (life % 4 === 3) yield* Effect.sleep(50 + 400 * random())
    else yield* Effect.andThen(run.says(/ panes [1-9]|feed has ended/), Effect.sleep(someWhile(random)))
    const { stderr } = yield* run.signal("SIGKILL")
    assert.strictEqual(run.child.signalCode, "SIGKILL", stderr)
    return pace
  }))

const results = (cwd: string) =>
  Effect.flatMap(ResultSink, (sink) => sink.read({})).pipe(
    Effect.provide(SqliteResultSink.layer.pipe(
      Layer.provide(Database.Database.layer({ folder: join(cwd, ".courant/recorded"), readOnly: true }))
    ))
  )

it.live(`a run killed ${kills} times gives what an undisturbed one gives`, () =>
  Effect.scoped(Effect.gen(function*() {
    const random = randomFrom(seed)
    const began = Date.now()
    const [undisturbed, killed] = [yield* temporaryFolder, yield* temporaryFolder]
    const once = "run --feed recorded --speed max --once"
    const whole = yield* courant(`${once} --sink sqlite --sink stdout`, { cwd: undisturbed })

    const paces: Array<string> = []
    for (let life = 0; life < kills; life++) paces.push(yield* liveAndDie(killed, life, random))
    const last = yield* courant(once, { cwd: killed })
    console.log(`seed ${seed}: killed ${kills} times at speeds ${paces.join(" ")}, in ${Date.now() - began} ms`)

    assert.strictEqual(account(last), account(whole), `seed ${seed}`)
    assert.strictEqual(account(last), "read 654140, aggregated 654140, late 0, dead-lettered 0, duplicate 0")
    assert.deepStrictEqual(yield* results(killed), yield* results(undisturbed), `seed ${seed}`)
    const replayed = yield* courant("replay", { cwd: killed })
    assert.isTrue(replayed.bytes.equals(whole.bytes), `seed ${seed}: the replay gives the same bytes`)
    assert.strictEqual(account(replayed), account(whole))
  })))
