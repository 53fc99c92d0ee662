/** What alerts have to know of the windows of their keys: those that the sink has, and those that are open. */
import type { Encoded, Pane } from "../../../streams/pipeline/Pane.ts"
import * as PaneOf from "../../../streams/pipeline/Pane.ts"
import type { Firing } from "../../../streams/ports/AlertStore.ts"
import type { Event } from "../../../streams/ports/Monitor.ts"
import type { closingsOf } from "./Closing.ts"

export interface Key {
  readonly pipeline: string
  readonly key: string
}

/** The windows of one key. */
export class KeyWatch implements Key {
  readonly pipeline: string
  readonly key: string
  /** Whether open windows grow into others, as sessions do. */
  readonly moves: boolean
  /** From which start on the sink may have other windows than these; `null` where it has none. */
  staleFrom: number | null = -Infinity
  stored: ReadonlyArray<Encoded> = []
  /** Up to where windows did not change any more when all of them were looked at last. */
  settledTo = -Infinity
  readonly #open = new Map<string, Encoded>()

  constructor({ key, pipeline }: Key, moves: boolean) {
    this.pipeline = pipeline
    this.key = key
    this.moves = moves
  }

  form(pane: Pane): void {
    if (this.moves) for (const [place, open] of this.#open) if (open.start < pane.end && pane.start < open.end) this.#open.delete(place)
    this.#open.set(placeOf(pane), PaneOf.encode(pane))
  }

  doubt(from = -Infinity): void {
    this.staleFrom = Math.min(this.staleFrom ?? Infinity, from)
  }

  /** Whether there are results that do not change any more, and were not looked at since that is so: they may be gone soon. */
  isSettling(settledTo: number): boolean {
    const next = this.stored.find(({ end }) => end > this.settledTo)
    return next !== undefined && next.end <= settledTo
  }

  forgetClosed(closedTo: number): void {
    for (const [place, { end }] of this.#open) if (end <= closedTo) this.#open.delete(place)
  }

  /** Those that start at a time or later, in the order of (start, end). One that is stored with its result is not open any more. */
  windows(from = -Infinity): ReadonlyArray<Encoded> {
    const isResult = (open: Encoded) => this.moves && this.stored.some(({ end, pane, start }) => pane !== "early" && start < open.end && open.start < end)
    const all = new Map([...this.#open].filter(([, open]) => !isResult(open)))
    for (const pane of this.stored.slice(this.stored.findLastIndex(({ start }) => start < from) + 1)) if (pane.pane !== "early" || !all.has(placeOf(pane))) all.set(placeOf(pane), pane)
    return [...all.values()].sort((a, b) => a.start - b.start || a.end - b.end)
  }
}

const placeOf = ({ end, start }: Pick<Pane, "end" | "start">): string => `${start} ${end}`

/** The keys that alerts are about. What comes is looked up by its pipeline and key, however many alerts there are. */
export class Watches {
  readonly #byPipeline = new Map<string, Map<string, KeyWatch>>()
  /** Those of which there is something to look at. */
  readonly due = new Set<KeyWatch>()

  get({ key, pipeline }: Key): KeyWatch | undefined {
    return this.#byPipeline.get(pipeline)?.get(key)
  }

  *all(): Generator<KeyWatch> {
    for (const keys of this.#byPipeline.values()) yield* keys.values()
  }

  /** Watches these keys and no others. */
  choose(wanted: ReadonlyArray<Key>, moves: (pipeline: string) => boolean): void {
    const before = [...this.all()]
    this.#byPipeline.clear()
    for (const each of wanted) {
      if (this.get(each) !== undefined) continue
      const known = before.find(({ key, pipeline }) => key === each.key && pipeline === each.pipeline)
      const keys = this.#byPipeline.get(each.pipeline) ?? new Map<string, KeyWatch>()
      this.#byPipeline.set(each.pipeline, keys.set(each.key, known ?? new KeyWatch(each, moves(each.pipeline))))
    }
    for (const watch of this.due) if (this.get(watch) !== watch) this.due.delete(watch)
    // Also of those that are known: an alert that is new has looked at nothing yet.
    this.doubt()
  }

  hear(event: "forming" | "panes", panes: ReadonlyArray<Pane>): void {
    for (const pane of panes) {
      const watch = this.get(pane)
      if (watch === undefined) continue
      if (event === "forming") watch.form(pane)
      else watch.doubt(pane.start)
      this.due.add(watch)
    }
  }

  /** Event time has come to where results do not change any more. */
  settle(settledTo: (pipeline: string) => number): void {
    for (const watch of this.all()) if (watch.isSettling(settledTo(watch.pipeline))) this.due.add(watch)
  }

  /** What was missed is looked for in the sink. */
  doubt(of: Iterable<KeyWatch> = this.all()): void {
    for (const watch of of) {
      watch.doubt()
      this.due.add(watch)
    }
  }
}

/** Hears what the monitor tells, and notices what it has lost: so many panes were written, and so many were heard of. */
export class Listener {
  readonly #watches: Watches
  readonly #firings: () => ReadonlyArray<Firing>
  readonly #closings: ReturnType<typeof closingsOf>
  #heard: number | null = null

  /** @param firings those that may be of windows that have closed meanwhile */
  constructor(watches: Watches, firings: () => ReadonlyArray<Firing>, closings: ReturnType<typeof closingsOf>) {
    this.#watches = watches
    this.#firings = firings
    this.#closings = closings
  }

  hear(event: Event): void {
    if (event._tag === "rows") return
    if (event._tag !== "progress") {
      if (event._tag === "panes" && this.#heard !== null) this.#heard += event.panes.length
      return this.#watches.hear(event._tag, event.panes)
    }
    const { panes, watermark } = event.progress
    if (panes !== this.#heard) this.#watches.doubt()
    this.#heard = panes
    this.#watches.doubt(this.#withoutResult(watermark))
    this.#watches.settle((pipeline) => this.#closings(pipeline, watermark).settledTo)
  }

  /** A window may close and leave nothing behind: then nobody tells of it. */
  *#withoutResult(watermark: number | null): Generator<KeyWatch> {
    for (const firing of this.#firings()) {
      const isForming = firing.states.at(-1)?.state === "forming"
      const watch = isForming && firing.end <= this.#closings(firing.pipeline, watermark).closedTo ? this.#watches.get(firing) : undefined
      if (watch !== undefined) yield watch
    }
  }
}
