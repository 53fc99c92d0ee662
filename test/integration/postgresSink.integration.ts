/** The example of a sink in PostgreSQL keeps the contract of sinks on a real server. */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import postgres from "postgres"
import * as postgresSink from "../../examples/postgresSink.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import * as ResultSinkContract from "../../src/testing/ResultSinkContract.ts"
import { server } from "./postgresServer.ts"

const scope = Scope.makeUnsafe()
let started: Effect.Success<typeof server> | null = null

beforeAll(async () => {
  started = await Effect.runPromise(Scope.provide(server, scope))
})

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const running = Effect.suspend(() => started === null ? Effect.die("no server yet") : Effect.succeed(started))

let tables = 0

const place = Effect.map(running, ({ url }) => postgresSink.layer(Redacted.make(url), `panes_${++tables}`))

ResultSinkContract.suite("PostgreSQL", Layer.unwrap(place), { runs: 15, patience: "5 minutes", durable: place })

const pane = (start: number): Pane => ({ pipeline: "p", key: "k", start, end: start + 1, pane: "on-time", revision: 0, changes: 1, values: { n: start } })

it.live("goes on when the server is back", () =>
  Effect.gen(function*() {
    const layer = yield* place
    const { restart } = yield* running
    yield* Effect.gen(function*() {
      const sink = yield* ResultSink
      yield* sink.write([pane(0)])
      const writing = Effect.forEach(Array.from({ length: 50 }, (_, n) => n + 1), (n) => Effect.andThen(sink.write([pane(n)]), Effect.sleep("20 millis")), { discard: true })
      yield* Effect.all([writing, restart], { concurrency: "unbounded" })
      assert.deepStrictEqual((yield* sink.read({})).map(({ start }) => start), Array.from({ length: 51 }, (_, n) => n))
    }).pipe(Effect.provide(layer, { local: true }))
  }), 120_000)

it.live("a table that was dropped and made again is another one", () =>
  Effect.gen(function*() {
    const { url } = yield* running
    const idOf = (table: string) =>
      Effect.gen(function*() {
        const sink = yield* ResultSink
        const [store] = yield* sink.stores ?? Effect.die("it names its store")
        return store?.id
      }).pipe(Effect.provide(postgresSink.layer(Redacted.make(url), table), { local: true }))
    const first = yield* idOf("renewed")
    assert.strictEqual(yield* idOf("renewed"), first)
    const sql = postgres(url)
    yield* Effect.promise(async () => {
      await sql`drop table renewed`
      await sql.end()
    })
    assert.notStrictEqual(yield* idOf("renewed"), first)
  }), 120_000)
