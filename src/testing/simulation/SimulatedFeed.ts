/** Something that sends events when their time has come, and can be asked again from any of them on. */
import { Effect, Option, Stream } from "effect"
import type { Feed } from "../../streams/ports/Feed.ts"
import { fromTexts, Kind } from "../../streams/records/Records.ts"
import type { Absence, Planned } from "./Workload.ts"
import type { World } from "./World.ts"

export class SimulatedFeed {
  readonly #plan: ReadonlyArray<Planned>
  readonly #absences: ReadonlyArray<Absence>
  readonly #world: World
  readonly #most: number
  readonly #onGiven: (given: number, most: number) => void
  given = 0

  /** Gives at most so many events at once. */
  constructor(world: World, { absences, most, onGiven, plan }: {
    readonly plan: ReadonlyArray<Planned>
    readonly absences: ReadonlyArray<Absence>
    readonly most: number
    readonly onGiven: (given: number, most: number) => void
  }) {
    this.#onGiven = onGiven
    this.#plan = plan
    this.#absences = absences
    this.#world = world
    this.#most = most
  }

  get service(): Feed["Service"] {
    return {
      name: "simulated",
      freshness: Effect.succeed({ _tag: "simulated" }),
      hasGivenAll: this.#hasGivenAll,
      events: (position) => {
        this.given = Number(Option.getOrElse(position, () => "0"))
        return Stream.fromEffectRepeat(this.#next)
      }
    }
  }

  readonly #next = Effect.gen({ self: this }, function*() {
    yield* until(() => this.given < this.#due && !this.#isAway, () => this.#nextAt)
    const from = this.given
    this.given = Math.min(this.#due, from + this.#most)
    this.#onGiven(this.given, this.#most)
    return fromTexts(this.#plan.slice(from, this.given).map(({ text }) => text), Kind.event, String(this.given))
  })

  readonly #hasGivenAll = Effect.suspend(() =>
    this.#isAway ? Effect.succeed(false) : Effect.as(until(() => this.given >= this.#due), true))

  get #isAway(): boolean {
    const { now } = this.#world
    return this.#absences.some(({ from, to }) => from <= now && now < to)
  }

  /** How many have come by now. */
  get #due(): number {
    const { now } = this.#world
    let due = this.given
    while (due < this.#plan.length && this.#plan[due]!.at <= now) due++
    return due
  }

  /** Milliseconds until something may come. */
  get #nextAt(): number {
    if (this.#isAway) return 10
    const next = this.#plan[this.given]?.at ?? Infinity
    return Math.min(500, Math.max(2, next - this.#world.now))
  }
}

/** Looks every few milliseconds, or when it says. */
export const until = (condition: () => boolean, wait: () => number = () => 2): Effect.Effect<void> =>
  Effect.suspend(() => condition() ? Effect.void : Effect.andThen(Effect.sleep(wait()), until(condition, wait)))
