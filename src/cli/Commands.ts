/**
 * The commands, and which of them a call needs. What a command is made of takes its time to load: one that is not called is
 * there with its name and what it is for, and no more.
 */
import { Command } from "effect/cli"

interface Module<Name extends string, Input, Context, E, R> {
  readonly command: Command.Command<Name, Input, Context, E, R>
}

const entry = <const Name extends string, Input, Context, E, R>(
  name: Name,
  short: string,
  load: () => Promise<Module<Name, Input, Context, E, R>>
) => ({
  name,
  outline: () => Command.make(name).pipe(Command.withShortDescription(short)),
  whole: async () => (await load()).command.pipe(Command.withShortDescription(short))
})

const all = [
  entry("run", "Feed, log, pipelines and live page in one process", () => import("./commands/run.ts")),
  entry("ingest", "A feed into the log", () => import("./commands/ingest.ts")),
  entry("process", "The log through the pipelines into the sinks", () => import("./commands/process.ts")),
  entry("submit", "Pipelines on a Spark cluster", () => import("./commands/submit.ts")),
  entry("check", "What a start keeps of the saved state, and what it computes again", () => import("./commands/check.ts")),
  entry("explain", "The plan of a pipeline on Spark, or its graph in process", () => import("./commands/explain.ts")),
  entry("query", "The windows of a pipeline, as a table or JSON", () => import("./commands/query.ts")),
  entry("history", "How a window came to be what it is", () => import("./commands/history.ts")),
  entry("why", "What the open windows of a key wait for", () => import("./commands/why.ts")),
  entry("replay", "Pipelines over the log's past, to stdout", () => import("./commands/replay.ts")),
  entry("doctor", "Checks what a run needs: Node.js, the data folder, the log or Kafka, InfluxDB, the port, Yahoo Finance", () => import("./commands/doctor.ts")),
  entry("status", "Which of several processes over a Kafka topic is active", () => import("./commands/status.ts")),
  entry("dead-letters", "Records that could not be used: list, export, retry", () => import("./commands/deadLetters.ts")),
  entry("spark", "Applications on a Spark cluster: submit, status, kill", () => import("./commands/spark.ts"))
]

/** Where a call names no command, as for completions, all may be needed. */
const isNeededBy = (given: ReadonlyArray<string>): (name: string) => boolean => {
  if (given.every((argument) => /^(--help|-h|--version|-v)$/.test(argument))) return () => false
  const isAboutAll = given.some((argument) => /^--(wizard|completions)/.test(argument))
  return all.some(({ name }) => given.includes(name)) && !isAboutAll ? (name) => given.includes(name) : () => true
}

/** The commands, for a call with these arguments. */
export const of = (given: ReadonlyArray<string>) => {
  const isNeeded = isNeededBy(given)
  return Promise.all(all.map(({ name, outline, whole }) => isNeeded(name) ? whole() : outline()))
}
