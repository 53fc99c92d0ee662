/**
 * How long a folder keeps its log and its results: by time, by size, or for ever. Nothing is removed that a checkpoint of any
 * processor still has to read, and no pane of a window that may still change. The space is given back to the disk in small
 * steps.
 *
 * By time, what is older than so long, counted back from the newest: from the newest append for events, from the watermark for
 * windows. So a folder that nobody writes to stays as it is, and a replayed session of another year is kept like one of today.
 * By size, log and results may each take what the other leaves; where both want more, half each.
 */
import { Effect } from "effect"
import { Database } from "./Database.ts"
import * as Needs from "./Needs.ts"
import * as PaneRetention from "./PaneRetention.ts"
import * as SourcesRetention from "./SourcesRetention.ts"

export interface Limits {
  /** In milliseconds. */
  readonly age?: number
  readonly bytes?: number
}

/** The processor that runs: what it makes is its own to remove. */
export interface Processor {
  /**
   * Without a checkpoint of this name nobody knows what it needs, and the log stays. `null` while it has not saved one since
   * it began: it may read the log from its beginning, whatever a former run has saved.
   */
  readonly checkpoint: string | null
  /** How far event time has come, `null` before the first event: the panes stay then. */
  readonly watermark: number | null
  readonly pipelines: ReadonlyArray<{ readonly name: string; readonly allowedLateness: number }>
}

export interface Removed {
  readonly events: number
  readonly panes: number
  /** The checkpoint that kept events from being removed. */
  readonly heldBy: string | null
}

/** What is over the limit by size is removed to this part of it, so that the folder is not measured every time. */
const aim = 0.95

/** Without a processor only the log has a limit, as while it is only filled. */
export const make = Effect.gen(function*() {
  const log = yield* SourcesRetention.make
  const panes = yield* PaneRetention.make
  const needs = yield* Needs.make(log.targets)
  const space = yield* makeSpace

  /** Of the log what is wanted, and nobody needs. */
  const removeUpTo = Effect.fnUntraced(function*(wanted: ReadonlyArray<ReadonlyArray<number>>, processor: Processor | null) {
    const begun = yield* log.beginnings
    // Checkpoints may be large, and are looked at only where there is something to remove.
    if (!wanted.some((offsets) => offsets.some((offset, partition) => offset > (begun[partition] ?? 0)))) return { events: 0, heldBy: null }
    const all = yield* needs.all
    if (processor !== null && !all.some(({ name }) => name === processor.checkpoint)) return { events: 0, heldBy: null }
    const { heldBy, offsets } = bound(wanted, all)
    return { events: yield* log.removeUpTo(offsets), heldBy: heldBy === processor?.checkpoint ? null : heldBy }
  })

  return {
    generation: needs.generation,
    /** Removes what is beyond the limits now. */
    run: Effect.fnUntraced(function*({ age = Infinity, bytes = Infinity }: Limits, processor: Processor | null) {
      const used = yield* space.used
      const excess = used > bytes ? { log: yield* log.bytes, target: bytes * aim } : null
      const budget = excess === null ? null : shares(excess.target, excess.log, used - excess.log)
      const wanted = [
        ...(age < Infinity ? [yield* log.olderThan(age)] : []),
        ...(excess !== null && budget !== null ? [yield* log.oldest(excess.log - budget.log)] : [])
      ]
      const { events, heldBy } = yield* removeUpTo(wanted, processor)

      const closed = closedOf(processor)
      let removed = age < Infinity ? yield* panes.remove(closed(age)) : 0
      if (excess !== null && budget !== null) {
        const left = yield* log.bytes
        removed += yield* panes.removeWhile(closed(0), Effect.map(space.used, (used) => used - left > budget.results))
      }
      yield* space.giveBack
      return { events, panes: removed, heldBy } satisfies Removed
    })
  }
})

const shares = (limit: number, log: number, results: number) => ({
  log: Math.max(limit / 2, limit - results),
  results: Math.max(limit / 2, limit - log)
})

/** As much of what is wanted as no checkpoint needs, and the checkpoint that needs most of the rest. */
const bound = (wanted: ReadonlyArray<ReadonlyArray<number>>, needs: ReadonlyArray<Needs.Need>) => {
  let heldBy: string | null = null
  const partitions = Math.max(0, ...wanted.map(({ length }) => length))
  const offsets = Array.from({ length: partitions }, (_, partition) => {
    let offset = Math.max(...wanted.map((each) => each[partition] ?? 0))
    for (const need of needs) {
      const first = need.offsets[partition] ?? 0
      if (first >= offset) continue
      offset = first
      heldBy = need.name
    }
    return offset
  })
  return { offsets, heldBy }
}

const closedOf = (processor: Processor | null) => (age: number): ReadonlyArray<PaneRetention.Closed> =>
  processor === null || processor.watermark === null
    ? []
    : processor.pipelines.map(({ allowedLateness, name }) =>
      ({ pipeline: name, before: (processor.watermark ?? 0) - Math.max(age, allowedLateness) }))

/** Pages that one step gives back: it moves as many. */
const stepPages = 256
/** So many free pages are left for what comes next, and a tenth of the file. */
const spare = 256

const makeSpace = Effect.gen(function*() {
  const database = yield* Database
  const counts = yield* database.prepare<{ pages: number; free: number; size: number; mode: number }>(`
    select page_count as pages, freelist_count as free, page_size as size, auto_vacuum as mode
    from pragma_page_count, pragma_freelist_count, pragma_page_size, pragma_auto_vacuum
  `)
  const step = yield* database.prepare(`pragma incremental_vacuum(${stepPages})`)
  const look = database.read(() => counts.get() ?? { pages: 0, free: 0, size: 0, mode: 0 })
  const used = Effect.map(look, ({ free, pages, size }) => (pages - free) * size)
  const giveBack = Effect.gen(function*() {
    for (let before = Infinity;;) {
      const { free, mode, pages } = yield* look
      // A database of a former version gives nothing back.
      if (mode === 0 || free <= Math.max(spare, pages / 10) || free >= before) return
      before = free
      yield* database.read(() => step.all())
      yield* Effect.yieldNow
    }
  })
  return { used, giveBack }
})
