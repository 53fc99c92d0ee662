/**
 * The time of a simulated world and the turns of the processes in it: which of all that could go on does is a matter of the
 * seed, and time goes by only where nothing could. So a run is a function of its seed, and waiting costs nothing.
 */
import { Process } from "./Process.ts"
import { Random } from "./Random.ts"

export interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class World {
  /** Turns taken. */
  steps = 0
  /** Milliseconds of the monotonic clock. */
  now = 0
  /** By how much the wall clock is ahead of it; it is set now and then. */
  wallAhead: number
  readonly random: Random
  #processes: Array<Process> = []
  /** What happens whatever becomes of any process: what is on its way in a network, or what somebody has decided to do. */
  readonly #outside: Array<Timer> = []

  constructor(seed: number, wallAhead: number) {
    this.random = new Random(seed)
    this.wallAhead = wallAhead
  }

  start(): Process {
    const process = new Process(this)
    this.#processes.push(process)
    return process
  }

  /** A process is gone, with all that it was about to do. */
  kill(process: Process): void {
    process.isDead = true
    this.#processes = this.#processes.filter((other) => other !== process)
  }

  /**
   * One process takes a turn, or time goes by to the next that is due. False where nothing can ever happen any more, and
   * where that would not be before a time.
   */
  step(before = Infinity): boolean {
    const awake = this.#processes.filter(({ isAwake, tasks }) => isAwake && tasks.length > 0)
    if (awake.length > 0) {
      this.steps++
      this.#turn(awake)
      return true
    }
    const next = this.#next()
    if (next === null || next.at > before) return false
    this.steps++
    this.now = Math.max(this.now, next.at)
    next.run()
    return true
  }

  #turn(awake: ReadonlyArray<Process>): void {
    let chosen = this.random.below(awake.reduce((sum, { tasks }) => sum + tasks.length, 0))
    for (const { tasks } of awake) {
      if (chosen >= tasks.length) {
        chosen -= tasks.length
        continue
      }
      const task = tasks[chosen]!
      // The order of those that wait is no matter, since it is drawn from.
      tasks[chosen] = tasks[tasks.length - 1]!
      tasks.pop()
      return task()
    }
  }

  #next(): { readonly at: number; readonly run: () => void } | null {
    let at = Infinity
    let order = Infinity
    let run: (() => void) | null = null
    const consider = (timer: Timer, due: number, take: () => void) => {
      if (due > at || (due === at && timer.order > order)) return
      at = due
      order = timer.order
      run = take
    }
    for (const timer of this.#outside) consider(timer, timer.at, () => runFrom(this.#outside, timer))
    for (const { asleepUntil, tasks, timers } of this.#processes) {
      for (const timer of timers) consider(timer, Math.max(asleepUntil, timer.at), () => runFrom(timers, timer))
      if (tasks.length > 0) consider({ at: asleepUntil, order: 0, run: () => {} }, asleepUntil, () => {})
    }
    return run === null ? null : { at, run }
  }

  /** Something that happens later, whatever becomes of any process. */
  later(milliseconds: number, run: () => void): void {
    this.#outside.push({ at: this.now + milliseconds, order: this.nextOrder(), run })
  }

  /** Of what is due at the same time anything may come first. */
  nextOrder(): number {
    return this.random.next()
  }
}

const runFrom = (timers: Array<Timer>, timer: Timer): void => {
  timers.splice(timers.indexOf(timer), 1)
  timer.run()
}
