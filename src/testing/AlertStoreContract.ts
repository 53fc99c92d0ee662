/** The laws of the port {@link AlertStore}. */
import { Arbitrary, Effect, type Layer } from "effect"
import { type Alert, AlertStore, type Firing, type Position, type Stored } from "../streams/ports/AlertStore.ts"
import { type DurableLaws, forAll, type Laws, on, type Options, same, testLaws } from "./Law.ts"
import { integer } from "./Samples.ts"

export const suite = (name: string, fresh: Layer.Layer<AlertStore, unknown>, options?: Options<AlertStore>): void =>
  testLaws(`AlertStore: ${name}`, laws, durableLaws, fresh, options)

const odd = "BRK.A/\u{1F600} \"ä\"\n'\\"

const alertOf = (number: number): Alert => ({
  id: `alert ${number}`,
  pipeline: "candles-1m",
  key: number % 2 === 0 ? odd : "",
  value: "price",
  direction: number % 3 === 0 ? "below" : "above",
  level: "123456789012345678901234567890.000000000000000001",
  note: odd,
  createdAt: 1_700_000_000_000 + number,
  from: number % 2 === 0 ? null : -1
})

const firingOf = (id: number, alert: number): Firing => ({
  id,
  alert: `alert ${alert}`,
  pipeline: "candles-1m",
  key: odd,
  start: -60_000,
  end: 0,
  states: [
    { state: "forming", value: "1", before: "0.000000000000000001", knownAt: 5 },
    ...id % 2 === 0 ? [{ state: "taken-back", value: "1", before: "0", knownAt: 6 } as const] : []
  ]
})

/** One thing that is done to a store, by numbers. */
type Step = readonly [what: number, alert: number, firing: number]

const steps = Arbitrary.array(Arbitrary.all([integer(0, 3), integer(0, 4), integer(1, 6)]), { maxLength: 12 })

const positionOf = (number: number): Position => ({ start: number, end: number + 1, before: number % 2 === 0 ? null : "1.5" })

const done = (store: AlertStore["Service"], [what, alert, firing]: Step, known: Stored) => {
  const isThere = known.alerts.some(({ alert: { id } }) => id === `alert ${alert}`)
  if (what === 0) return isThere ? Effect.void : store.add(alertOf(alert), firing === 1 ? null : positionOf(firing))
  if (what === 1) return store.remove(`alert ${alert}`)
  if (what === 2) return store.save({ positions: isThere ? [[`alert ${alert}`, positionOf(firing)]] : [], firings: [firingOf(firing, alert)], forgotten: [] })
  return store.save({ positions: [], firings: [], forgotten: [firing] })
}

const model = (known: Stored, [what, alert, firing]: Step): Stored => {
  const id = `alert ${alert}`
  const isThere = known.alerts.some((each) => each.alert.id === id)
  switch (what) {
    case 0:
      return isThere ? known : { ...known, alerts: [...known.alerts, { alert: alertOf(alert), position: firing === 1 ? null : positionOf(firing) }] }
    case 1:
      return { alerts: known.alerts.filter((each) => each.alert.id !== id), firings: known.firings.filter((each) => each.alert !== id) }
    case 2:
      return {
        alerts: known.alerts.map((each) => each.alert.id === id ? { ...each, position: positionOf(firing) } : each),
        firings: [...known.firings.filter((each) => each.id !== firing), firingOf(firing, alert)].sort((a, b) => a.id - b.id)
      }
    default:
      return { ...known, firings: known.firings.filter((each) => each.id !== firing) }
  }
}

const empty: Stored = { alerts: [], firings: [] }

export const laws: Laws<AlertStore> = {
  "gives alerts in the order in which they were made, with their positions, and firings by their ids, each as it was saved last": (fresh) =>
    forAll(steps, (steps) =>
      on(fresh, Effect.gen(function*() {
        const store = yield* AlertStore
        let known = empty
        for (const step of steps) {
          yield* done(store, step, known)
          known = model(known, step)
          same(yield* store.read, known)
        }
      })))
}

export const durableLaws: DurableLaws<AlertStore> = {
  "what was saved is there when it is opened again": (place) =>
    Effect.scoped(Effect.gen(function*() {
      const here = yield* place
      const steps: ReadonlyArray<Step> = [[0, 1, 2], [0, 2, 1], [2, 1, 3], [2, 2, 4], [1, 3, 1], [3, 1, 3], [2, 1, 6]]
      let known = empty
      for (const step of steps) {
        const before = known
        yield* on(here, AlertStore.use((store) => done(store, step, before)))
        known = model(known, step)
        same(yield* on(here, AlertStore.use(({ read }) => read)), known)
      }
    }))
}
