/** A program that fetches some jars, and says where they are, or why it could not. */
import { Effect, Logger } from "effect"
import * as Jars from "../../services/tool/Jars.ts"

const jars = { name: "sample-1", artifacts: ["org.example:sample:1"], size: "about 1 MB" }

await Effect.runPromise(Jars.fetch(jars).pipe(
  Effect.catch((problem) => Effect.sync(() => {
    process.exitCode = 1
    return problem.message
  })),
  Effect.map((line) => console.log(line)),
  Effect.provide(Logger.layer([]))
))
