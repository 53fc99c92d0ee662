/**
 * Notes with decisions when they were taken, so that it can be said later what was known at a time. While an input is quiet
 * one decision takes the place of another again and again; those of them stay as its steps behind which something happened
 * before the next: panes were told, or records came.
 */
import type { Decision, End, Idle } from "../records/Decision.ts"

/** Steps that are kept of one silence; of more than that every other one of the older half is left out. */
const mostSteps = 64

export class DecisionTimes {
  /** The newest of each partition and field of event time. */
  readonly #idle = new Map<string, Idle>()
  #end: End | null = null
  /** Those behind whose last step nothing has happened. */
  readonly #fresh = new Set<string>()

  /** Behind those of former runs there may have. */
  constructor(former: ReadonlyArray<Decision>) {
    for (const decision of former) this.#note(decision)
  }

  /** The decisions as they are to be kept, where they are taken together at this time by the wall clock. */
  taken(decisions: ReadonlyArray<Decision>, now: number): ReadonlyArray<Decision> {
    const timed = decisions.map((decision) => this.#timed(decision, now))
    for (const decision of timed) this.#note(decision)
    for (const decision of timed) if (decision._tag === "idle") this.#fresh.add(placeOf(decision))
    return timed
  }

  /** Something has happened behind all that was taken. */
  happened(): void {
    this.#fresh.clear()
  }

  #timed(decision: Decision, now: number): Decision {
    if (decision._tag === "gap") return decision
    if (decision._tag === "end") {
      const isSame = this.#end !== null && this.#end.at.every((at, partition) => at === decision.at[partition])
      return { ...decision, takenAt: isSame ? this.#end?.takenAt ?? now : now }
    }
    const place = placeOf(decision)
    const before = this.#idle.get(place)
    const steps = before?.at === decision.at ? before.steps ?? [] : []
    const kept = this.#fresh.has(place) ? steps.slice(0, -1) : steps
    return { ...decision, steps: thinned([...kept, { takenAt: now, watermark: decision.watermark }]) }
  }

  #note(decision: Decision): void {
    if (decision._tag === "end") this.#end = decision
    if (decision._tag !== "idle") return
    const before = this.#idle.get(placeOf(decision))
    if (before === undefined || before.at <= decision.at) this.#idle.set(placeOf(decision), decision)
  }
}

const thinned = <A>(steps: ReadonlyArray<A>): ReadonlyArray<A> =>
  steps.length <= mostSteps ? steps : steps.filter((_, index) => index >= mostSteps / 2 || index % 2 === 0)

const placeOf = ({ eventTime = "", partition }: Idle): string => `${partition} ${eventTime}`
