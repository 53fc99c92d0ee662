/** What a run of a program took, with all processes that it started. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { problem, type ServiceProblem } from "../../services/tool/Problem.ts"

export interface Usage {
  /** Seconds of CPU, in the program and in the kernel for it. */
  readonly cpu: number
  readonly wall: number
  /** MiB that the largest of its processes held at most. */
  readonly memory: number
}

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Runs a command to its end, from a file to a file; what it says otherwise goes to `log`. Needs GNU time. */
export const run = (
  command: ReadonlyArray<string>,
  { input, log, output }: { readonly input: string; readonly output: string; readonly log: string }
): Effect.Effect<Usage, ServiceProblem> =>
  Effect.callback((resume) => {
    const took = `${log}.time`
    const files = [openSync(input, "r"), openSync(output, "w"), openSync(log, "w")] as const
    const child = spawn("time", ["--quiet", "-f", "%U %S %e %M", "-o", took, ...command], { cwd: root, stdio: [...files] })
    files.forEach(closeSync)
    child.on("error", () => resume(Effect.fail(problem("GNU time is not on the PATH: install it (Debian: apt-get install time)"))))
    child.on("close", (code) => {
      if (code !== 0) return resume(Effect.fail(problem(`it ended with code ${code}: ${lastLines(log)}`)))
      const [user, system, wall, kibibytes] = readFileSync(took, "utf8").trim().split(" ").map(Number)
      resume(Effect.succeed({ cpu: user! + system!, wall: wall!, memory: kibibytes! / 1_024 }))
    })
    return Effect.sync(() => child.kill())
  })

const lastLines = (log: string): string => readFileSync(log, "utf8").trim().split("\n").slice(-3).join(" / ")
