/** Whether pipelines can run together: names tell their panes apart, the run has their sources, and a source is one thing. */
import * as Checked from "../Checked.ts"
import type { Column } from "../Column.ts"
import { CheckError } from "./CheckError.ts"
import { needsNamed } from "./Declarations.ts"

/**
 * `sources` are those that the run reads, each from a topic of its own; `null` where it reads one topic, and the pipelines
 * one source. Throws a {@link CheckError}.
 */
export const checkTogether = (
  pipelines: ReadonlyArray<{ readonly checked: Checked.Checked }>,
  sources: ReadonlyArray<string> | null
): void => {
  for (const pipeline of pipelines) needsNamed("a run", pipeline)
  const names = new Set<string>()
  const first = pipelines[0] === undefined ? undefined : topicsOf(pipelines[0])[0]
  for (const pipeline of pipelines) {
    const { name } = pipeline.checked
    if (names.has(name)) throw refused(name, "there is another pipeline of this name in the run; give it a name of its own")
    names.add(name)
    const topics = topicsOf(pipeline)
    const topic = sources === null ? topics.slice(0, 1).find((topic) => topic !== first) : topics.find((topic) => !sources.includes(topic))
    if (topic === undefined) continue
    throw refused(name, sources === null
      ? `it reads "${topic}" and "${pipelines[0]?.checked.name}" reads "${first}": they cannot run together over one topic`
      : `it reads "${topic}", and the run has no such source; it has ${sources.join(", ")}`)
  }
  checkSources(pipelines)
}

/** Refuses a pipeline whose sources have several names, where there is one topic: its records would be those of each. */
export const checkOneTopic = (pipelines: ReadonlyArray<{ readonly checked: Checked.Checked }>): void => {
  for (const pipeline of pipelines) {
    needsNamed("a run", pipeline)
    const [one, other] = [...new Set(topicsOf(pipeline))]
    if (other !== undefined) throw refused(pipeline.checked.name, `it reads "${one}" and "${other}", and the run has one topic; give each of them one of its own`)
  }
}

/** Sources that are the same as data are read once. Of a check that is a function the data says nothing. */
const checkSources = (pipelines: ReadonlyArray<{ readonly checked: Checked.Checked }>): void => {
  const known = new Map<string, { readonly columns: ReadonlyArray<Column>; readonly pipeline: string }>()
  for (const { checked } of pipelines) {
    for (const source of checked.nodes.filter((node) => node._tag === "source")) {
      const { columns } = source.definition
      const other = known.get(source.fingerprint) ?? { columns, pipeline: checked.name }
      known.set(source.fingerprint, other)
      const opaque = columns.find(({ checks }) => checks.includes(null))
      if (other.columns === columns || opaque === undefined) continue
      throw refused(checked.name, `its field "${opaque.name}" has a check that is a function, and so has that of "${other.pipeline}": ` +
        "whether they are the same cannot be seen; make both from one Source, or use Events.filter")
    }
  }
}

const topicsOf = ({ checked }: { readonly checked: Checked.Checked }): ReadonlyArray<string> =>
  Checked.inputsOf(checked).map(({ events }) => events.definition.name)

const refused = (pipeline: string, why: string) => new CheckError({ pipeline, node: "the run", why })
