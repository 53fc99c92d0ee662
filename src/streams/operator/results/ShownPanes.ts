/**
 * Sessions of which an early pane was the last to be told. It may have been computed from more rows than what is told next,
 * since a session before it may be taken back in between; what is told next has to be the newer all the same.
 */
import * as Pane from "../../pipeline/Pane.ts"
import { PagedList } from "../PagedList.ts"
import type { StateReader, StateWriter } from "../State.ts"

interface Shown {
  readonly start: number
  readonly end: number
  readonly changes: number
  /** Rows of the session itself. */
  readonly rows: number
}

interface Saved extends Shown {
  readonly key: string
}

export class ShownPanes {
  readonly #byKey = new Map<string, Array<Shown & { readonly place: number }>>()
  readonly pages = new PagedList<Saved>({ saved: (shown) => shown, order: Pane.order, write })

  /** The same pane, with more changes than the one that was shown before it, by the rows that it has more. */
  show(pane: Pane.Pane, rows: number): Pane.Pane {
    const before = this.take(pane)
    const changes = Math.max(pane.changes, before === null ? 0 : before.changes + rows - before.rows)
    this.#add(pane.key, { start: pane.start, end: pane.end, changes, rows })
    return { ...pane, changes }
  }

  /** Forgets what was shown of a session, and says what it was. */
  take({ end, key, start }: Pane.Pane): Shown | null {
    const all = this.#byKey.get(key) ?? []
    const shown = all.find((one) => one.start === start && one.end === end)
    if (shown === undefined) return null
    const left = all.filter((other) => other !== shown)
    if (left.length === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, left)
    this.pages.remove(shown.place)
    return shown
  }

  #add(key: string, one: Shown): void {
    const shown = { ...one, place: this.pages.add({ ...one, key }) }
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, [shown])
    else others.push(shown)
  }

  restore(state: StateReader): void {
    for (const table of state.tables("shown")) {
      const [starts, ends] = [table.wholeNumbers("start"), table.wholeNumbers("end")]
      const [changes, rows] = [table.wholeNumbers("changes"), table.wholeNumbers("rows")]
      table.texts("key").forEach((key, i) => this.#add(key, { start: starts[i]!, end: ends[i]!, changes: changes[i]!, rows: rows[i]! }))
      table.end()
    }
  }
}

const write = (all: ReadonlyArray<Saved>, state: StateWriter): void => {
  const table = state.table("shown", all.length)
  table.strings("key", all.map(({ key }) => key))
  for (const name of ["start", "end", "changes", "rows"] as const) {
    table.numbers(name, Float64Array.from(all, (shown) => shown[name]))
  }
}
