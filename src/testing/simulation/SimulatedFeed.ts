/** Something that sends events when their time has come, and can be asked again from any of them on. */
import { Effect, Option, Stream } from "effect"
import * as fc from "fast-check"
import type { Feed } from "../../streams/ports/Feed.ts"
import { fromTexts, Kind } from "../../streams/records/Records.ts"
import { exactSamples } from "../Arbitraries.ts"
import type { Random } from "./Random.ts"
import type { World } from "./World.ts"

/** A line and when it comes, by the world's clock. */
export interface Planned {
  readonly at: number
  readonly text: string
}

export const mostEvents = 120

/**
 * Lines with silences between them: in order, each with the time at which it comes; or in disorder, some of them far too
 * late, and some no events at all.
 */
export const planOf = (random: Random, { bound, isOrdered, seed }: {
  /** Milliseconds by which an ordered feed may be out of order, so that nothing of it is late. */
  readonly bound: number
  readonly isOrdered: boolean
  readonly seed: number
}): ReadonlyArray<Planned> => {
  let at = 0
  return fc.sample(exactSamples, { seed, numRuns: 20 + random.below(mostEvents - 19) }).map((sample) => {
    const silence = random.happens(0.1) ? random.below(2_000) : 0
    at += random.below(30) + silence
    if (isOrdered) return { at, text: JSON.stringify({ ...sample, time: at - random.below(bound + 1) }) }
    if (random.happens(0.03)) return { at, text: "{no event" }
    // What comes after a silence often belongs into it: whether it is late hangs on what was decided meanwhile.
    const delay = random.happens(0.6) ? random.below(silence + 1) : random.happens(0.05) ? random.below(300) : 0
    const time = at - random.below(12) - delay
    return { at, text: JSON.stringify({ ...sample, time }) }
  })
}

/** A stretch of time, by the world's clock, in which the feed gives nothing and does not answer. */
export interface Absence {
  readonly from: number
  readonly to: number
}

export class SimulatedFeed {
  readonly #plan: ReadonlyArray<Planned>
  readonly #absences: ReadonlyArray<Absence>
  readonly #world: World
  #given = 0

  constructor({ absences, plan }: { readonly plan: ReadonlyArray<Planned>; readonly absences: ReadonlyArray<Absence> }, world: World) {
    this.#plan = plan
    this.#absences = absences
    this.#world = world
  }

  get service(): Feed["Service"] {
    return {
      name: "simulated",
      freshness: Effect.succeed({ _tag: "simulated" }),
      hasGivenAll: this.#hasGivenAll,
      events: (position) => {
        this.#given = Number(Option.getOrElse(position, () => "0"))
        return Stream.fromEffectRepeat(this.#next)
      }
    }
  }

  readonly #next = Effect.gen({ self: this }, function*() {
    yield* until(() => this.#given < this.#due && !this.#isAway)
    const from = this.#given
    this.#given = Math.min(this.#due, from + 5)
    return fromTexts(this.#plan.slice(from, this.#given).map(({ text }) => text), Kind.event, String(this.#given))
  })

  readonly #hasGivenAll = Effect.suspend(() =>
    this.#isAway ? Effect.succeed(false) : Effect.as(until(() => this.#given >= this.#due), true))

  get #isAway(): boolean {
    const { now } = this.#world
    return this.#absences.some(({ from, to }) => from <= now && now < to)
  }

  /** How many have come by now. */
  get #due(): number {
    const { now } = this.#world
    let due = this.#given
    while (due < this.#plan.length && this.#plan[due]!.at <= now) due++
    return due
  }
}

/** Looks every few milliseconds. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => condition() ? Effect.void : Effect.andThen(Effect.sleep(2), until(condition)))
