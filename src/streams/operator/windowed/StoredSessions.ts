/**
 * Sessions that others have told: a former run over the same log, which has left them in the sink, or an end of input.
 * Which sessions are emitted and taken back on the way depends on the order in which partitions are read; the last ones
 * do not. So a run that reads them in another order may never come by one of these, and has to know it in order to take
 * it back.
 */
import * as Pane from "../../pipeline/Pane.ts"
import { PagedList } from "../PagedList.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"

/** What has to be known of a pane in order to take it back. */
export type StoredPane = Pick<Pane.Pane, "changes" | "end" | "key" | "revision" | "start">

interface Stored extends Omit<StoredPane, "key"> {
  /** In the pages. */
  readonly place: number
}

export class StoredSessions {
  readonly #byKey = new Map<string, Array<Stored>>()
  readonly pages = new PagedList<StoredPane>({ saved: (session) => session, order: Pane.order, write })
  #lastEnd = -Infinity

  get isEmpty(): boolean {
    return this.#byKey.size === 0
  }

  /** Of several that are told of one session, by several stores or by an end of input too, the newest of each stays. */
  add({ changes, end, key, revision, start }: StoredPane): void {
    const known = this.take(key, start, end)
    const newest = {
      start,
      end,
      changes: Math.max(changes, known?.changes ?? 0),
      revision: Math.max(revision, known?.revision ?? 0)
    }
    const session = { ...newest, place: this.pages.add({ ...newest, key }) }
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, [session])
    else others.push(session)
    this.#lastEnd = Math.max(this.#lastEnd, end)
  }

  /** Takes out the session with these bounds. */
  take(key: string, start: number, end: number): Stored | undefined {
    return this.#takeWhere(key, (session) => session.start === start && session.end === end)[0]
  }

  /** Takes out those that lie within these bounds and have others. */
  takeWithin(key: string, start: number, end: number): ReadonlyArray<Stored> {
    return this.#takeWhere(key, (session) =>
      start <= session.start && session.end <= end && session.end - session.start < end - start)
  }

  #takeWhere(key: string, isWanted: (session: Stored) => boolean): ReadonlyArray<Stored> {
    const known = this.#byKey.get(key)
    if (known === undefined) return []
    const left = known.filter((session) => !isWanted(session))
    if (left.length === 0) this.#byKey.delete(key)
    else if (left.length < known.length) this.#byKey.set(key, left)
    const taken = known.filter(isWanted)
    for (const { place } of taken) this.pages.remove(place)
    return taken
  }

  /** Forgets all of them once all ended before this: nothing that comes can reach them any more. */
  *forgetBefore(time: number): Work {
    if (this.#lastEnd >= time) return
    let done = 0
    for (const sessions of this.#byKey.values()) {
      for (const { place } of sessions) this.pages.remove(place)
      if (isTired(++done)) yield
    }
    this.#byKey.clear()
  }

  restore(state: StateReader): void {
    for (const table of state.tables("stored")) {
      const [starts, ends] = [table.wholeNumbers("start"), table.wholeNumbers("end")]
      const [revisions, changes] = [table.wholeNumbers("revision"), table.wholeNumbers("changes")]
      table.texts("key").forEach((key, i) =>
        this.add({ key, start: starts[i]!, end: ends[i]!, revision: revisions[i]!, changes: changes[i]! }))
      table.end()
    }
  }
}

const write = (sessions: ReadonlyArray<StoredPane>, state: StateWriter): void => {
  const table = state.table("stored", sessions.length)
  table.strings("key", sessions.map(({ key }) => key))
  for (const name of ["start", "end", "revision", "changes"] as const) {
    table.numbers(name, Float64Array.from(sessions, (session) => session[name]))
  }
}
