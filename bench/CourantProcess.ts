/** Whole processes: what they take of the CPU and by the clock, start and end included. */
import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { Took } from "./Measure.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

/** The program under test: `COURANT_MAIN` names another one, such as that of the package as it is built. */
export const courant = process.env["COURANT_MAIN"] ?? "bin/courant.js"

export interface Streams {
  /** Files; by default there is nothing to read, and nobody reads what is written. */
  readonly input?: string
  readonly output?: string
}

/** Bash tells what a command has taken, to the millisecond; what the command says where something is wrong goes another way. */
const timed = "TIMEFORMAT='%R %U %S'; time \"$0\" \"$@\" 2>&3"

/** Runs Node.js with these arguments in the folder of the checkout. Rejects where that fails. */
export const run = async (args: ReadonlyArray<string>, { input = "/dev/null", output = "/dev/null" }: Streams = {}): Promise<Took> => {
  const [stdin, stdout] = [openSync(input, "r"), openSync(output, "w")]
  try {
    const command = spawn("bash", ["-c", timed, process.execPath, ...args], { cwd: root, stdio: [stdin, stdout, "pipe", "pipe"] })
    const ended = new Promise<number | null>((resolve) => void command.once("exit", resolve))
    // Both are pipes, as asked for above.
    const [times, said, code] = await Promise.all([text(command.stdio[2] as NodeJS.ReadableStream), text(command.stdio[3] as NodeJS.ReadableStream), ended])
    if (code !== 0) throw new Error(`${args.join(" ")}: ${said}`)
    const [real = NaN, user = NaN, system = NaN] = times.trim().split(" ").map(Number)
    return { millis: real * 1e3, cpu: (user + system) * 1e6 }
  } finally {
    closeSync(stdin)
    closeSync(stdout)
  }
}

/** Microseconds of the CPU. */
export const cpuOf = async (args: ReadonlyArray<string>, streams: Streams = {}): Promise<number> => (await run(args, streams)).cpu

/** Both write the same bytes. */
export const assertSame = (one: string, other: string): void => {
  if (!readFileSync(one).equals(readFileSync(other))) throw new Error(`${one} and ${other} differ: nothing is to be compared`)
}
