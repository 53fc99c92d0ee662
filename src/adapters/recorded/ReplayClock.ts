/** How far a replay is by the clock: in slices, so many milliseconds of which each takes at the speed that it began with. */
import { Effect, Latch } from "effect"
import type { Pace } from "../../streams/ports/Feed.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"

export class ReplayClock {
  readonly #sliceMillis: number
  readonly #firstSpeed: number
  readonly #changed = Latch.makeUnsafe()
  #pace: Pace
  /** It was so far at that moment of the monotonic clock, and goes on from there. */
  #origin = { slices: 0, at: 0 }

  constructor(sliceMillis: number, speed: number) {
    this.#sliceMillis = sliceMillis
    this.#firstSpeed = speed
    this.#pace = { paused: false, speed }
  }

  get pace(): Pace {
    return this.#pace
  }

  begin(now: number): void {
    this.#origin = { slices: 0, at: now }
  }

  change(pace: Partial<Pace>, now: number): void {
    this.#origin = { slices: this.#slicesAt(now), at: now }
    this.#pace = { ...this.#pace, ...pace }
    this.#changed.openUnsafe()
    this.#changed.closeUnsafe()
  }

  /** When a slice is due, as far as is known now: never while it is paused. */
  dueAt(slice: number): number {
    const { at, slices } = this.#origin
    if (slice <= slices) return at
    return this.#pace.paused ? Infinity : at + (slice - slices) * this.#sliceMillis / this.#rate
  }

  #slicesAt(now: number): number {
    const { at, slices } = this.#origin
    return this.#pace.paused ? slices : slices + (now - at) / this.#sliceMillis * this.#rate
  }

  /** As fast as possible is as fast as it began. */
  get #rate(): number {
    return this.#pace.speed === this.#firstSpeed ? 1 : this.#pace.speed / this.#firstSpeed
  }

  /** Waits until a slice is due, whatever becomes of the pace meanwhile. */
  wait(slice: number): Effect.Effect<void> {
    return Effect.flatMap(MonotonicTime.millis, (now) => {
      const left = this.dueAt(slice) - now
      if (left <= 0) return Effect.void
      const due = left === Infinity ? Effect.never : Effect.sleep(left)
      return Effect.andThen(Effect.raceFirst(due, this.#changed.await), Effect.suspend(() => this.wait(slice)))
    })
  }
}
