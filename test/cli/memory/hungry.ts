/** A program that takes more and more of the heap, or of memory outside of it, until it is told to stop, and then saves its state. */
import { Cause, Effect } from "effect"
import * as Memory from "../../../src/cli/Memory.ts"
import { Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"

const held: Array<unknown> = []

const take = {
  heap: () => held.push(Array.from({ length: 20_000 }, (_, i) => ({ i }))),
  outside: () => held.push(new Float64Array(500_000).fill(1))
}

const what = process.argv[2] === "outside" ? "outside" : "heap"

const eat = Effect.gen(function*() {
  const monitor = yield* Monitor
  for (let keys = 1;; keys++) {
    take[what]()
    yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, open: { small: 1, large: keys, empty: 0 } } })
    yield* Effect.sleep("40 millis")
  }
}).pipe(Effect.onInterrupt(() => Effect.sync(() => console.log("saved"))))

await Effect.runPromise(Memory.guarded(eat).pipe(
  Effect.catchCause((cause) => Effect.sync(() => {
    const error = Cause.squash(cause)
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })),
  Effect.provide(Monitor.layer)
))
