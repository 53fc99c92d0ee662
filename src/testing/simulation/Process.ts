/**
 * A process of a simulated world, as Effect's scheduler and its clock: one object is both, since the one has to know when
 * the other may move. It can be stopped for a while, as a laptop that is shut, and be gone from one turn to the next.
 *
 * Fibers are also taken off in the middle, after a number of operations that is drawn for each turn: whoever relies on not
 * being interrupted there is found out.
 */
import { type Clock, Duration, Effect, type Fiber, type Scheduler } from "effect"
import type { Timer, World } from "./World.ts"

export class Process implements Scheduler.Scheduler, Clock.Clock {
  readonly executionMode = "async"
  readonly tasks: Array<() => void> = []
  readonly timers: Array<Timer> = []
  isDead = false
  /** It is to die before its next turn. */
  isDying = false
  asleepUntil = 0
  readonly #world: World
  /** Operations that each fiber has left in its turn. */
  readonly #budgets = new WeakMap<object, number>()

  constructor(world: World) {
    this.#world = world
  }

  get isAwake(): boolean {
    return this.asleepUntil <= this.#world.now
  }

  /** It does not run for so long, and the world goes on. */
  stop(milliseconds: number): void {
    this.asleepUntil = Math.max(this.asleepUntil, this.#world.now + milliseconds)
  }

  /** Does something when it is its turn; never, where it is gone by then. */
  schedule(task: () => void): void {
    if (!this.isDead) this.tasks.push(task)
  }

  // As a scheduler.

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    const budget = this.#budgets.get(fiber) ?? 3 + this.#world.random.below(60)
    this.#budgets.set(fiber, budget)
    if (fiber.currentOpCount < budget) return false
    this.#budgets.delete(fiber)
    return true
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return { scheduleTask: (task) => this.schedule(task), flush: () => {} }
  }

  // As a clock.

  currentTimeMillisUnsafe(): number {
    return Math.floor(this.#world.now + this.#world.wallAhead)
  }

  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.currentTimeMillisUnsafe()) * 1_000_000n
  }

  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(Math.round(this.#world.now * 1e6))
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (!Duration.isFinite(duration)) return
      const at = this.#world.now + Math.max(0, Duration.toMillis(duration))
      const timer: Timer = { at, order: this.#world.nextOrder(), run: () => resume(Effect.void) }
      this.timers.push(timer)
      return Effect.sync(() => {
        const index = this.timers.indexOf(timer)
        if (index >= 0) this.timers.splice(index, 1)
      })
    })
  }
}
