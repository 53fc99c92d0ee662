/**
 * What has changed in the pipelines that somebody watches, since it was told last: of each key its newest window, however
 * often that has changed, and the newest of those that were taken back.
 */
import * as Pane from "../../streams/pipeline/Pane.ts"
import { isNewer } from "./FormingWindows.ts"
import type { Watched } from "./Interest.ts"

/** Keys of a pipeline that are told at once: beyond it a viewer is told that it has missed them, and asks. */
const mostKeys = 10_000

/** What has become of a key. Of a retracted window nobody knows here which one was before it. */
export interface Change {
  readonly present: Pane.Pane | null
  readonly retracted: Pane.Pane | null
}

export interface Changes {
  readonly of: (pipeline: string) => ReadonlyArray<Change>
  /** Pipelines of which more has changed than is told. */
  readonly overflown: ReadonlySet<string>
}

export class ChangedRows {
  #byPipeline = new Map<string, Map<string, Change>>()
  #overflown = new Set<string>()

  note(pane: Pane.Pane): void {
    let changes = this.#byPipeline.get(pane.pipeline)
    if (changes === undefined) this.#byPipeline.set(pane.pipeline, changes = new Map())
    const known = changes.get(pane.key)
    if (known === undefined && changes.size >= mostKeys) return void this.#overflown.add(pane.pipeline)
    const { present = null, retracted = null } = known ?? {}
    const isGone = pane.pane === "retracted"
    changes.set(pane.key, {
      present: isGone ? present !== null && isSame(present, pane) ? null : present : newer(pane, present),
      retracted: isGone ? newer(pane, retracted) : retracted !== null && isSame(retracted, pane) ? null : retracted
    })
  }

  /** All that there is to tell, once. */
  take(): Changes {
    const [byPipeline, overflown] = [this.#byPipeline, this.#overflown]
    this.#byPipeline = new Map()
    this.#overflown = new Set()
    return { of: (pipeline) => [...byPipeline.get(pipeline)?.values() ?? []], overflown }
  }
}

const isSame = (a: Pane.Pane, b: Pane.Pane): boolean => a.start === b.start && a.end === b.end

/** Of equally new ones that which came last. */
const newer = (pane: Pane.Pane, known: Pane.Pane | null): Pane.Pane => known !== null && isNewer(known, pane) ? known : pane

/** The event `rows` of what somebody watches, as JSON. */
export const toJson = ({ fields, pipeline }: Watched, panes: Iterable<Pane.Pane>): string => {
  const rows = Array.from(panes, ({ end, key, pane, start, values }) => {
    const own = fields.map((field) => Pane.valueToJson(Object.hasOwn(values, field) ? values[field] ?? null : null))
    return `[${[JSON.stringify(key), start, end, `"${pane}"`, ...own].join(",")}]`
  })
  return `{"pipeline":${JSON.stringify(pipeline)},"fields":${JSON.stringify(fields)},"rows":[${rows.join(",")}]}`
}
