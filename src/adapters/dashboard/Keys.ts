/** The keys of a pipeline with the newest window of each: what the sink has, and what forms now. */
import { Effect } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type KeysQuery, newestOf, type ResultSink } from "../../streams/ports/ResultSink.ts"
import { byCodePoints } from "../../streams/records/StringOrder.ts"
import * as Api from "./Api.ts"
import { type FormingWindows, isNewer } from "./FormingWindows.ts"

export const of = Effect.fnUntraced(function*(
  { forming, sink }: { readonly sink: ResultSink["Service"]; readonly forming: FormingWindows },
  { after, contains, limit = Api.usualLimit, pipeline }: Omit<KeysQuery, "keys">
) {
  const query = { pipeline, ...contains === undefined ? {} : { contains } }
  const stored = yield* newestOf(sink, { ...query, limit: limit + 1, ...after === undefined ? {} : { after } })
  const open = forming.newest(pipeline, contains)
  const known = open.size === 0 ? [] : (yield* newestOf(sink, { pipeline, keys: [...open.keys()] })).panes
  const newest = new Map(stored.panes.map((pane) => [pane.key, pane]))
  for (const [key, pane] of open) {
    if (after !== undefined && byCodePoints(key, after) <= 0) continue
    const other = newest.get(key)
    if (other === undefined ? !isBeyond(key, stored.panes, limit) : isNewer(pane, other)) newest.set(key, Pane.encode(pane))
  }
  const keys = [...newest.keys()].sort(byCodePoints)
  return {
    keys: keys.slice(0, limit).map((key) => ({ key, newest: newest.get(key)! })),
    more: keys.length > limit,
    total: stored.total + open.size - known.length
  }
})

/** Whether the page of what is stored has no room for it. */
const isBeyond = (key: string, page: ReadonlyArray<Pane.Encoded>, limit: number): boolean =>
  page.length > limit && byCodePoints(key, page.at(-1)!.key) > 0
