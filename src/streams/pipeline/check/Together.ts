/** Whether pipelines can run together: names tell their panes apart, one run reads one topic, and a source is one thing. */
import * as Checked from "../Checked.ts"
import type { Column } from "../Column.ts"
import { CheckError } from "./CheckError.ts"

/** Throws a {@link CheckError}. */
export const checkTogether = (pipelines: ReadonlyArray<{ readonly checked: Checked.Checked }>): void => {
  const names = new Set<string>()
  const [first] = pipelines.map(topicOf)
  for (const pipeline of pipelines) {
    const { name } = pipeline.checked
    if (names.has(name)) throw refused(name, "there is another pipeline of this name in the run; give it a name of its own")
    names.add(name)
    if (topicOf(pipeline) === first) continue
    throw refused(name, `it reads "${topicOf(pipeline)}" and "${pipelines[0]?.checked.name}" reads "${first}": they cannot run together`)
  }
  checkSources(pipelines)
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

const topicOf = ({ checked }: { readonly checked: Checked.Checked }): string => Checked.inputOf(checked).events.definition.name

const refused = (pipeline: string, why: string) => new CheckError({ pipeline, node: "the run", why })
