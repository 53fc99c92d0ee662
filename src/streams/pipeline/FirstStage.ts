/**
 * The windows into which all rows of a pipeline's sources go, and what follows on their results. An engine elsewhere may
 * compute the first; the second reads nothing but their panes, and runs wherever these are.
 */
import * as Checked from "./Checked.ts"
import * as Fingerprint from "./Fingerprint.ts"
import type { AnyOfPanes } from "./Pipeline.ts"

/** `null` where rows of sources go into several windows, or past them. */
export const windowsOf = ({ nodes }: Checked.Checked): Checked.WindowNode | null => {
  const [first, ...others] = nodes.filter((node) => node._tag === "window" && isOfSources(node))
  if (first?._tag !== "window" || others.length > 0) return null
  const before = feeding(first)
  const isBehind = (node: Checked.Node) => node._tag !== "source" && inputsOf(node).every((input) => input === first || !before.has(input))
  return nodes.every((node) => node === first || before.has(node) || isBehind(node)) ? first : null
}

const isOfSources = (node: Checked.Node): boolean => node._tag !== "to-events" && inputsOf(node).every(isOfSources)

/** The nodes that one reads from. */
export const inputsOf = (node: Checked.Node): ReadonlyArray<Checked.Node> => {
  if (node._tag === "source") return []
  const other = "other" in node ? [node.other] : "preAggregated" in node && node.preAggregated !== null ? [node.preAggregated] : []
  return [node.input, ...other]
}

/** All that feeds a node. */
const feeding = (node: Checked.Node): ReadonlySet<Checked.Node> =>
  new Set(inputsOf(node).flatMap((input) => [input, ...feeding(input)]))

/** Whether anything is done to the results of these windows. */
export const hasMore = ({ checked }: AnyOfPanes): boolean => {
  const windows = windowsOf(checked)
  return windows !== null && windows !== checked.end
}

/**
 * The pipeline up to its first windows, as one whose panes these are: under a name of its own where more is done to them, since
 * they are not the pipeline's. No pipeline can be declared under such a name.
 */
export const upToWindows = (pipeline: AnyOfPanes): AnyOfPanes => {
  const end = windowsOf(pipeline.checked)
  if (end === null || !hasMore(pipeline)) return pipeline
  const before = feeding(end)
  const name = nameOfWindows(pipeline.name)
  const nodes = pipeline.checked.nodes.filter((node) => node === end || before.has(node))
  // The raw graph is that of the whole: nobody but Check reads it.
  return { ...pipeline, name, checked: { ...pipeline.checked, name, nodes, end, fingerprint: Fingerprint.of(["windows", name, end.fingerprint]) } }
}

export const nameOfWindows = (pipeline: string): string => `${pipeline}/windows`
