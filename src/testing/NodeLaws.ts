/** Laws of what is counted at each node: nothing is lost between nodes or at one, and all of it together is the pipeline's account. */
import * as fc from "fast-check"
import * as Checked from "../streams/pipeline/Checked.ts"
import { inputsOf } from "../streams/pipeline/FirstStage.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import type { Counts, NodeCounts } from "../streams/ports/Monitor.ts"
import { flow } from "../streams/reference/BatchFold.ts"
import type { Flow } from "../streams/reference/EventFold.ts"
import { cuts, decidedLogs, heldPipelines, type Log, mixedLogs, pipelines, pipelinesWithPreAggregated, stagedPipelines, stagedRows, unitedPipelines } from "./Arbitraries.ts"
import { cancelPipelines } from "./CancelLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, events, type Piece, pieces } from "./Harness.ts"
import { anyLog, rowPipelines } from "./HeldLaws.ts"
import { holds, same } from "./Law.ts"

const behindRows: fc.Arbitrary<AnyPipeline> = fc.oneof(
  heldPipelines({ revisions: true }),
  stagedPipelines({ revisions: true }),
  unitedPipelines,
  rowPipelines,
  stagedRows
)

const anyPipeline: fc.Arbitrary<AnyPipeline> = fc.oneof(
  behindRows,
  pipelines({ revisions: true, computed: true }),
  pipelinesWithPreAggregated({ revisions: true }),
  cancelPipelines()
)

const anyKindOfLog = fc.oneof(anyLog, decidedLogs, mixedLogs)

export const nodeLaws: EngineLaws = {
  "what comes to a node is taken, late, refused, a duplicate, left out or held, after every batch, and all nodes have the pipeline's account": law(
    70,
    fc.record({ pipeline: anyPipeline, log: anyKindOfLog, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      for (const piece of pieces(log, cut)) {
        engine.take(piece)
        addsUp(pipeline, engine)
      }
      engine.close()
      addsUp(pipeline, engine)
      for (const [node, { held, state }] of Object.entries(nodesOf(engine, pipeline))) same([held, state], [0, 0], node)
    }
  ),

  "the rows that leave each node, and those that are late, duplicates or refused there, are the batch fold's": law(
    40,
    fc.record({ pipeline: behindRows, log: anyLog, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      run(engine, pieces(log, cut))
      const nodes = nodesOf(engine, pipeline)
      for (const node of pipeline.checked.nodes) if (isOfRows(node)) same(rowsAt(nodes[node.id]!), foldedAt(node, log), node.id)
    }
  ),

  "what is counted at nodes depends on no cut of the log, and goes on over a crash": law(
    40,
    fc.record({ pipeline: anyPipeline, log: anyKindOfLog, cut: cuts, recut: cuts, crash: fc.nat(20) }),
    (make, { crash, cut, log, pipeline, recut }) => {
      const [whole, before, after] = [make([pipeline], log.partitions), make([pipeline], log.partitions), make([pipeline], log.partitions)]
      run(whole, pieces(log, cut))
      const input = pieces(log, recut)
      for (const piece of input.slice(0, crash)) before.take(piece)
      holds(after.restore(before.snapshot()), "its own snapshot was refused")
      run(after, input.slice(crash))
      same(nodesOf(after, pipeline), nodesOf(whole, pipeline))
    }
  )
}

const run = (engine: Engine, input: ReadonlyArray<Piece>): void => {
  for (const piece of input) engine.take(piece)
  engine.close()
}

const nodesOf = (engine: Engine, { name }: AnyPipeline): { readonly [node: string]: NodeCounts } => engine.countsByNode.get(name)!

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, number) => sum + number, 0)

const addsUp = (pipeline: AnyPipeline, engine: Engine): void => {
  const nodes = nodesOf(engine, pipeline)
  for (const node of pipeline.checked.nodes) {
    const counts = nodes[node.id]!
    const { duplicate, filtered, held, inputs, late, refused, taken } = counts
    const told = `${node.id}: ${JSON.stringify(counts)}`
    same(sum(inputs), taken + late + refused + duplicate + filtered + held, told)
    holds(Math.min(taken, late, refused, duplicate, filtered, held) >= 0, told)
    same(inputs, inputsOf(node).map((from) => nodes[from.id]!.out), told)
    holds(filtered === 0 || mayLeaveOut(node), told)
  }
  isAccount(engine.countsByPipeline.get(pipeline.name)!, pipeline, nodes)
  same(sum(Object.values(nodes).map(({ state }) => state)), engine.size)
}

const mayLeaveOut = ({ _tag }: Checked.Node): boolean => ["where", "filter", "in-session", "where-panes", "to-events", "key-by", "window"].includes(_tag)

/** Where a record comes to several nodes side by side, it counts in the account once, as the worst that becomes of it. */
const isAccount = (account: Counts, { checked }: AnyPipeline, nodes: { readonly [node: string]: NodeCounts }): void => {
  const isSideBySide = checked.nodes.filter((node) => node._tag === "source" && node.kind === "event").length > 1
  const ofRecords = checked.nodes.filter((node) => node._tag === "window" ? Checked.areRecords(node.input) : isOfRows(node) && Checked.areRecords(node))
  const total = (of: (counts: NodeCounts) => number) => sum((isSideBySide ? checked.nodes : ofRecords).map(({ id }) => of(nodes[id]!)))
  const { aggregated, deadLettered, duplicate, filtered, held, late } = account
  const told = JSON.stringify({ account, nodes })
  const [ofLate, ofDuplicates, ofHeld] = [total((of) => of.late), total((of) => of.duplicate), total((of) => of.held)]
  if (isSideBySide) return holds(late <= ofLate && duplicate <= ofDuplicates && held <= ofHeld, told)
  same({ late, duplicate, held }, { late: ofLate, duplicate: ofDuplicates, held: ofHeld }, told)
  const unseen = account.read - sum(checked.nodes.flatMap(({ _tag, id }) => _tag === "source" ? nodes[id]!.out : []))
  same(deadLettered + filtered, total((of) => of.refused + of.filtered) + unseen, told)
  const { id, _tag } = ofRecords.at(-1)!
  same(aggregated, nodes[id]![_tag === "window" ? "taken" : "out"], told)
}

const isOfRows = (node: Checked.Node): node is Checked.Events =>
  !["window", "derive", "compute", "where-panes", "top", "fill"].includes(node._tag)

const rowsAt = ({ duplicate, late, out, refused }: NodeCounts) => ({ out, late, duplicate, refused })

/** What the nodes before have not said of a row yet. */
const foldedAt = (node: Checked.Events, log: Log) => {
  const at = flow(node, events(log), log.partitions)
  const before = inputsOf(node).flatMap((from) => isOfRows(from) ? [flow(from, events(log), log.partitions)] : [])
  const news = (of: (flow: Flow) => ReadonlyArray<unknown>) => node._tag === "to-events" ? 0 : of(at).length - sum(before.map((flow) => of(flow).length))
  return { out: at.items.length, late: news(({ late }) => late), duplicate: news(({ duplicate }) => duplicate), refused: news((flow) => [...flow.refused, ...flow.refusedPairs]) }
}
