/** Whether pipelines can run together: names tell their panes apart, and one run reads one topic. */
import * as Checked from "../Checked.ts"
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
}

const topicOf = ({ checked }: { readonly checked: Checked.Checked }): string => Checked.inputOf(checked).events.definition.name

const refused = (pipeline: string, why: string) => new CheckError({ pipeline, node: "the run", why })
