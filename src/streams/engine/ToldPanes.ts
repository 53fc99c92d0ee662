/**
 * What an end of input has told of windows that stay open. Telling it has changed nothing else: operators do not know of
 * it. So what they emit of such a window later is told again only where it differs, and with the next revision.
 *
 * At the end all windows before a window were closed too, and counted among its changes; those before an early pane that
 * comes later may be open again. It is newer all the same if it has more rows.
 */
import * as Fingerprint from "../pipeline/Fingerprint.ts"
import * as Pane from "../pipeline/Pane.ts"
import type { Emitted } from "../operator/Operator.ts"
import { PagedList } from "../operator/PagedList.ts"
import type { StateReader, StateWriter } from "../operator/State.ts"
import { isTired } from "../operator/Work.ts"

interface Told extends Pick<Pane.Pane, "changes" | "end" | "key" | "revision" | "start"> {
  /** Rows of the window itself. */
  readonly rows: number
  readonly isEarly: boolean
  /** Of the values: those of all open windows would make checkpoints many times as long. */
  readonly digest: string
}

const numbers = ["start", "end", "revision", "changes", "rows"] as const

export class ToldPanes {
  /** For how long after its end a window may be emitted. */
  readonly #lateness: number
  /** Of each window its place in the pages. */
  readonly #places = new Map<string, number>()
  readonly #told = new PagedList<Told>({ saved: (told) => told, order: Pane.order, write })
  readonly pages = { told: this.#told }
  #lastEnd = -Infinity

  constructor(lateness: number) {
    this.#lateness = lateness
  }

  get size(): number {
    return this.#places.size
  }

  tell(pane: Pane.Pane, rows: number): void {
    const { changes, end, key, revision, start } = pane
    this.#add({ start, end, key, revision, changes, rows, isEarly: pane.pane === "early", digest: digestOf(pane) })
  }

  #add(told: Told): void {
    const window = windowOf(told)
    const known = this.#places.get(window)
    if (known === undefined) this.#places.set(window, this.#told.add(told))
    else this.#told.set(known, told)
    this.#lastEnd = Math.max(this.#lastEnd, told.end)
  }

  #find(pane: Pane.Pane): Told | undefined {
    const place = this.#places.get(windowOf(pane))
    return place === undefined ? undefined : this.#told.at(place)
  }

  /** The pane with the revision and the changes that it is to have, or `null` where it says nothing new. */
  news({ pane, rows }: Pick<Emitted, "pane" | "rows">): Pane.Pane | null {
    const told = this.#find(pane)
    if (told === undefined) return pane
    if (pane.pane === "early" && rows <= told.rows) return null
    const next = this.revised(pane, rows)
    const isAsFinal = pane.pane !== "retracted" && (pane.pane === "early" || !told.isEarly)
    if (isAsFinal && pane.changes === told.changes && digestOf(pane) === told.digest) return null
    this.tell(next, rows)
    return next
  }

  revised(pane: Pane.Pane, rows = pane.changes): Pane.Pane {
    const told = this.#find(pane)
    if (told === undefined) return pane
    const least = pane.pane === "early" ? told.changes + rows - told.rows : pane.pane === "retracted" ? told.changes : 0
    return { ...pane, revision: told.revision + 1, changes: Math.max(pane.changes, least) }
  }

  /** Once nothing of all that was told can be emitted any more, it is forgotten. */
  *forget(watermark: number): Generator<void> {
    if (this.#lastEnd + this.#lateness >= watermark) return
    let done = 0
    for (const place of this.#places.values()) {
      this.#told.remove(place)
      if (isTired(++done)) yield
    }
    this.#places.clear()
    this.#lastEnd = -Infinity
  }

  /** Nothing beside the pages. */
  save(): void {}

  restore(state: StateReader): void {
    for (const table of state.tables("told")) {
      const [keys, digests, early] = [table.texts("key"), table.texts("digest"), table.wholeNumbers("isEarly")]
      const [starts, ends, revisions, changes, rows] = numbers.map((name) => table.wholeNumbers(name))
      table.end()
      keys.forEach((key, i) =>
        this.#add({
          key,
          start: starts![i]!,
          end: ends![i]!,
          revision: revisions![i]!,
          changes: changes![i]!,
          rows: rows![i]!,
          isEarly: early[i] === 1,
          digest: digests[i]!
        }))
    }
  }
}

const write = (all: ReadonlyArray<Told>, state: StateWriter): void => {
  const table = state.table("told", all.length)
  table.strings("key", all.map(({ key }) => key))
  table.strings("digest", all.map(({ digest }) => digest))
  for (const name of numbers) table.numbers(name, Float64Array.from(all, (told) => told[name]))
  table.numbers("isEarly", Float64Array.from(all, ({ isEarly }) => Number(isEarly)))
}

const windowOf = ({ end, key, start }: Pick<Pane.Pane, "end" | "key" | "start">): string => `${start}:${end}:${key}`

/** The same in whatever order results are declared. 64 bits are enough beside the changes, which differ where rows do. */
const digestOf = (pane: Pane.Pane): string => Fingerprint.of(Pane.encode(pane).values).slice(0, 16)
