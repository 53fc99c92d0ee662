/** What processes of this machine take while something runs: their CPU and their memory, from Linux's /proc. */
import { Effect, Schedule } from "effect"
import { readdirSync, readFileSync } from "node:fs"

export interface Usage {
  /** Seconds of CPU, of all of them together. */
  readonly cpu: number
  /** The most that they held at once, in MiB; what several share counts for each. */
  readonly memory: number
}

/** The processes whose command line mentions a text, such as the folder of a service that has started them. */
export const mentioning = (text: string) => (): ReadonlyArray<number> =>
  readdirSync("/proc").map(Number).filter((pid) => pid > 0 && read(pid, "cmdline").includes(text))

export const self = (): ReadonlyArray<number> => [process.pid]

/** Runs something and watches the processes meanwhile, those too that are started while it runs. */
export const watching = Effect.fnUntraced(function*<A, E, R>(
  processes: () => ReadonlyArray<number>,
  run: Effect.Effect<A, E, R>
) {
  const before = new Map(processes().map((pid) => [pid, cpuOf(pid)]))
  /** What each had taken when it was seen last: one that has ended had taken that. */
  const last = new Map(before)
  let memory = 0
  const look = Effect.sync(() => {
    let held = 0
    for (const pid of processes()) {
      last.set(pid, Math.max(cpuOf(pid), last.get(pid) ?? 0))
      held += memoryOf(pid)
    }
    memory = Math.max(memory, held)
  })
  const looking = Effect.andThen(Effect.repeat(look, Schedule.spaced("200 millis")), Effect.never)
  const result = yield* Effect.raceFirst(run, looking)
  yield* look
  const cpu = [...last].reduce((total, [pid, seconds]) => total + seconds - (before.get(pid) ?? 0), 0)
  return { result, usage: { cpu, memory } satisfies Usage }
})

/** A process may end between two looks at it. */
const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return ""
  }
}

/** Seconds: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, ticks of a hundredth of a second, behind the name. */
export const cpuOf = (pid: number): number => {
  const fields = read(pid, "stat").replace(/^.*\) /s, "").split(" ")
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

const memoryOf = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, "status"))?.[1] ?? 0) / 1_024
