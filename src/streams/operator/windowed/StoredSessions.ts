/**
 * Sessions that a former run over the same log has left in the sink. Which sessions are emitted and taken back on the
 * way depends on the order in which partitions are read; the last ones do not. So a run that reads them in another
 * order may never come by one of these, and has to know it in order to take it back.
 */
import type { Encoded } from "../../pipeline/Pane.ts"

type Stored = Pick<Encoded, "changes" | "end" | "revision" | "start">

export class StoredSessions {
  readonly #byKey = new Map<string, Array<Stored>>()
  #lastEnd = -Infinity

  get isEmpty(): boolean {
    return this.#byKey.size === 0
  }

  add({ changes, end, key, revision, start }: Encoded): void {
    const known = this.#byKey.get(key)
    const session = { changes, end, revision, start }
    if (known === undefined) this.#byKey.set(key, [session])
    else known.push(session)
    this.#lastEnd = Math.max(this.#lastEnd, end)
  }

  /** Takes out the session with these bounds; of several that stores have of it, the one with the most changes. */
  take(key: string, start: number, end: number): Stored | undefined {
    return this.#takeWhere(key, (session) => session.start === start && session.end === end)
      .toSorted((a, b) => a.changes - b.changes)
      .at(-1)
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
    return known.filter(isWanted)
  }

  /** Forgets all of them once all ended before this: nothing that comes can reach them any more. */
  forgetBefore(time: number): void {
    if (this.#lastEnd < time) this.#byKey.clear()
  }
}
