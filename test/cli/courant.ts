/** The whole program as a child process. None outlives its test, whatever happens. */
import { Deferred, Effect, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")
const main = join(root, "src/main.ts")

/** The package `node`: whatever runs the tests may be too old to run TypeScript as it is. */
export const node = join(root, "node_modules/.bin/node")

/** A process that has ended. */
export interface Outcome {
  /** `null` where a signal ended it. */
  readonly code: number | null
  readonly bytes: Buffer
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  /** The working folder, where `.courant/` is by default. */
  readonly cwd: string
  /** What comes on standard input, which then ends. Nothing, and it stays open, without. */
  readonly input?: string | Uint8Array
  /** Standard input is the file of this descriptor instead, from where that has been read to. */
  readonly file?: number
  readonly env?: { readonly [name: string]: string }
}

/** A process that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** Waits until what it has written so far matches, on stderr unless told. */
  readonly says: (pattern: RegExp, on?: "stdout" | "stderr") => Effect.Effect<RegExpExecArray>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<Outcome>
  readonly ended: Effect.Effect<Outcome>
}

/** A folder of a test's own, gone with the test's scope. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-cli-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Starts `courant` with arguments as they would be typed, separated by spaces. */
export const start = (args: string, options: Options) => startCommand(node, [main, ...words(args)], options)

/** Runs `courant` to its end. */
export const courant = (args: string, options: Options): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.flatMap(start(args, { input: "", ...options }), ({ ended }) => ended))

/** The command line of {@link start}, for programs that start others. */
export const commandLine = (args: string): string => `${node} ${main} ${args}`

const words = (args: string): ReadonlyArray<string> => args.split(" ").filter((word) => word !== "")

/** Starts any program; its end, or that of the scope, is the end of the process. */
export const startCommand = (command: string, args: ReadonlyArray<string>, options: Options) =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<Outcome>()
    const end = (outcome: Outcome) => Deferred.doneUnsafe(ended, Effect.succeed(outcome))
    const { child, heard } = yield* Effect.acquireRelease(
      Effect.sync(() => listen(command, args, options, end)),
      ({ child }) => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), Deferred.await(ended))
    )
    const says = Effect.fnUntraced(function*(pattern: RegExp, on: "stdout" | "stderr" = "stderr") {
      while (true) {
        const match = pattern.exec(heard[on]())
        if (match !== null) return match
        if (child.exitCode !== null || child.signalCode !== null) {
          return yield* Effect.die(`it ended without ${pattern}: ${heard.stderr()}`)
        }
        yield* Effect.sleep("5 millis")
      }
    })
    const running: Running = {
      child,
      ...heard,
      says,
      signal: (signal) => Effect.andThen(Effect.sync(() => child.kill(signal)), Deferred.await(ended)),
      ended: Deferred.await(ended)
    }
    return running
  })

const listen = (command: string, args: ReadonlyArray<string>, options: Options, end: (outcome: Outcome) => void) => {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: [options.file ?? "pipe", "pipe", "pipe"]
  })
  const out: Array<Buffer> = []
  const err: Array<Buffer> = []
  child.stdout?.on("data", (bytes: Buffer) => out.push(bytes))
  child.stderr?.on("data", (bytes: Buffer) => err.push(bytes))
  // A program that ends before it has read all is no failure of the test.
  child.stdin?.on("error", () => {})
  if (options.input !== undefined) child.stdin?.end(options.input)
  const stdout = () => Buffer.concat(out).toString()
  const stderr = () => Buffer.concat(err).toString()
  child.on("close", (code) => end({ code, bytes: Buffer.concat(out), stdout: stdout(), stderr: stderr() }))
  return { child, heard: { stdout, stderr } }
}

/** The lines of a text that ends with a line break, without the empty one after it. */
export const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").slice(0, -1)

/** The last line of stderr: every event counted once. */
export const account = ({ stderr }: Outcome): string => linesOf(stderr).at(-1) ?? ""

export interface Tick {
  readonly symbol?: string
  readonly time: number
  readonly price: string | number
  readonly size: number
  readonly priceForming?: boolean
}

/** Ticks as lines of standard input; of AAPL unless told. */
export const input = (ticks: ReadonlyArray<Tick>): string =>
  ticks.map((tick) => `${JSON.stringify({ symbol: "AAPL", ...tick })}\n`).join("")

/** 2024-11-25 14:30 UTC: the beginning of a minute, and of five. */
export const minute = 1_732_545_000_000
