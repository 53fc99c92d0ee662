/** Tries mutants in processes of their own, so many at a time: one that hangs, or fills the memory, ends with its process. */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Group, groupNames, seed } from "./Check.ts"
import type { Mutant } from "./Mutant.ts"
import { root } from "./Sample.ts"
import type { CheckName, Order, Place, Survey, Surveyed, Word } from "./Trial.ts"

/** What is known of a check before mutants are tried. */
export interface Known extends CheckName {
  readonly milliseconds: number
  /** Numbers of the places that it comes by. */
  readonly places: ReadonlySet<number>
}

/** What noticed a mutant; `null` where nothing did. */
export type Verdict = { readonly by: string; readonly why: string } | null

/** So long may a check compute that took `milliseconds` without a mistake. */
const usualPatience = (milliseconds: number): number => 6_000 + 5 * milliseconds

/** And so long a process until its first check. */
const toStart = 20_000

const environment = {
  ...process.env,
  COURANT_SEED: String(seed),
  // One in which local time is not UTC.
  TZ: "Asia/Kolkata",
  // Half of what a process does before its first check is to compile what has not changed.
  NODE_COMPILE_CACHE: join(root, ".courant/compiled")
}

const startProcess = (flags: ReadonlyArray<string>): ChildProcess =>
  fork(join(import.meta.dirname, "trialProcess.ts"), [], {
    cwd: root,
    env: environment,
    execArgv: ["--max-old-space-size=2048", "--disable-warning=ExperimentalWarning", ...flags],
    stdio: ["ignore", "ignore", "ignore", "ipc"]
  })

/** Mutants that a process tries before another takes its place: what it has loaded stays with it. */
const lifetime = 25

/** A process that tries mutants, and the next one when it has ended. */
export class Trials {
  readonly #flags: ReadonlyArray<string>
  #child: ChildProcess | null = null
  #tried = 0

  constructor(flags: ReadonlyArray<string> = []) {
    this.#flags = flags
  }

  /** The last word on a message; `limit` says how long each check may take. */
  ask(message: Order | Survey, limit: (check: CheckName) => number): Promise<Word> {
    const child = this.#child ??= startProcess(this.#flags)
    return new Promise((resolve) => {
      let check: CheckName | null = null
      const end = (word: Word, isWell: boolean) => {
        clearInterval(timer)
        child.removeAllListeners("message").removeAllListeners("exit")
        if (!isWell || ++this.#tried >= lifetime) this.close()
        resolve(word)
      }
      let watch = new Watch(child)
      const timer = setInterval(() => {
        if (watch.isOver(check === null ? toStart : limit(check))) end({ says: "fails", check, why: "it takes too long" }, false)
      }, 200)
      child.on("message", (word: Word) => {
        if (word.says !== "begins") return end(word, true)
        check = word.check
        watch = new Watch(child)
      })
      child.on("exit", (code, signal) => end({ says: "fails", check, why: `its process ended with ${signal ?? code}` }, false))
      child.send(message)
    })
  }

  close(): void {
    this.#child?.kill("SIGKILL")
    this.#child = null
    this.#tried = 0
  }
}

/**
 * How long a process works. It is its own time that counts where the system tells it, so that a busy machine notices no
 * mistakes; one that only waits is given ten times as long.
 */
class Watch {
  readonly #child: ChildProcess
  readonly #computed: number | null
  readonly #begun = performance.now()

  constructor(child: ChildProcess) {
    this.#child = child
    this.#computed = computedBy(child)
  }

  isOver(milliseconds: number): boolean {
    const computed = computedBy(this.#child)
    if (this.#computed === null || computed === null) return performance.now() - this.#begun > milliseconds
    return computed - this.#computed > milliseconds || performance.now() - this.#begun > 10 * milliseconds
  }
}

/** Linux says it in hundredths of a second. */
const computedBy = ({ pid }: ChildProcess): number | null => {
  try {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")
    const [user, system] = fields.split(" ").slice(11, 13).map(Number)
    return user === undefined || system === undefined ? null : (user + system) * 10
  } catch {
    return null
  }
}

const nameOf = (check: CheckName | null): string => check === null ? "its start" : `${check.group}: ${check.name}`

/** Runs the checks of a group on the program as it is; throws where one fails. */
const surveyGroup = async (group: Group, places: ReadonlyArray<Place>): Promise<ReadonlyArray<Surveyed>> => {
  const trials = new Trials(["--no-opt", "--no-maglev"])
  const word = await trials.ask({ asks: "survey", group, places }, () => 600_000)
  trials.close()
  if (word.says === "surveyed") return word.checks
  throw new Error(word.says === "fails" ? `without a mutant ${nameOf(word.check)} fails: ${word.why}` : "the survey says nothing")
}

/** What is known of every check, the quickest first. */
export const survey = async (workers: number, places: ReadonlyArray<Place>): Promise<ReadonlyArray<Known>> => {
  const found = await each(workers, groupNames, (group) => surveyGroup(group, places))
  return groupNames.flatMap((group, index) =>
    found[index]!.map((check): Known => ({ ...check, group, places: new Set(check.places) }))
  ).sort((a, b) => a.milliseconds - b.milliseconds)
}

/** Holds a mutant against checks, one after the other until one fails. */
export const attempt = async (
  trials: Trials,
  mutant: Mutant | null,
  checks: ReadonlyArray<Omit<Known, "places">>,
  patience = usualPatience
): Promise<Verdict> => {
  const known = new Map(checks.map((check) => [nameOf(check), check.milliseconds]))
  const order: Order = { asks: "attempt", mutant, checks: checks.map(({ group, name }) => ({ group, name })) }
  const word = await trials.ask(order, (check) => patience(known.get(nameOf(check)) ?? 0))
  return word.says === "fails" ? { by: nameOf(word.check), why: word.why } : null
}

/** Runs files of tests with a mutant in the sources. */
export const attemptTests = (mutant: Mutant | null, files: ReadonlyArray<string>, limit: number): Promise<Verdict> =>
  new Promise((resolve) => {
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const child = spawn(process.execPath, [vitest, "run", "--config", "test/mutation/vitest.config.ts", "--bail", "1", ...files], {
      cwd: root,
      env: { ...environment, ...(mutant === null ? {} : { COURANT_MUTANT: JSON.stringify(mutant) }) },
      detached: true,
      stdio: ["ignore", "pipe", "ignore"]
    })
    let output = ""
    child.stdout.on("data", (data: Buffer) => output += data.toString())
    const end = (why: string | null) => {
      clearTimeout(timer)
      try {
        // Its workers too.
        process.kill(-child.pid!, "SIGKILL")
      } catch {
        // They have ended by themselves.
      }
      resolve(why === null ? null : { by: `tests: ${/FAIL\s+(.*)/.exec(output)?.[1] ?? files.join(" ")}`, why })
    }
    const timer = setTimeout(() => end("they take too long"), limit)
    child.on("exit", (code) => end(code === 0 ? null : /\w*Error: .*/.exec(output)?.[0] ?? `they ended with ${code}`))
  })

/** The results of work on each of a list, in its order, so many pieces at a time. */
export const each = async <A, B>(
  workers: number,
  list: ReadonlyArray<A>,
  work: (item: A, index: number, worker: number) => Promise<B>
): Promise<ReadonlyArray<B>> => {
  const results: Array<B> = []
  const queue = list.entries()
  await Promise.all(Array.from({ length: workers }, async (_, worker) => {
    for (const [index, item] of queue) results[index] = await work(item, index, worker)
  }))
  return results
}
