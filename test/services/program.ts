/** `npm run services` as the tests use it. */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { linesOf } from "../cli/courant.ts"
import { mentioning, services, startServices, temporaryFolder } from "./processes.ts"

const Status = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.String))

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Status))

/** The program on a data folder of its own, with nothing left running in it at the end. */
export const program = Effect.gen(function*() {
  const data = yield* Effect.acquireRelease(temporaryFolder, (data) => services(["down", "--data", data]))
  const run = (...args: ReadonlyArray<string>) => services([...args, "--data", data])
  return {
    data,
    run,
    start: (...args: ReadonlyArray<string>) => startServices([...args, "--data", data]),
    up: Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
      const { code, stderr, stdout } = yield* run("up", ...args)
      assert.strictEqual(code, 0, stderr)
      return linesOf(stdout)
    }),
    status: Effect.map(run("status", "--json"), ({ stdout }) => decode(stdout)),
    processes: () => mentioning(data).filter((line) => !line.startsWith("/bin/sh")).length,
    allGone: Effect.gen(function*() {
      while (mentioning(data).length > 0) yield* Effect.sleep("10 millis")
    })
  }
})
