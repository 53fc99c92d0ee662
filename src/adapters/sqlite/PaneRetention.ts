/** Removes the panes of windows that nothing can change any more, the oldest first. */
import { Effect } from "effect"
import { Database } from "./Database.ts"
import * as NewestWindows from "./NewestWindows.ts"

/** Panes of one transaction. */
const portion = 4_096
/** The same where it is asked after each whether it was enough. */
const step = 512

export interface Closed {
  readonly pipeline: string
  /** Windows that end before this have closed for good. */
  readonly before: number
}

export const make = Effect.gen(function*() {
  const database = yield* Database
  // Windows lie in the order of their starts: none that ends before a time begins behind it.
  const newest = yield* NewestWindows.make
  const oldest = yield* database.prepare<NewestWindows.Window>(`
    delete from panes where (pipeline, start, "end", key) in (
      select pipeline, start, "end", key from panes
      where pipeline = ?1 and start < ?2 and "end" < ?2 order by start, "end", key limit ?3
    ) returning pipeline, key, start, "end"
  `)
  const narrow = yield* database.prepare(`
    delete from wide_windows where pipeline = ?1
      and start < coalesce((select min(start) from panes where pipeline = ?1), ${Number.MAX_SAFE_INTEGER})
  `)
  const first = yield* database.prepare<{ end: number }>(`
    select "end" from panes where pipeline = ?1 and start < ?2 and "end" < ?2 order by start, "end" limit 1
  `)

  /** A portion of a pipeline's oldest. Returns how many. */
  const removeSome = ({ before, pipeline }: Closed, limit: number) =>
    database.write(() => {
      const gone = oldest.all(pipeline, before, limit)
      narrow.run(pipeline)
      newest.note({ gone })
      return gone.length
    })

  /** All that end before these times. */
  const remove = Effect.fnUntraced(function*(all: ReadonlyArray<Closed>) {
    let panes = 0
    for (const closed of all) {
      for (let removed = portion; removed === portion; panes += removed) removed = yield* removeSome(closed, portion)
    }
    return panes
  })

  /** The oldest of all pipelines, for as long as it is wanted and there are any. */
  const removeWhile = Effect.fnUntraced(function*<E>(all: ReadonlyArray<Closed>, isWanted: Effect.Effect<boolean, E>) {
    let panes = 0
    while (yield* isWanted) {
      const ends = yield* database.read(() => all.flatMap((closed) => {
        const found = first.get(closed.pipeline, closed.before)
        return found === undefined ? [] : [{ closed, end: found.end }]
      }))
      const [next] = ends.toSorted((a, b) => a.end - b.end)
      if (next === undefined) break
      panes += yield* removeSome(next.closed, step)
    }
    return panes
  })

  return { remove, removeWhile }
})
