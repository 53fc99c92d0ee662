/** The turns of a run: one batch or decision at a time, and none behind one that has failed. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { Tick } from "../../../src/domain/Tick.ts"
import { Agenda } from "../../../src/streams/engine/Agenda.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Run } from "../../../src/streams/engine/Run.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"

const pipelines = [
  Source.make("ticks", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: 0 }).pipe(
    Window.tumbling("10 seconds"),
    Aggregate.into({ trades: Aggregate.count }),
    Pipeline.named("counts")
  )
]

const make = () =>
  new Run({
    options: { name: "test", pipelines },
    job: new Job(pipelines, { partitions: 1 }),
    agenda: new Agenda([], 1),
    decided: [],
    writeRows: () => Effect.void,
    now: 0
  })

/** Whether who waits gets its turn when the one before it has ended in some way. */
const followsAfter = (end: (held: Deferred.Deferred<void, string>, first: Fiber.Fiber<void, string>) => Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const run = make()
    const held = yield* Deferred.make<void, string>()
    let hasFollowed = false
    const first = yield* Effect.forkChild(run.alone(Deferred.await(held)), { startImmediately: true })
    const second = yield* Effect.forkChild(run.alone(Effect.sync(() => void (hasFollowed = true))), { startImmediately: true })
    assert.isFalse(hasFollowed)
    yield* end(held, first)
    yield* Fiber.await(first)
    for (let i = 0; i < 20; i++) yield* Effect.yieldNow
    yield* Fiber.interrupt(second)
    return hasFollowed
  })

it.effect("who has waited for its turn gets it when the one before it is done, and not when that has failed or was interrupted", () =>
  Effect.gen(function*() {
    assert.isTrue(yield* followsAfter((held) => Deferred.succeed(held, undefined)))
    assert.isFalse(yield* followsAfter((held) => Deferred.fail(held, "planted")))
    assert.isFalse(yield* followsAfter((held) => Deferred.done(held, Exit.die("planted"))))
    assert.isFalse(yield* followsAfter((_, first) => Fiber.interrupt(first)))
  }))
