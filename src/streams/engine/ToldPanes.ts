/**
 * What an end of input has told of windows that stay open. Telling it has changed nothing else: operators do not know of
 * it. So what they emit of such a window later is told again only where it differs, and with the next revision.
 *
 * At the end all windows before a window were closed too, and counted among its changes; those before an early pane that
 * comes later may be open again. It is newer all the same if it has more rows.
 */
import { Schema } from "effect"
import * as Pane from "../pipeline/Pane.ts"
import type { Emitted } from "../operator/Operator.ts"
import type { StateReader, StateWriter } from "../operator/State.ts"

interface Told {
  readonly pane: Pane.Encoded
  /** Rows of the window itself. */
  readonly rows: number
}

export class ToldPanes {
  /** For how long after its end a window may be emitted. */
  readonly #lateness: number
  readonly #byWindow = new Map<string, Told>()
  #lastEnd = -Infinity

  constructor(lateness: number) {
    this.#lateness = lateness
  }

  get size(): number {
    return this.#byWindow.size
  }

  tell(pane: Pane.Encoded, rows: number): void {
    this.#byWindow.set(windowOf(pane), { pane, rows })
    this.#lastEnd = Math.max(this.#lastEnd, pane.end)
  }

  /** The pane with the revision and the changes that it is to have, or `null` where it says nothing new. */
  news({ pane, rows }: Pick<Emitted, "pane" | "rows">): Pane.Pane | null {
    const told = this.#byWindow.get(windowOf(pane))
    if (told === undefined) return pane
    if (pane.pane === "early" && rows <= told.rows) return null
    const next = this.revised(pane, rows)
    const encoded = Pane.encode(next)
    const isAsFinal = pane.pane !== "retracted" && (pane.pane === "early" || told.pane.pane !== "early")
    if (isAsFinal && pane.changes === told.pane.changes && valuesOf(encoded) === valuesOf(told.pane)) return null
    this.tell(encoded, rows)
    return next
  }

  revised(pane: Pane.Pane, rows = pane.changes): Pane.Pane {
    const told = this.#byWindow.get(windowOf(pane))
    if (told === undefined) return pane
    const least = pane.pane === "early" ? told.pane.changes + rows - told.rows : pane.pane === "retracted" ? told.pane.changes : 0
    return { ...pane, revision: told.pane.revision + 1, changes: Math.max(pane.changes, least) }
  }

  /** Once nothing of all that was told can be emitted any more, it is forgotten. */
  forget(watermark: number): void {
    if (this.#lastEnd + this.#lateness >= watermark) return
    this.#byWindow.clear()
    this.#lastEnd = -Infinity
  }

  save(state: StateWriter): void {
    const all = [...this.#byWindow.values()].sort((a, b) => Pane.order(a.pane, b.pane))
    const table = state.table("told", all.length)
    table.json("pane", all.map(({ pane }) => ({ ...pane, values: sorted(pane) })))
    table.numbers("rows", Float64Array.from(all, ({ rows }) => rows))
  }

  restore(state: StateReader): void {
    const table = state.table("told")
    const rows = table.wholeNumbers("rows")
    table.json("pane").forEach((pane, i) => this.tell(decode(pane), rows[i]!))
    table.end()
  }
}

const decode = Schema.decodeUnknownSync(Pane.Encoded)

const windowOf = ({ end, key, start }: Pane.Encoded | Pane.Pane): string => `${start}:${end}:${key}`

/** In whatever order results are declared, they are the same values. */
const valuesOf = (pane: Pane.Encoded): string => JSON.stringify(sorted(pane))

const sorted = ({ values }: Pane.Encoded): Pane.Encoded["values"] =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1))
