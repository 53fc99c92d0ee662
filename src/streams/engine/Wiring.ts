/** What the nodes of a checked graph become: one case a kind of node says which operator it is, and what feeds its inputs. */
import * as Checked from "../pipeline/Checked.ts"
import { AsOfOperator, Side } from "../operator/keyed/AsOfOperator.ts"
import { DistinctOperator } from "../operator/keyed/DistinctOperator.ts"
import { InOrderOperator } from "../operator/keyed/InOrderOperator.ts"
import { IntervalOperator } from "../operator/keyed/IntervalOperator.ts"
import type { Operator } from "../operator/Operator.ts"
import { Computation } from "../operator/results/Computation.ts"
import { DeriveOperator } from "../operator/results/DeriveOperator.ts"
import { FillOperator } from "../operator/results/FillOperator.ts"
import { PaneSelection } from "../operator/results/PaneSelection.ts"
import { ResultRows } from "../operator/results/ResultRows.ts"
import { Retraction } from "../operator/results/Retraction.ts"
import { TopOperator } from "../operator/results/TopOperator.ts"
import { Derivation } from "../operator/stateless/Derivation.ts"
import { Lookup } from "../operator/stateless/Lookup.ts"
import { Projection } from "../operator/stateless/Projection.ts"
import { Rekeying } from "../operator/stateless/Rekeying.ts"
import { RowOutput } from "../operator/stateless/RowOutput.ts"
import { Selection } from "../operator/stateless/Selection.ts"
import { SessionSelection } from "../operator/stateless/SessionSelection.ts"
import { Uniting } from "../operator/stateless/Uniting.ts"
import { usesBehind } from "../pipeline/Uses.ts"
import { Dictionary } from "../records/Batch.ts"
import { Input, type Options, WindowOperator } from "../operator/windowed/WindowOperator.ts"

/** An operator, and which of those after it read what it puts out. */
export interface Step {
  readonly id: string
  /** `null` for a source, which is fed from outside. */
  readonly operator: AnyOperator | null
  readonly readers: Array<{ readonly step: number; readonly input: number }>
  /** Which of those before it feed it. */
  readonly inputs: ReadonlyArray<number>
  /** Whether it holds records of the log, and says of each what became of it when it leaves. */
  readonly isHolding: boolean
  /** Whether it makes pairs, or holds them: these count for nothing in the account, and may be refused all the same. */
  readonly isOfPairs: boolean
  /** Milliseconds by which what it puts out trails behind what it reads. */
  readonly trail: number
}

/** An operator that holds rows. */
export type HoldingOperator = AsOfOperator | DistinctOperator | InOrderOperator | IntervalOperator

export const isHolding = (operator: AnyOperator | null): operator is AnyOperator & HoldingOperator =>
  operator instanceof AsOfOperator || operator instanceof DistinctOperator || operator instanceof InOrderOperator || operator instanceof IntervalOperator

/** An operator whose rows leave without a batch that they came in. */
export const isOrdering = (operator: AnyOperator | null): operator is AnyOperator & (HoldingOperator | ResultRows) =>
  isHolding(operator) || operator instanceof ResultRows

export type AnyOperator = Operator<never, unknown>

interface Built {
  readonly operator: AnyOperator | null
  /** The node that feeds each input; `null` for one that nothing feeds. */
  readonly inputs: ReadonlyArray<Checked.Node | null>
}

/** In topological order, as the nodes are. */
export const wire = (checked: Checked.Checked, options: Partial<Options>): ReadonlyArray<Step> => {
  const built = checked.nodes.map((node) => build(checked, node, options))
  const steps = built.map(({ inputs, operator }, index): Step => {
    const node = checked.nodes[index]!
    const from = inputs.flatMap((input) => input === null ? [] : [checked.nodes.indexOf(input)])
    const isHolding = Checked.isHolding(node) && Checked.areRecords(node)
    const isOfPairs = isHolding && Checked.isOfPairs(node)
    return { id: node.id, operator, readers: [], inputs: from, isHolding: isHolding && !isOfPairs, isOfPairs, trail: Checked.trailOf(node) }
  })
  built.forEach(({ inputs }, step) => {
    for (const [input, node] of inputs.entries()) {
      if (node !== null) steps[checked.nodes.indexOf(node)]?.readers.push({ step, input })
    }
  })
  if (Checked.endsInEvents(checked)) return withOutput(steps, checked)
  return Checked.endsInResults(checked) && Checked.leavesOut(checked) ? withRetraction(steps, checked) : steps
}

const build = (checked: Checked.Checked, node: Checked.Node, options: Partial<Options>): Built => {
  const { dictionary = new Dictionary() } = options
  switch (node._tag) {
    case "source":
      return { operator: null, inputs: [] }
    case "where":
    case "filter":
      return { operator: new Selection(checked.name, node), inputs: [node.input] }
    case "derive-fields":
      return { operator: new Derivation(node, usesBehind(checked, node)), inputs: [node.input] }
    case "to-events":
      return { operator: new ResultRows(node, dictionary), inputs: [node.input] }
    case "select":
      return { operator: new Projection(node), inputs: [node.input] }
    case "lookup":
      return { operator: new Lookup(node), inputs: [node.input] }
    case "key-by":
      return { operator: new Rekeying(node), inputs: [node.input] }
    case "in-session":
      return { operator: new SessionSelection(node), inputs: [node.input] }
    case "in-order":
      return { operator: new InOrderOperator(node, Checked.fieldsHeld(checked, node), dictionary), inputs: [node.input] }
    case "distinct":
      return { operator: new DistinctOperator(node, Checked.fieldsHeld(checked, node), dictionary), inputs: [node.input] }
    case "union":
      return { operator: new Uniting(node, sourcesIn(checked)), inputs: [node.input, node.other] }
    case "as-of":
      return { operator: new AsOfOperator(node, Checked.fieldsHeld(checked, node), dictionary), inputs: sidesOf(node) }
    case "interval":
      return { operator: new IntervalOperator(node, Checked.fieldsHeld(checked, node), dictionary), inputs: sidesOf(node) }
    case "window": {
      const inputs: Array<Checked.Node | null> = []
      inputs[Input.rows] = node.input
      inputs[Input.preAggregated] = node.preAggregated
      return { operator: new WindowOperator(checked.name, node, options), inputs }
    }
    case "derive":
      return { operator: new DeriveOperator(checked.name, node, Checked.windowOf({ end: node }), isDerivedFrom(checked, node)), inputs: [node.input] }
    case "compute":
      return { operator: new Computation(node), inputs: [node.input] }
    case "where-panes":
      return { operator: new PaneSelection(node), inputs: [node.input] }
    case "top":
      return { operator: new TopOperator(checked.name, node, Checked.windowOf({ end: node })), inputs: [node.input] }
    case "fill":
      return { operator: new FillOperator(checked.name, node, Checked.windowOf({ end: node })), inputs: [node.input] }
  }
}

/** Whether values are derived from those of a node, with no more than expressions in between. */
const isDerivedFrom = ({ nodes }: Checked.Checked, node: Checked.Derive): boolean =>
  nodes.some((other) => other._tag === "derive" && valuesFrom(other.input) === node)

const valuesFrom = (node: Checked.Results): Checked.Results => node._tag === "compute" || node._tag === "where-panes" ? valuesFrom(node.input) : node

const sidesOf = ({ input, other }: Checked.AsOf | Checked.Interval): ReadonlyArray<Checked.Node> => {
  const inputs: Array<Checked.Node> = []
  inputs[Side.left] = input
  inputs[Side.right] = other
  return inputs
}

const sourcesIn = ({ nodes }: Checked.Checked): ReadonlyArray<string> =>
  [...new Set(nodes.flatMap((node) => node._tag === "source" ? [node.definition.name] : []))]

/** What stands behind the last node is none itself. */
const beside = { isHolding: false, isOfPairs: false, trail: 0 }

/** Behind the last node, which puts out the rows of a batch, stands what makes rows of their own of them. */
const withOutput = (steps: ReadonlyArray<Step>, { end, name }: Checked.Checked<Checked.Events>): ReadonlyArray<Step> => {
  steps.at(-1)?.readers.push({ step: steps.length, input: 0 })
  const output = new RowOutput(name, Checked.definitionOf(end), Checked.windowFieldsOf(end))
  return [...steps, { ...beside, id: "rows", operator: output, readers: [], inputs: [steps.length - 1] }]
}

/** Behind the last node stands what tells of a window that is left out only where it was told before. */
const withRetraction = (steps: ReadonlyArray<Step>, checked: Checked.Checked<Checked.Results>): ReadonlyArray<Step> => {
  steps.at(-1)?.readers.push({ step: steps.length, input: 0 })
  return [...steps, { ...beside, id: "retraction", operator: new Retraction(Checked.windowOf(checked)), readers: [], inputs: [steps.length - 1] }]
}
