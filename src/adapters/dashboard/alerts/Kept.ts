/** The alerts that there are and what they have fired, as the store has them. */
import { type Alert, type Firing, mostAlerts, mostFirings, type Position, type Stored } from "../../../streams/ports/AlertStore.ts"
import type { Fired } from "./Crossings.ts"

export interface KeptAlert {
  readonly alert: Alert
  /** Up to which window nothing changes any more. */
  position: Position | null
}

/** Changes of one firing that are kept, the first one and those that came last. */
const mostStates = 20

export class Kept {
  readonly #alerts: Map<string, KeptAlert>
  readonly #firings: Map<number, Firing>
  #byAlert: Map<string, Array<Firing>>
  #lastId: number

  constructor({ alerts, firings }: Stored) {
    this.#alerts = new Map(alerts.map(({ alert, position }) => [alert.id, { alert, position }]))
    this.#firings = new Map(firings.map((firing) => [firing.id, firing]))
    this.#byAlert = Map.groupBy(firings, ({ alert }) => alert)
    this.#lastId = firings.at(-1)?.id ?? 0
  }

  get alerts(): ReadonlyArray<KeptAlert> {
    return [...this.#alerts.values()]
  }

  get isFull(): boolean {
    return this.#alerts.size >= mostAlerts
  }

  has(id: string): boolean {
    return this.#alerts.has(id)
  }

  of({ key, pipeline }: Pick<Alert, "key" | "pipeline">): ReadonlyArray<KeptAlert> {
    return this.alerts.filter(({ alert }) => alert.key === key && alert.pipeline === pipeline)
  }

  /** In the order in which they fired. */
  get firings(): ReadonlyArray<Firing> {
    return [...this.#firings.values()]
  }

  firingsOf(alert: string): ReadonlyArray<Firing> {
    return this.#byAlert.get(alert) ?? []
  }

  add(alert: Alert, position: Position | null): void {
    this.#alerts.set(alert.id, { alert, position })
  }

  remove(id: string): void {
    this.#alerts.delete(id)
    for (const { id: firing } of this.firingsOf(id)) this.#firings.delete(firing)
    this.#byAlert.delete(id)
  }

  /** New ones get a number. Numbers rise, also where the newest firing was removed and the server started again. */
  numbered(firings: ReadonlyArray<Firing>, now: number): ReadonlyArray<Firing> {
    return firings.map((firing) => firing.id > 0 ? firing : { ...firing, id: this.#lastId = Math.max(this.#lastId + 1, now) })
  }

  #isNew = ({ id }: Firing): boolean => !this.#firings.has(id)

  /** Those that are kept no longer where these come. */
  beyond(firings: ReadonlyArray<Firing>): ReadonlyArray<number> {
    const count = this.#firings.size + firings.filter(this.#isNew).length
    return [...this.#firings.keys()].slice(0, Math.max(0, count - mostFirings))
  }

  /** How many of them are new. */
  note(firings: ReadonlyArray<Firing>, forgotten: ReadonlyArray<number>): number {
    if (firings.length === 0) return 0
    const added = firings.filter(this.#isNew).length
    for (const firing of firings) this.#firings.set(firing.id, firing)
    for (const id of forgotten) this.#firings.delete(id)
    this.#byAlert = Map.groupBy(this.#firings.values(), ({ alert }) => alert)
    return added
  }
}

/** A firing as it was told last. */
export const lastOf = (firing: Firing): Fired & { readonly firing: Firing } => {
  const { end, start, states } = firing
  const { before, state, value } = states.at(-1) ?? states[0]
  return { start, end, state, value, before, firing }
}

/** What an alert fires, or what has become of a firing. */
export const changed = (of: Alert | Firing, { before, end, start, state, value }: Fired, knownAt: number): Firing => {
  const next = { state, value, before, knownAt }
  if ("states" in of) return { ...of, start, end, states: [of.states[0], ...of.states.slice(1).slice(2 - mostStates), next] }
  const { id: alert, key, pipeline } = of
  return { id: 0, alert, pipeline, key, start, end, states: [next] }
}
