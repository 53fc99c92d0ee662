/**
 * The time and the turns of a simulated process: which of the fibers that could go on does is a matter of the seed, and time
 * goes by only where none could. So a run is a function of its seed, and waiting costs nothing.
 *
 * One object is scheduler and clock of Effect, since the one has to know when the other may move. Fibers are also taken off
 * in the middle, after a number of operations that is drawn for each turn: whoever relies on not being interrupted there is
 * found out.
 */
import { type Clock, Duration, Effect, type Fiber, type Scheduler } from "effect"
import { Random } from "./Random.ts"

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
  /** Goes off whatever has become of the process: something that is on its way in a network. */
  readonly isOutside: boolean
}

export class World implements Scheduler.Scheduler, Clock.Clock {
  readonly executionMode = "async"
  /** Turns taken. */
  steps = 0
  /** Milliseconds of the monotonic clock. */
  now = 0
  /** By how much the wall clock is ahead of it; it is set now and then. */
  wallAhead: number
  readonly #random: Random
  /** Operations that each fiber has left in its turn. */
  readonly #budgets = new WeakMap<object, number>()
  #tasks: Array<() => void> = []
  #timers: Array<Timer> = []
  #orders = 0

  constructor(seed: number, wallAhead: number) {
    this.#random = new Random(seed)
    this.wallAhead = wallAhead
  }

  /** Takes one turn, or lets time go by to the next that is due. False where nothing can ever happen any more. */
  step(): boolean {
    this.steps++
    const { length } = this.#tasks
    if (length > 0) {
      const chosen = this.#random.below(length)
      const task = this.#tasks[chosen]!
      // The order of those that wait is no matter, since it is drawn from.
      this.#tasks[chosen] = this.#tasks[length - 1]!
      this.#tasks.pop()
      task()
      return true
    }
    const timer = this.#nextTimer()
    if (timer === undefined) return false
    this.now = Math.max(this.now, timer.at)
    timer.run()
    return true
  }

  /** The process is gone, with all that it was about to do. */
  kill(): void {
    this.#tasks = []
    this.#timers = this.#timers.filter(({ isOutside }) => isOutside)
  }

  /** The process does not run for so long, and the world goes on. */
  pause(milliseconds: number): void {
    const until = this.now + milliseconds
    while (true) {
      const timer = this.#nextTimer((timer) => timer.isOutside && timer.at <= until)
      if (timer === undefined) break
      this.now = Math.max(this.now, timer.at)
      timer.run()
    }
    this.now = until
  }

  /** Something that happens later, whatever becomes of the process. */
  later(milliseconds: number, run: () => void): void {
    this.#timers.push({ at: this.now + milliseconds, order: this.#orders++, run, isOutside: true })
  }

  #nextTimer(isMeant: (timer: Timer) => boolean = () => true): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (isMeant(timer) && (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))) next = timer
    }
    if (next !== undefined) this.#timers.splice(this.#timers.indexOf(next), 1)
    return next
  }

  // As a scheduler.

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    const budget = this.#budgets.get(fiber) ?? 3 + this.#random.below(60)
    this.#budgets.set(fiber, budget)
    if (fiber.currentOpCount < budget) return false
    this.#budgets.delete(fiber)
    return true
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return { scheduleTask: (task) => void this.#tasks.push(task), flush: () => {} }
  }

  // As a clock.

  currentTimeMillisUnsafe(): number {
    return Math.floor(this.now + this.wallAhead)
  }

  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe()) * 1_000_000n
  }

  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(Math.round(this.now * 1e6))
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (!Duration.isFinite(duration)) return
      const at = this.now + Math.max(0, Duration.toMillis(duration))
      const timer: Timer = { at, order: this.#orders++, run: () => resume(Effect.void), isOutside: false }
      this.#timers.push(timer)
      return Effect.sync(() => {
        const index = this.#timers.indexOf(timer)
        if (index >= 0) this.#timers.splice(index, 1)
      })
    })
  }
}
