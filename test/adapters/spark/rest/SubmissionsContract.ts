/** The laws of `Submissions`, which the one in memory keeps as the real one does. */
import { Effect, type Layer } from "effect"
import { type Application, isOver, Submissions } from "../../../../src/adapters/spark/rest/Submissions.ts"
import { holds, type Laws, on, same, testLaws } from "../../../../src/testing/Law.ts"

/** Applications that the cluster can run. */
export interface Applications {
  readonly endless: Application
  readonly finishing: Application
  /** Ends with a failure, at its start or later. */
  readonly failing: Application
}

export const suite = (name: string, applications: Applications, layer: Layer.Layer<Submissions, unknown>): void =>
  testLaws(`Submissions: ${name}`, laws(applications), {}, layer)

export const laws = ({ endless, failing, finishing }: Applications): Laws<Submissions> => ({
  "says which version of Spark it is": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const { ready } = yield* Submissions
      holds(/^\d+\.\d+\.\d+/.test(yield* ready), "no version")
    })),

  "an application runs until it is killed, which happens once": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const { create, kill, status } = yield* Submissions
      const id = yield* create(endless)
      yield* until(id, ["RUNNING"])
      const running = yield* status(id)
      same(running.id, id)
      same(running.host, "127.0.0.1")
      same(yield* kill(id), true)
      yield* until(id, ["KILLED"])
      same(yield* kill(id), false)
      same((yield* status(id)).state, "KILLED")
    })),

  "one that ends by itself says how, and has nothing left to kill": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const { create, kill } = yield* Submissions
      const finished = yield* create(finishing)
      const failed = yield* create(failing)
      yield* until(finished, ["FINISHED"])
      yield* until(failed, ["FAILED", "ERROR"])
      same([yield* kill(finished), yield* kill(failed)], [false, false])
    })),

  "the same application twice is two, and killing one lets the other be": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const { create, kill, status } = yield* Submissions
      const [one, other] = [yield* create(endless), yield* create(endless)]
      holds(one !== other, "one id for two")
      yield* until(one, ["RUNNING"])
      yield* until(other, ["RUNNING"])
      yield* kill(one)
      yield* until(one, ["KILLED"])
      same((yield* status(other)).state, "RUNNING")
      yield* kill(other)
      yield* until(other, ["KILLED"])
    })),

  "an id that nobody was given is unknown, whatever it looks like": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const { kill, status } = yield* Submissions
      for (const id of ["driver-20000101000000-0000", "", "..", "a/b", "a?b", "%2e", "é", "x y", "x".repeat(300)]) {
        for (const ask of [Effect.asVoid(status(id)), Effect.asVoid(kill(id))]) {
          const { reason } = yield* Effect.flip(ask)
          same([id, reason], [id, "unknown-submission"])
        }
      }
    }))
})

const until = Effect.fnUntraced(function*(id: string, wanted: ReadonlyArray<string>) {
  const { status } = yield* Submissions
  while (true) {
    const { state } = yield* status(id)
    if (wanted.includes(state)) return
    holds(!isOver(state), `became ${state}, not ${wanted.join(" or ")}`)
    yield* Effect.sleep("100 millis")
  }
})
