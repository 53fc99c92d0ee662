/** Where a new alert begins: which windows it looks at, and which of them cannot fire. */
import { Effect } from "effect"
import type { Pane } from "../../../streams/pipeline/Pane.ts"
import type { Alert, Position } from "../../../streams/ports/AlertStore.ts"
import type { Progress } from "../../../streams/ports/Monitor.ts"
import type { ResultSink } from "../../../streams/ports/ResultSink.ts"
import type { Description } from "../Description.ts"
import * as Crossings from "./Crossings.ts"
import * as Values from "./Values.ts"
import { KeyWatch } from "./Watch.ts"

/** Windows before an alert was made, among which the newest value is looked for. */
const lookBack = 100

/**
 * A window fires that ends behind the newest event of the time at which the alert was made. One that is open then and has
 * crossed the level already does not: that is what was seen when the alert was made.
 */
export const beginning = Effect.fnUntraced(function*(
  wish: Pick<Alert, "direction" | "key" | "level" | "pipeline" | "value">,
  { forming, pipelines, progress, sink }: {
    readonly sink: ResultSink["Service"]
    readonly pipelines: ReadonlyArray<Description>
    readonly forming: ReadonlyArray<Pane>
    readonly progress: Progress
  }
) {
  const stored = yield* sink.read({ pipeline: wish.pipeline, key: wish.key, limit: lookBack })
  const rule = Values.ruleOf({ ...wish, from: null }, pipelines, false)
  const first = stored.length < lookBack ? undefined : stored[0]
  const position: Position | null = first === undefined
    ? null
    : { start: first.start, end: first.end, before: Crossings.textOf(first.values[rule.leaves]) }
  const watch = new KeyWatch(wish, false)
  watch.stored = stored
  for (const pane of forming) watch.form(pane)
  const changes = Crossings.advance(rule, { position, fired: [] }, { windows: watch.windows(), closedTo: -Infinity })
  const crossed = changes.flatMap(({ now }) => now.state === "forming" ? [now.end] : [])
  const times = [...newestOf(progress, stored.findLast(({ pane }) => pane !== "early")?.end, pipelines), ...crossed]
  return { position, from: times.length === 0 ? null : Math.max(...times) }
})

/** The newest event time that is known. Of several sources one may be far behind the others: there the key's newest result says it. */
const newestOf = ({ lastEventAt }: Progress, closed: number | undefined, pipelines: ReadonlyArray<Description>): ReadonlyArray<number> => {
  const isOfOneSource = new Set(pipelines.flatMap(({ sources }) => sources)).size < 2
  const known = isOfOneSource || closed === undefined ? lastEventAt ?? closed : Math.min(lastEventAt ?? closed, closed)
  return known === undefined ? [] : [known]
}
