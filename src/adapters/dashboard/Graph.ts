/** The pipelines that run as one graph, with what is known of each part: sources that several read are there once. */
import { Effect, Schema } from "effect"
import * as Checked from "../../streams/pipeline/Checked.ts"
import { inputsOf } from "../../streams/pipeline/FirstStage.ts"
import { linesOf } from "../../streams/pipeline/NodeText.ts"
import * as Pipeline from "../../streams/pipeline/Pipeline.ts"
import type { Counts, NodeCounts, Progress } from "../../streams/ports/Monitor.ts"
import type { ResultSink } from "../../streams/ports/ResultSink.ts"
import { encodeTime } from "./EncodedProgress.ts"

const Count = Schema.NullOr(Schema.Int)

const Node = Schema.Struct({
  id: Schema.String,
  /** `null` for sources and sinks, which are of all pipelines. */
  pipeline: Schema.NullOr(Schema.String),
  /** `source`, `sink`, or what the node is of its pipeline. */
  kind: Schema.String,
  /** What it does, in words. */
  text: Schema.String,
  /**
   * Events since the log began, or results where it stands behind windows, each revision of one; of a sink panes or rows since
   * this run began. What came in = taken + late + filtered + refused + duplicate + held.
   */
  in: Count,
  /** The same from each node that it reads: of a join the left side, then the right one. */
  inputs: Schema.Array(Schema.Struct({ from: Schema.String, in: Schema.Int })),
  taken: Count,
  /** A join puts out none or many of a row; windows their results, early ones and revisions too. */
  out: Count,
  late: Count,
  filtered: Count,
  refused: Count,
  duplicate: Count,
  held: Count,
  /** In milliseconds since the epoch. */
  watermark: Count,
  /** Entries of state, such as those of keys in open windows. */
  state: Count,
  /** Records that are in the log and have not been read. */
  lag: Count,
  eventsPerSecond: Schema.NullOr(Schema.Finite)
})
type Node = typeof Node.Type

export const Graph = Schema.Struct({
  nodes: Schema.Array(Node),
  /** From which node to which. */
  edges: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  /** What is known of each pipeline as a whole: read = aggregated + late + deadLettered + duplicate + filtered + held. */
  pipelines: Schema.Array(Schema.Struct({
    name: Schema.String,
    read: Count,
    aggregated: Count,
    late: Count,
    deadLettered: Count,
    duplicate: Count,
    filtered: Count,
    held: Count,
    /** Of the slowest of its sources. */
    watermark: Count,
    state: Count,
    eventsPerSecond: Schema.NullOr(Schema.Finite)
  }))
})
export type Graph = typeof Graph.Type

/** How fast the engine reads, in events a second. */
export interface Rates {
  readonly all: number | null
  readonly ofSource: (name: string) => number | null
  readonly ofPipeline: (name: string) => number | null
  /** Results, where that is what comes to it. */
  readonly ofNode: (pipeline: string, node: string) => number | null
}

export const read = Effect.fnUntraced(function*(
  pipelines: ReadonlyArray<Pipeline.Any>,
  { progress, rates, sink }: { readonly progress: Progress; readonly rates: Rates; readonly sink: ResultSink["Service"] }
) {
  const stores = yield* Effect.orElseSucceed(sink.stores ?? Effect.succeed([]), () => [])
  const sources = new Map(pipelines.flatMap(({ checked }) => sourcesOf(checked)).map((source) => [source.definition.name, source]))
  const isOnly = [...sources.values()].filter(({ kind }) => kind === "event").length === 1
  const ends = (is: (pipeline: Pipeline.Any) => boolean) => pipelines.filter(is).map(({ checked, name }) => idOf(name, checked.end))
  const [ofPanes, ofRows] = [ends(Pipeline.isOfPanes), ends(Pipeline.isOfRows)]
  return {
    nodes: [
      ...Array.from(sources.values(), (source) => sourceNode(source, isOnly, { pipelines, progress, rates })),
      ...pipelines.flatMap((pipeline) => nodesOf(pipeline, progress, rates)),
      ...ofPanes.length === 0 ? [] : [sinkNode("panes", stores.map(({ name }) => name).join(", ") || "panes", progress.panes)],
      ...ofRows.length === 0 ? [] : [sinkNode("rows", "rows", progress.rows)]
    ],
    edges: [
      ...pipelines.flatMap(edgesOf),
      ...ofPanes.map((id) => [id, "sink/panes"] as const),
      ...ofRows.map((id) => [id, "sink/rows"] as const)
    ],
    pipelines: pipelines.map(({ checked, name }) => {
      const { aggregated = null, deadLettered = null, duplicate = null, filtered = null, held = null, late = null, read = null } = progress.byPipeline[name] ?? {}
      const state = progress.open?.[name] ?? null
      return { name, read, aggregated, late, deadLettered, duplicate, filtered, held, watermark: watermarkOf(checked, progress), state, eventsPerSecond: rates.ofPipeline(name) }
    })
  } satisfies Graph
})

const sourcesOf = ({ nodes }: Checked.Checked): ReadonlyArray<Checked.Source> => nodes.filter((node) => node._tag === "source")

const idOf = (pipeline: string, node: Checked.Node): string =>
  node._tag === "source" ? `source/${node.definition.name}` : `${pipeline}/${node.id}`

const nothingKnown = {
  in: null,
  inputs: [],
  taken: null,
  out: null,
  late: null,
  filtered: null,
  refused: null,
  duplicate: null,
  held: null,
  watermark: null,
  state: null,
  lag: null,
  eventsPerSecond: null
}

/** Pre-aggregated records are counted with the events that they stand in one topic with. */
const sourceNode = (node: Checked.Source, isOnly: boolean, { pipelines, progress, rates }: {
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  readonly progress: Progress
  readonly rates: Rates
}): Node => {
  const { name } = node.definition
  const own = { ...nothingKnown, id: idOf("", node), pipeline: null, kind: "source", text: linesOf(node).join("; "), out: handedOn(node, pipelines, progress) }
  if (node.kind === "pre-aggregated") return own
  const counts: Counts | undefined = progress.bySource?.[name] ?? (isOnly ? progress : undefined)
  const whole = { watermark: progress.watermark, lag: isOnly ? progress.lag : null }
  const { lag, watermark } = progress.sources === undefined ? whole : progress.sources[name] ?? { lag: null, watermark: null }
  return {
    ...own,
    in: counts?.read ?? null,
    late: counts?.late ?? null,
    refused: counts?.deadLettered ?? null,
    duplicate: counts?.duplicate ?? null,
    filtered: counts?.filtered ?? null,
    held: counts?.held ?? null,
    watermark: encodeTime(watermark),
    lag,
    eventsPerSecond: isOnly ? rates.all : rates.ofSource(name)
  }
}

const watermarkOf = (checked: Checked.Checked, { sources, watermark }: Progress): number | null => {
  const all = sourcesOf(checked).flatMap(({ definition, kind }) => kind === "event" ? [sources?.[definition.name]?.watermark ?? (sources === undefined ? watermark : null)] : [])
  return all.includes(null) ? null : encodeTime(Math.min(...all.map((each) => each ?? Infinity)))
}

/** Each pipeline that reads a source is handed the same; one that came later may not have been handed all of it yet. */
const handedOn = (source: Checked.Source, pipelines: ReadonlyArray<Pipeline.Any>, { nodes }: Progress): number | null => {
  const counts = pipelines.flatMap(({ checked, name }) =>
    sourcesOf(checked).flatMap((node) => node.definition.name === source.definition.name ? nodes?.[name]?.[node.id]?.out ?? [] : []))
  return counts.length === 0 ? null : Math.max(...counts)
}

const sinkNode = (kind: "panes" | "rows", text: string, count: number): Node =>
  ({ ...nothingKnown, id: `sink/${kind}`, pipeline: null, kind: "sink", text, in: count })

const nodesOf = (pipeline: Pipeline.Any, progress: Progress, rates: Rates): ReadonlyArray<Node> => {
  const { checked, name } = pipeline
  const known = progress.nodes?.[name]
  const deduced = deducedOf(pipeline, progress)
  return checked.nodes.filter(({ _tag }) => _tag !== "source").map((node) => ({
    ...nothingKnown,
    id: idOf(name, node),
    pipeline: name,
    kind: node._tag,
    text: linesOf(node).join("; "),
    ...known?.[node.id] === undefined ? deduced(node) : countedAt(pipeline, node, known[node.id]!),
    eventsPerSecond: rates.ofNode(name, node.id)
  }))
}

const countedAt = ({ name }: Pipeline.Any, node: Checked.Node, { inputs, watermark, ...counts }: NodeCounts): Partial<Node> => ({
  ...counts,
  in: inputs.reduce((sum, count) => sum + count, 0),
  inputs: inputsOf(node).map((from, input) => ({ from: idOf(name, from), in: inputs[input] ?? 0 })),
  watermark: encodeTime(watermark)
})

/** Where nodes are not in this process, a node has of what its pipeline counts as a whole that which can be of no other one. */
const deducedOf = ({ checked, name }: Pipeline.Any, progress: Progress) => {
  const counts = progress.byPipeline[name]
  const only = (is: (node: Checked.Node) => boolean): Checked.Node | null => {
    const [first = null, ...others] = checked.nodes.filter(is)
    return others.length === 0 ? first : null
  }
  const filtering = only(({ _tag }) => _tag === "where" || _tag === "filter" || _tag === "in-session")
  const deciding = only((node) => node._tag === "window" || Checked.isHolding(node))
  const holding = only(Checked.isHolding)
  const windows = only(({ _tag }) => _tag === "window")
  return (node: Checked.Node): Partial<Node> => ({
    in: node === deciding ? (counts === undefined ? null : counts.aggregated + counts.late + counts.held) : null,
    taken: node === deciding ? counts?.aggregated ?? null : null,
    late: node === deciding ? counts?.late ?? null : null,
    filtered: node === filtering ? counts?.filtered ?? null : null,
    held: node === holding ? counts?.held ?? null : null,
    watermark: node === deciding ? encodeTime(progress.watermark) : null,
    state: node === windows ? progress.open?.[name] ?? null : null
  })
}

const edgesOf = ({ checked, name }: Pipeline.Any): ReadonlyArray<readonly [from: string, to: string]> =>
  checked.nodes.flatMap((node) => inputsOf(node).map((input) => [idOf(name, input), idOf(name, node)] as const))
