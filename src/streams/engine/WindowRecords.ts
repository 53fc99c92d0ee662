/** The records of one window: which of them count, and which were taken back by which. */
import { Outcome } from "../operator/Operator.ts"
import type { Done } from "../operator/windowed/KeptRows.ts"
import type { Place } from "../pipeline/Row.ts"

/** A record that is in a window, or was, or that took back one of it. */
export interface Contribution {
  readonly place: Place
  readonly kind: "event" | "pre-aggregated"
  /** Its event time in milliseconds since the epoch. */
  readonly time: number
  /** `null` where its record is gone, or it was read from none. */
  readonly knownAt: number | null
  /** As it is in the log; `null` where its record is gone, or it was read from none. */
  readonly record: string | null
  /** Whether the window is made of it. */
  readonly counts: boolean
  /** What took it back; `null` where nothing did. A record that does not count and was not taken back took back another. */
  readonly takenBackBy: Place | null
}

type Read = Omit<Contribution, "counts" | "takenBackBy">

export class WindowRecords {
  /** When the window is final. */
  readonly #closesAt: number
  readonly #read: Array<Read & { readonly isIn: boolean }> = []
  /** The places of those that are in it. */
  readonly #rows = new Set<string>()
  readonly #counting: Array<number> = []
  /** Those that take back others, which counts when they have done so. */
  readonly #taking = new Map<string, number>()
  /** Of these what came before the rest was read, and is known by what it has done. */
  readonly #before = new Set<number>()
  #new: Array<Done> = []
  readonly #done: Array<Done> = []
  #newAtEnd: Array<Done> = []
  #atEnd: ReadonlyArray<Done> = []
  /** Rows that were held, and came to the window at the end of an input only. */
  #heldAtEnd: Array<number> = []
  /** What counts where such rows do: all that were there then. */
  #countingAtEnd: ReadonlyArray<number> | null = null

  constructor(closesAt: number) {
    this.#closesAt = closesAt
  }

  /** A row of the window; `atEnd` where it comes at the end of an input, and is held on. */
  add(read: Read, atEnd: boolean): void {
    const counting = atEnd ? this.#heldAtEnd : this.#counting
    this.#rows.add(nameOf(read.place))
    counting.push(this.#read.push({ ...read, isIn: true }) - 1)
  }

  /** A row of the key that takes back others; `isIn` where the window has its time. */
  addTaking(read: Read, isIn: boolean): void {
    if (isIn) this.#rows.add(nameOf(read.place))
    this.#taking.set(nameOf(read.place), this.#read.push({ ...read, isIn }) - 1)
  }

  note(done: ReadonlyArray<Done>, atEnd: boolean): void {
    const noted = atEnd ? this.#newAtEnd : this.#new
    for (const one of done) if (one.outcome === Outcome.aggregated) noted.push(one)
  }

  /** After each piece of the log. What the end of an input told holds until the window is told anew, or has all of its rows. */
  settle({ isComplete, isEnd, isTold }: { readonly isComplete: boolean; readonly isEnd: boolean; readonly isTold: boolean }): void {
    if (isEnd || isTold || isComplete) this.#countingAtEnd = this.#heldAtEnd.length === 0 ? null : [...this.#counting, ...this.#heldAtEnd]
    this.#heldAtEnd = []
    for (const one of [...this.#new, ...this.#newAtEnd]) this.#noteBefore(one)
    const isOwn = ({ place }: Done) => this.#taking.has(nameOf(place))
    for (const one of this.#new) if (isOwn(one)) this.#done.push(one)
    if (isTold) this.#atEnd = this.#newAtEnd.filter(isOwn)
    this.#new = []
    this.#newAtEnd = []
  }

  /** What takes back rows of the window may have been read before a snapshot, and have waited in it. */
  #noteBefore({ place, taken, time }: Done): void {
    if (this.#taking.has(nameOf(place)) || !taken.some((each) => this.#rows.has(nameOf(each)))) return
    this.addTaking({ place, kind: "event", time, knownAt: null, record: null }, false)
    this.#before.add(this.#read.length - 1)
  }

  /** In the order in which they were read. */
  get all(): ReadonlyArray<Contribution> {
    const listed = new Map<number, Contribution>()
    const list = (at: number, state: Pick<Contribution, "counts" | "takenBackBy">) => {
      const { isIn: _, ...read } = this.#read[at]!
      listed.set(at, { ...read, ...state })
    }
    /** By the place that a row has in the window: a correction has that of what it corrects. */
    const standing = new Map<string, number>()
    for (const at of this.#countingAtEnd ?? this.#counting) {
      standing.set(nameOf(this.#read[at]!.place), at)
      list(at, { counts: true, takenBackBy: null })
    }
    for (const { at: now, counts, place, taken } of this.#allDone()) {
      const own = this.#taking.get(nameOf(place))!
      if (now >= this.#closesAt) continue
      const gone = taken.flatMap((each) => standing.get(nameOf(each)) ?? [])
      const isIn = counts !== null && (nameOf(counts) === nameOf(place) ? this.#read[own]!.isIn : standing.has(nameOf(counts)))
      for (const at of gone) list(at, { counts: false, takenBackBy: place })
      for (const each of taken) standing.delete(nameOf(each))
      if (isIn) standing.set(nameOf(counts), own)
      if (isIn || gone.length > 0) list(own, { counts: isIn, takenBackBy: null })
    }
    const isLater = (at: number) => Number(!this.#before.has(at))
    return [...listed].sort(([a], [b]) => isLater(a) - isLater(b) || a - b).map(([, contribution]) => contribution)
  }

  #allDone(): ReadonlyArray<Done> {
    const done = new Set(this.#done.map(({ place }) => nameOf(place)))
    return [...this.#done, ...this.#atEnd.filter(({ place }) => !done.has(nameOf(place)))]
  }
}

/** Rows and pre-aggregated records that take back each other are of one topic. */
const nameOf = ({ offset, partition, window }: Place): string => window === undefined ? `${partition} ${offset}` : `${window.start} ${window.end} ${window.key}`
