/**
 * What an end of input has told of windows that stay open. Telling it has changed nothing else: operators do not know of
 * it. So what they emit of such a window later is told again only where it differs, and with the next revision.
 *
 * At the end all windows before a window were closed too, and counted among its changes; those before an early pane that
 * comes later may be open again. It is newer all the same if it has more rows.
 *
 * Behind nodes that put rows in order what comes by an end of input may not be so in the end: another row is the first of
 * its id, two sessions become one. A window may then have fewer rows than was told, or none at all: it is taken back when
 * nothing can come of it any more.
 */
import * as Fingerprint from "../pipeline/Fingerprint.ts"
import * as Pane from "../pipeline/Pane.ts"
import { type Emitted, endOfTime, noOffset } from "../operator/Operator.ts"
import { PagedList } from "../operator/PagedList.ts"
import type { StateReader, StateWriter } from "../operator/State.ts"
import { isTired } from "../operator/Work.ts"
import { Heap } from "../operator/windowed/Heap.ts"

interface Told extends Pick<Pane.Pane, "changes" | "end" | "key" | "revision" | "start"> {
  /** Rows of the window itself. */
  readonly rows: number
  readonly isEarly: boolean
  /** Whether nothing but an end of input has told it so far. */
  readonly isOpen: boolean
  /** Whether it was taken back last. */
  readonly isOut: boolean
  /** Of the values: those of all open windows would make checkpoints many times as long. */
  readonly digest: string
}

const numbers = ["start", "end", "revision", "changes", "rows"] as const

const flags = ["isEarly", "isOpen", "isOut"] as const

type Window = Pick<Pane.Pane, "end" | "key" | "start">

export class ToldPanes {
  readonly #pipeline: string
  /** For how long after its end a window may be emitted. */
  readonly #lateness: number
  /** Of each window its place in the pages. */
  readonly #places = new Map<string, number>()
  readonly #told = new PagedList<Told>({ saved: (told) => told, order: Pane.order, write })
  readonly pages = { told: this.#told }
  /** Windows that may turn out to be none, by their ends; `null` where none can. */
  readonly #open: Heap<Window> | null
  #lastEnd = -Infinity

  /** `mayVanish` is whether what an end of input tells may be no window in the end. */
  constructor(pipeline: string, lateness: number, mayVanish: boolean) {
    this.#pipeline = pipeline
    this.#lateness = lateness
    this.#open = mayVanish ? new Heap<Window>((a, b) => a.end - b.end || Pane.order(a, b)) : null
  }

  get size(): number {
    return this.#places.size
  }

  /** By an end of input. */
  tell(pane: Pane.Pane, rows: number): void {
    this.#tell(pane, rows, pane.pane !== "retracted")
  }

  #tell(pane: Pane.Pane, rows: number, isOpen: boolean): void {
    const { changes, end, key, revision, start } = pane
    const isOut = pane.pane === "retracted"
    this.#add({ start, end, key, revision, changes, rows, isEarly: pane.pane === "early", isOpen, isOut, digest: digestOf(pane) })
  }

  #add(told: Told): void {
    const window = windowOf(told)
    const known = this.#places.get(window)
    if (known === undefined) this.#places.set(window, this.#told.add(told))
    else this.#told.set(known, told)
    if (told.isOpen) this.#open?.push({ start: told.start, end: told.end, key: told.key })
    this.#lastEnd = Math.max(this.#lastEnd, told.end)
  }

  #find(pane: Window): Told | undefined {
    const place = this.#places.get(windowOf(pane))
    return place === undefined ? undefined : this.#told.at(place)
  }

  /** The pane with the revision and the changes that it is to have, or `null` where it says nothing new. */
  news({ pane, rows }: Pick<Emitted, "pane" | "rows">): Pane.Pane | null {
    const told = this.#find(pane)
    if (told === undefined) return pane
    if (told.isOpen) this.#add({ ...told, isOpen: false })
    if (pane.pane === "early" && rows <= told.rows) return null
    const next = this.revised(pane, rows)
    if (told.isOut && pane.pane === "retracted" && pane.changes <= told.changes) return null
    const isAsFinal = pane.pane !== "retracted" && (pane.pane === "early" || !told.isEarly)
    if (isAsFinal && pane.changes === told.changes && digestOf(pane) === told.digest) return null
    this.#tell(next, rows, false)
    return next
  }

  revised(pane: Pane.Pane, rows: number): Pane.Pane {
    const told = this.#find(pane)
    if (told === undefined) return pane
    if (this.#open !== null) return { ...pane, revision: told.revision + 1, changes: Math.max(pane.changes, told.changes + (told.isOut ? 1 : 0)) }
    const least = pane.pane === "early" ? told.changes + rows - told.rows : pane.pane === "retracted" ? told.changes : 0
    return { ...pane, revision: told.revision + 1, changes: Math.max(pane.changes, least) }
  }

  /**
   * What was told and has turned out to be no window, taken back: of those that are due before a pane, or up to a watermark.
   * So they have their places among all panes, however far the watermark goes at once.
   */
  *vanished({ offset, watermark }: Pick<Emitted, "offset" | "watermark">): Generator<Emitted> {
    if (this.#open === null) return
    const until = watermark >= endOfTime ? Infinity : offset === noOffset ? watermark - 1 : watermark
    for (let next = this.#open.smallest; next !== undefined && this.#goneAt(next) <= until; next = this.#open.smallest) {
      this.#open.pop()
      const told = this.#find(next)
      if (told?.isOpen !== true) continue
      const { changes, end, key, rows, start } = told
      const pane: Pane.Pane = { pipeline: this.#pipeline, key, start, end, pane: "retracted", revision: told.revision + 1, changes, values: {} }
      this.#tell(pane, rows, false)
      yield { pane, rows, watermark: this.#goneAt(next), offset: noOffset }
    }
  }

  /** The watermark at which nothing comes of a window any more; a session closes a millisecond after its end. */
  #goneAt({ end }: Window): number {
    return end + this.#lateness + 2
  }

  /** Once nothing of all that was told can be emitted any more, it is forgotten. */
  *forget(watermark: number): Generator<void> {
    if (this.#lastEnd + this.#lateness + 2 > watermark) return
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
      const [keys, digests] = [table.texts("key"), table.texts("digest")]
      const [early, open, out] = flags.map((name) => table.wholeNumbers(name))
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
          isEarly: early![i] === 1,
          isOpen: open![i] === 1,
          isOut: out![i] === 1,
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
  for (const name of flags) table.numbers(name, Float64Array.from(all, (told) => Number(told[name])))
}

const windowOf = ({ end, key, start }: Window): string => `${start}:${end}:${key}`

/** The same in whatever order results are declared. 64 bits are enough beside the changes, which differ where rows do. */
const digestOf = (pane: Pane.Pane): string => Fingerprint.of(Pane.encode(pane).values).slice(0, 16)
