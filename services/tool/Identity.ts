/**
 * Which process a number meant. Process ids are used again, so one alone names whatever has it today;
 * with the moment of its start it names one process.
 */
import { Effect, Schedule, Schema } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"

export const Identity = Schema.Struct({
  pid: Schema.Int,
  /** In the system's own words, to be compared and nothing else. */
  started: Schema.String
})
export type Identity = typeof Identity.Type

/** Of a process that runs; undefined for one that does not, or that is only waiting to be reaped. */
export const of = (pid: number): Identity | undefined => {
  const started = existsSync("/proc/self/stat") ? fromProc(pid) : fromPs(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Of a process that had this number and ended before anyone could look. */
export const ofNone = (pid: number): Identity => ({ pid, started: "" })

export const isAlive = ({ pid, started }: Identity): boolean => of(pid)?.started === started

/** Does nothing where that process is no more, whoever may have its number now. */
export const signal = (identity: Identity, signal: NodeJS.Signals): Effect.Effect<void> =>
  Effect.sync(() => {
    if (!isAlive(identity)) return
    try {
      process.kill(identity.pid, signal)
    } catch {
      // It has ended in between.
    }
  })

/** Waits until a process that was told to stop does: the signal comes to its threads one by one, which may answer until then. */
export const stopped = ({ pid }: Identity): Effect.Effect<void> =>
  Effect.sync(() => isStopped(pid)).pipe(
    Effect.repeat({ until: (done) => done, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOption("10 seconds"),
    Effect.asVoid
  )

/** Where there is no `/proc` nobody can tell. */
const isStopped = (pid: number): boolean => {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => /^[TtZX]/.test(fieldsOf(`/proc/${pid}/task/${thread}/stat`)[0] ?? "Z"))
  } catch {
    return true
  }
}

/** From the third on. The second field is the name in parentheses, which may contain anything. */
const fieldsOf = (file: string): ReadonlyArray<string> => {
  const line = readFileSync(file, "utf8")
  return line.slice(line.lastIndexOf(")") + 2).split(" ")
}

/**
 * From the third and the 22nd field, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html. The latter are
 * ticks since the boot, hence the boot.
 */
const fromProc = (pid: number): string | undefined => {
  try {
    const fields = fieldsOf(`/proc/${pid}/stat`)
    if (/[ZX]/.test(fields[0] ?? "Z")) return undefined
    return `${fields[19]} ${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}`
  } catch {
    return undefined
  }
}

const fromPs = (pid: number): string | undefined => {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" })
    const [state = "Z", ...started] = line.trim().split(/\s+/)
    return state.startsWith("Z") ? undefined : started.join(" ")
  } catch {
    return undefined
  }
}
