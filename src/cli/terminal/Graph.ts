/** A checked pipeline in words, node by node: what it reads, what it computes, and how much it keeps at most. */
import * as Checked from "../../streams/pipeline/Checked.ts"
import { hasMore, upToWindows } from "../../streams/pipeline/FirstStage.ts"
import { linesOf } from "../../streams/pipeline/NodeText.ts"
import type { AnyOfPanes } from "../../streams/pipeline/Pipeline.ts"

export const describe = (checked: Checked.Checked): string => {
  const { end, fingerprint, name, nodes, portability } = checked
  const out = Checked.endsInEvents(checked) ? `rows of ${end.id}, with all fields and their places; nothing is kept` : `panes of ${end.id}`
  return `${name} in process, ${portability}, fingerprint ${fingerprint.slice(0, 12)}\n\n${listed(nodes, out)}`
}

/** What follows on the first windows of a pipeline, whose panes an engine elsewhere computes; nothing where nothing does. */
export const describeBehindWindows = (pipeline: AnyOfPanes): string => {
  if (!hasMore(pipeline)) return ""
  const { end, nodes } = pipeline.checked
  const elsewhere = new Set(upToWindows(pipeline).checked.nodes)
  return `then, where the panes are carried\n\n${listed(nodes.filter((node) => !elsewhere.has(node)), `panes of ${end.id}`)}`
}

const listed = (nodes: ReadonlyArray<Checked.Node>, out: string): string => {
  const width = Math.max(...nodes.map(({ id }) => id.length))
  const lines = nodes.flatMap((node) =>
    linesOf(node).map((line, index) => `${(index === 0 ? node.id : "").padEnd(width)}  ${line}`))
  return `${lines.join("\n")}\n${"out".padEnd(width)}  ${out}\n`
}
