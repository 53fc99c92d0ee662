/**
 * Which window of each key is its newest, kept beside the panes: to look for it among all that a key has had would take as
 * long as they are many. Every change of panes says here, in its own transaction, what it has put in and taken away.
 */
import { Effect } from "effect"
import { Database, type DatabaseError, type Statement } from "./Database.ts"

export interface Window {
  readonly pipeline: string
  readonly key: string
  readonly start: number
  readonly end: number
}

export interface NewestWindows {
  /** Takes note of windows that are there, and of some that are there no more. */
  readonly note: (change: { readonly present?: Iterable<Window>; readonly gone?: Iterable<Window> }) => void
  readonly removeAll: (pipeline: string) => void
}

export const make: Effect.Effect<NewestWindows, DatabaseError, Database> = Effect.gen(function*() {
  const database = yield* Database
  const raise = yield* database.prepare(`
    insert into newest_windows (pipeline, key, start, "end") values (?, ?, ?, ?)
    on conflict do update set start = excluded.start, "end" = excluded."end"
    where (excluded.start, excluded."end") > (start, "end")
  `)
  const find = yield* database.prepare<Bounds>(`select start, "end" from newest_windows where pipeline = ? and key = ?`)
  const forget = yield* database.prepare("delete from newest_windows where pipeline = ? and key = ?")
  const forgetAll = yield* database.prepare("delete from newest_windows where pipeline = ?")
  const before: ReadonlyArray<Statement<Bounds>> = yield* Effect.all([
    database.prepare<Bounds>(`
      select start, "end" from panes indexed by panes_with_key
      where pipeline = ? and key = ? and has_key = 1 and pane <> 'retracted' order by start desc, "end" desc limit 1
    `),
    database.prepare<Bounds>(`
      select wide_windows.start, wide_windows."end" from wide_windows cross join panes on panes.pipeline = wide_windows.pipeline
        and panes.start = wide_windows.start and panes."end" = wide_windows."end"
      where wide_windows.pipeline = ? and panes.key = ? and has_key = 0 and pane <> 'retracted'
      order by wide_windows.start desc, wide_windows."end" desc limit 1
    `)
  ])

  /** Looks for the one before, where it was the newest that is gone. */
  const lower = ({ end, key, pipeline, start }: Window) => {
    const newest = find.get(pipeline, key)
    if (newest?.start !== start || newest.end !== end) return
    forget.run(pipeline, key)
    for (const statement of before) {
      const found = statement.get(pipeline, key)
      if (found !== undefined) raise.run(pipeline, key, found.start, found.end)
    }
  }

  return {
    note: ({ gone = [], present = [] }) => {
      for (const { end, key, pipeline, start } of newestOf(present)) raise.run(pipeline, key, start, end)
      for (const window of gone) lower(window)
    },
    removeAll: (pipeline) => void forgetAll.run(pipeline)
  }
})

type Bounds = Pick<Window, "end" | "start">

/** One of each key: the others would be written and not be seen. */
const newestOf = (windows: Iterable<Window>): Iterable<Window> => {
  const newest = new Map<string, Window>()
  for (const window of windows) {
    const name = `${window.pipeline} ${window.key}`
    const known = newest.get(name)
    if (known === undefined || window.start > known.start || (window.start === known.start && window.end > known.end)) newest.set(name, window)
  }
  return newest.values()
}
