/** Rows that take back others: by what they have an id, what says so, and where such rows may go. */
import * as Checked from "../Checked.ts"
import type * as Fingerprint from "../Fingerprint.ts"
import type * as Plan from "../Plan.ts"
import type { Window } from "../Window.ts"
import { refuse } from "./CheckError.ts"
import { conditionOf } from "./Expressions.ts"
import { fieldOf } from "./Fields.ts"
import { bytesOfRow, orderingIn } from "./Holding.ts"
import { isUnited } from "./Unions.ts"
import { stateOf } from "./Windows.ts"

const node = "Events.cancels"

type Both = Omit<Checked.WindowCancels, "state">

export const cancelsOf = (plan: Plan.Cancels, rows: Checked.Events, window: Window): Checked.Cancels => {
  checkWindow(window)
  const before = orderingIn(rows)
  if (before !== undefined) {
    refuse(node, `${Checked.callOf(before)} before it ${before._tag === "to-events" ? "makes rows of results" : "holds rows, and puts them out in another order"}: ` +
      "leave one of the two out")
  }
  if (isUnited(rows)) refuse(node, "Events.union before it unites rows whose ids are of two sources; leave one of the two out")
  const definition = Checked.definitionOf(rows)
  const id = fieldOf(`${node}, id`, definition, plan.id)
  const { kind, name } = id.column
  if (kind !== "string" && kind !== "int") refuse(`${node}, id`, `the field "${name}" is a ${kind}, and an id is a string or an integer`)
  const { cancel, correction, replacement } = plan
  const conditionFor = (option: string, condition: Plan.Cancels["cancel"]) =>
    condition === null ? null : conditionOf(`${node}, ${option}`, definition, condition)
  if (cancel === null && correction === null && replacement === null) {
    refuse(node, "it needs to know which rows take back others, such as { id: \"tradeId\", cancel: Expr.eq(\"kind\", \"cancel\") }")
  }
  return {
    id,
    cancel: conditionFor("cancel", cancel),
    correction: conditionFor("correction", correction),
    replacement: conditionFor("replacement", replacement),
    through: plan.through === null ? null : momentOf(fieldOf(`${node}, through`, definition, plan.through))
  }
}

const momentOf = (field: Checked.Field): Checked.Field =>
  field.column.kind === "int" ? field : refuse(`${node}, through`, `the field "${field.column.name}" is a ${field.column.kind}, and a moment is an integer, in milliseconds`)


/** What is taken back may have been the bridge between two sessions, or the row that filled a window. */
const checkWindow = ({ kind }: Window): void => {
  if (kind === "session") refuse(node, "a row that is taken back may divide a session; use windows of a fixed length")
  if (kind === "count") refuse(node, "a row that is taken back may have filled a window, and all behind it would change; use windows of a fixed length")
}

/** Those of the rows and those of the pre-aggregated records of one window. */
export const cancelsTogether = (rows: Checked.Cancels | null, preAggregated: Checked.Cancels | null): Both | null => {
  if (rows === null) {
    return preAggregated === null ? null : refuse(node, "only the pre-aggregated records have it; put one before these windows, too, so that their rows have ids")
  }
  const [own, theirs] = [rows, preAggregated].map((each) => each?.id.column.kind)
  if (theirs !== undefined && own !== theirs) {
    refuse(node, `the id of the rows is a ${own}, and that of the pre-aggregated records a ${theirs}: no two of them are equal`)
  }
  return { rows, preAggregated }
}

/** A row with an id is kept by itself, as long as a window of its may change. */
export const keptBoundOf = (inputs: ReadonlyArray<Checked.Events>, window: Window, slack: number): Checked.StateBound => {
  const { milliseconds } = stateOf(window, slack, 0)
  return { entriesPerKey: null, milliseconds, bytesPerEntry: Math.max(...inputs.map((input) => bytesOfRow(Checked.definitionOf(input)))) }
}

export const cancelsData = ({ preAggregated, rows }: Both): Fingerprint.Data => [rows, preAggregated].map((each) => each === null ? null : dataOf(each))

// An expression is made of nothing but data.
const dataOf = ({ cancel, correction, id, replacement, through }: Checked.Cancels): Fingerprint.Data =>
  [
    id.column.name,
    ...[cancel, correction, replacement].map((condition) => condition === null ? null : { ...condition }),
    ...through === null ? [] : [through.column.name]
  ] as Fingerprint.Data
