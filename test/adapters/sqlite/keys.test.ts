/** Every key that a source takes is a key of its own in SQLite: decoding refuses what a store could not tell apart. */
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Schema } from "effect"
import { Database } from "../../../src/adapters/sqlite/Database.ts"
import * as SqliteResultSink from "../../../src/adapters/sqlite/SqliteResultSink.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { makeJob, records } from "../../../src/testing/Harness.ts"
import { forAll } from "../../../src/testing/Law.ts"
import { byCodePoints, integer } from "../../../src/testing/Samples.ts"
import { temporaryFolder } from "./folder.ts"

const source = Source.make("keys", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const counts = source.pipe(Window.tumbling(10), Aggregate.into({ rows: Aggregate.count }), Pipeline.named("counts"))

/** Around the surrogates and anywhere, so that whole pairs and halves are both frequent. */
const units = Arbitrary.map(
  Arbitrary.all([integer(0, 2), integer(0xd7f0, 0xe010), integer(0, 0xffff)]),
  ([choice, near, any]) => choice === 0 ? any : near
)

const keys = Arbitrary.array(
  Arbitrary.map(Arbitrary.array(units, { maxLength: 4 }), (all) => String.fromCharCode(...all)),
  { maxLength: 30 }
)

it.live("as many keys are read back as were taken, and each as it was", () =>
  Effect.scoped(Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const sink = yield* Layer.build(SqliteResultSink.layer.pipe(Layer.provide(Database.layer({ folder }))))
    yield* forAll(keys, (sample) =>
      Effect.gen(function*() {
        const { read, remove, write } = yield* ResultSink
        yield* remove("counts")
        const engine = makeJob([counts], 1)
        const given = [...new Set(sample)]
        const { unused } = engine.take(records(0, 0, given.map((key) => JSON.stringify({ key, time: 0 }))))
        yield* write(engine.close().panes)
        const stored = (yield* read({ pipeline: "counts" })).map(({ key }) => key)
        const refused = new Set(unused.map(({ offset }) => given[offset]))
        assert.deepStrictEqual(stored, given.filter((key) => !refused.has(key)).sort(byCodePoints))
        assert.isTrue(unused.every(({ detail, reason }) => reason === "invalid-field" && detail.includes("unpaired surrogate")))
        assert.deepStrictEqual(given.filter((key) => refused.has(key)), given.filter((key) => !key.isWellFormed()))
      }).pipe(Effect.provide(sink)))
  })))
