/** A program that unpacks an archive, and says where it is, or why it could not. */
import { Effect, Logger } from "effect"
import * as Archives from "../../services/tool/Archives.ts"

await Effect.runPromise(Archives.unpacked({ service: "sample", version: "1" }).pipe(
  Effect.catch((problem) => Effect.sync(() => {
    process.exitCode = 1
    return problem.message
  })),
  Effect.map((line) => console.log(line)),
  Effect.provide(Logger.layer([]))
))
