/** The traces that a stranger sees: what the command line and the examples print. */
import { Effect } from "effect"
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { Pipeline } from "../../src/index.ts"
import { account, courant, linesOf, node, type Outcome, startCommand, temporaryFolder } from "../cli/courant.ts"
import { lines, orders } from "./inputs.ts"

const root = join(import.meta.dirname, "../..")

/** Below the data folder, which git ignores; inside the project, so that its dependencies are found. */
const folder = join(root, ".courant", "golden")

/** An example, where it finds this checkout as `courant`. */
const example = (name: string): string => {
  const text = readFileSync(join(root, "examples", name), "utf8")
  const entry = relative(folder, join(root, "src/index.ts"))
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  const found = text.replaceAll(`from "courant"`, `from "${entry}"`)
  // Another process may be reading it.
  if (!existsSync(path) || readFileSync(path, "utf8") !== found) writeFileSync(path, found)
  return path
}

/** What an example exports. Its types are checked where the documentation's code is. */
export const pipelinesOf = async (name: string): Promise<ReadonlyArray<Pipeline.Any>> =>
  Object.values<Pipeline.Any>(await import(/* @vite-ignore */ example(name)))

/** Lines of stdout, and the account of the run, which is the last on stderr. */
const printed = (outcome: Outcome): ReadonlyArray<string> => {
  if (outcome.code !== 0) throw new Error(`it ended with ${outcome.code}: ${outcome.stderr}`)
  if (outcome.stdout !== "" && !outcome.stdout.endsWith("\n")) throw new Error("the last line has no end")
  return [...linesOf(outcome.stdout), `stderr: ${account(outcome)}`]
}

interface Command {
  readonly args: string
  readonly input?: ReadonlyArray<string>
  /** It is needed for what comes after it, and what it prints is not traced. */
  readonly silent?: boolean
}

/** Commands one after the other in a folder of their own, with the examples beside them. */
const commands = (all: ReadonlyArray<Command>): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    cpSync(join(root, "examples"), join(cwd, "examples"), { recursive: true })
    const outcomes = yield* Effect.forEach(all, ({ args, input = [] }) =>
      courant(args, { cwd, input: input.map((line) => `${line}\n`).join("") }))
    return outcomes.flatMap((outcome, index) => {
      const lines = printed(outcome)
      return all[index]?.silent === true ? [] : lines
    })
  })))

const sensors = (): Promise<ReadonlyArray<string>> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    const { ended } = yield* startCommand(node, [example("sensors.ts")], { cwd, input: "" })
    return printed(yield* ended)
  })))

const some = lines.slice(0, 6_000)
const morning = some.slice(0, 3_500)
const afterwards = some.slice(3_500)
const fromStdin = "run --feed stdin --log memory --once --sink stdout --pipelines"
const bounds = "--out-of-orderness 5s --allowed-lateness 1m"

export const programs = {
  "cli-recorded": () => commands([{ args: "run --feed recorded --speed max --log memory --once --sink stdout" }]),
  "cli-ingest-process": () =>
    commands([
      { args: "ingest --feed stdin", input: morning, silent: true },
      { args: `process --once --sink stdout --sink sqlite ${bounds}` },
      { args: "ingest --feed stdin", input: afterwards, silent: true },
      { args: `process --once --sink stdout --sink sqlite ${bounds}` },
      { args: `replay ${bounds}` },
      { args: "dead-letters list --json --limit 10000" }
    ]),
  "cli-example-range": () => commands([{ args: `${fromStdin} ./examples/range.ts`, input: some }]),
  "cli-example-your-own-topic": () =>
    commands([{ args: `${fromStdin} ./examples/your-own-topic.ts`, input: orders.flatMap(({ text }) => text ?? []) }]),
  "example-sensors": sensors
}
