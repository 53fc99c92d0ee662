/**
 * What is told of the pipelines that somebody watches: the newest windows of the keys of which one has changed. Where a window
 * has been retracted the sink knows which one is the newest now.
 */
import { Effect } from "effect"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import { newestOf, ResultSink } from "../../streams/ports/ResultSink.ts"
import { type Change, ChangedRows } from "./ChangedRows.ts"
import { type FormingWindows, isNewer } from "./FormingWindows.ts"
import * as Frames from "./Frames.ts"
import type { Watched } from "./Interest.ts"
import type { Viewers } from "./Viewers.ts"

export const make = Effect.fnUntraced(function*(
  writer: Frames.Writer,
  forming: FormingWindows,
  viewers: Viewers
) {
  const sink = yield* ResultSink
  const changed = new ChangedRows()
  const watched = (): ReadonlyArray<Watched> => [...viewers.interests].flatMap(({ watch }) => watch)

  /** The newest window of a key of which one has been retracted, where there is any. */
  const before = Effect.fnUntraced(function*(pipeline: string, changes: ReadonlyArray<Change>) {
    const keys = changes.flatMap(({ retracted }) => retracted === null ? [] : [retracted.key])
    if (keys.length === 0) return new Map<string, Pane>()
    const { panes } = yield* newestOf(sink, { pipeline, keys })
    const newest = new Map<string, Pane>(panes.map((pane) => [pane.key, pane]))
    for (const key of keys) {
      for (const pane of forming.of({ pipeline, key })) {
        const known = newest.get(key)
        if (known === undefined || isNewer(pane, known)) newest.set(key, pane)
      }
    }
    return newest
  })

  const rowsOf = Effect.fnUntraced(function*(pipeline: string, changes: ReadonlyArray<Change>) {
    const newest = yield* before(pipeline, changes)
    return changes.flatMap(({ present, retracted }): ReadonlyArray<Pane> =>
      [retracted, retracted === null ? present : newest.get(retracted.key) ?? null].filter((pane) => pane !== null))
  })

  const tell = Effect.gen(function*() {
    const changes = changed.take()
    const byPipeline = Map.groupBy(new Map(watched().map((each) => [JSON.stringify(each), each])).values(), ({ pipeline }) => pipeline)
    for (const [pipeline, watched] of byPipeline) {
      if (changes.overflown.has(pipeline)) viewers.tell(watched.map(Frames.missedRows))
      const own = changes.of(pipeline)
      if (own.length === 0) continue
      // A sink that is out of reach is asked again, by who has missed something.
      const rows = yield* Effect.orElseSucceed(rowsOf(pipeline, own), () => null)
      viewers.tell(watched.map((each) => rows === null ? Frames.missedRows(each) : writer.rows(each, rows)))
    }
  })

  return {
    tell,
    note: (panes: ReadonlyArray<Pane>) => {
      const pipelines = new Set(watched().map(({ pipeline }) => pipeline))
      if (pipelines.size > 0) for (const pane of panes) if (pipelines.has(pane.pipeline)) changed.note(pane)
    }
  }
})
