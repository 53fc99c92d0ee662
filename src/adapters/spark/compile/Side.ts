/** A source in the plan, that of events or of pre-aggregated records, and what is done to its rows one by one. */
import * as Checked from "../../../streams/pipeline/Checked.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import { type Columns, decode, type Decoded } from "./Decode.ts"
import * as Expression from "./Expression.ts"
import * as Key from "./Key.ts"
import * as Sql from "./Sql.ts"
import * as Table from "./Table.ts"

export interface Side {
  /** What its records are. */
  readonly source: Definition
  readonly decoded: Decoded
  /** Columns that are computed from those of the record, step by step. */
  readonly computed: ReadonlyArray<Columns>
  /** What its rows are in the end. */
  readonly scope: Expression.Scope
  readonly key: string
  /** Whether a row comes to the windows. */
  readonly keep: string
  /** Whether it is refused on its way there; `null` where none is. */
  readonly refused: string | null
  /** The column that holds its JSON. */
  readonly json: string
}

/** A source, and what is done to its rows on their way. */
export interface Branch {
  readonly definition: Definition
  readonly steps: ReadonlyArray<Checked.RowStep>
}

/** All that rows come from: where several are united, what follows is done to the rows of each. */
export const branchesOf = (events: Checked.Events): ReadonlyArray<Branch> => {
  // Rows of results come behind the first windows.
  if (events._tag === "source" || events._tag === "to-events") return [{ definition: events.definition, steps: [] }]
  const united = [events.input, ...events._tag === "union" ? [events.other] : []]
  return united.flatMap(branchesOf).map(({ definition, steps }) => ({ definition, steps: [...steps, events] }))
}

export const sideOf = ({ definition, steps }: Branch, prefix: string, cancels: Checked.Cancels | null = null): Side => {
  const decoded = decode(definition, prefix)
  const way = steps.reduce(passedBy(decoded), { prefix, definition, names: new Map(), computed: [], conditions: [], refused: [] })
  const nameOf = namesOf(decoded, way)
  const all = [...way.refused, ...refusals(way, cancelling(cancels, { definition: way.definition, nameOf }))]
  const refused = all.length === 0 ? null : Sql.or(all)
  return {
    source: definition,
    decoded,
    computed: way.computed,
    scope: { definition: way.definition, nameOf },
    key: Key.keyOf(way.definition, nameOf),
    keep: Sql.and(refused === null ? way.conditions : [...way.conditions, `NOT ${refused}`]),
    refused,
    json: `${prefix}_json`
  }
}

/** Windows of Spark give no row back: one that takes back others is refused, and those stay. One that replaces nothing is like any. */
const cancelling = (cancels: Checked.Cancels | null, scope: Expression.Scope): ReadonlyArray<string> => {
  if (cancels === null) return []
  const { cancel, correction, id, replacement } = cancels
  const told = [cancel, correction].flatMap((condition) => condition === null ? [] : [Expression.toCondition(condition, scope)])
  if (replacement === null) return told
  return [...told, Sql.and([`${scope.nameOf(id.column.name)} IS NOT NULL`, Expression.toCondition(replacement, scope)])]
}

/** How far rows have come. */
interface Way {
  readonly prefix: string
  readonly definition: Definition
  /** Of the columns that hold computed fields. */
  readonly names: ReadonlyMap<string, string>
  readonly computed: ReadonlyArray<Columns>
  readonly conditions: ReadonlyArray<string>
  readonly refused: ReadonlyArray<string>
}

const namesOf = (decoded: Decoded, { names }: Pick<Way, "names">) => (field: string): string => names.get(field) ?? decoded.nameOf(field)

/** What one more step does to rows. */
const passedBy = (decoded: Decoded) => (before: Way, step: Checked.RowStep): Way => {
  const scope = { definition: before.definition, nameOf: namesOf(decoded, before) }
  switch (step._tag) {
    case "where":
      return { ...before, conditions: [...before.conditions, Expression.toCondition(step.condition, scope)] }
    case "derive-fields":
      return derived(before, step, scope)
    case "select":
      // Under the other names stand the same columns of the plan.
      return { ...before, definition: step.definition, names: new Map(step.fields.map(({ field, name }) => [name, scope.nameOf(field.column.name)])) }
    case "lookup":
      return lookedUp(before, step, scope)
    case "union":
      // Both sides have these fields, of the same kinds.
      return { ...before, definition: step.definition }
    case "key-by": {
      const missing = Key.fieldsOf(step.definition).filter(({ optional }) => optional).map(({ name }) => `${scope.nameOf(name)} IS NULL`)
      return { ...before, definition: step.definition, refused: [...before.refused, ...refusals(before, missing)] }
    }
    default:
      throw new TypeError(`rows of "${step._tag}" have no form in Spark`)
  }
}

/** What one node computes is computed from what there was before it. */
const derived = (before: Way, { definition, values }: Checked.DeriveFields, scope: Expression.Scope): Way => {
  const added = values.map(({ expression, name }, index) => {
    const column = definition.columns.find((column) => column.name === name)!
    const held = heldName(before, index, name)
    return { name, held, ...Expression.toColumn(expression, column, scope) }
  })
  const fails = added.flatMap(({ fails }) => fails === null ? [] : [fails])
  return {
    ...before,
    definition,
    names: new Map([...before.names, ...added.map(({ held, name }) => [name, held] as const)]),
    computed: [...before.computed, Object.fromEntries(added.map(({ held, sql }) => [held, sql]))],
    refused: [...before.refused, ...refusals(before, fails)]
  }
}

/** A column that no other step has, whatever its fields are called. */
const heldName = ({ computed, prefix }: Way, index: number, name: string): string =>
  `${prefix}_x${computed.flatMap(Object.keys).length + index}_${name.replaceAll(/\W/g, "_")}`

const lookedUp = (before: Way, { by, definition, select, table }: Checked.Lookup, scope: Expression.Scope): Way => {
  const keys = by.map(({ column: { name } }) => scope.nameOf(name))
  const found = table.rows.map((row) => ({
    row,
    isIt: Sql.and(table.key.map((field, part) => `${keys[part]} = ${Table.toSql(by[part]!.column, row[field] ?? null)}`))
  }))
  const added = select.map(({ field: { column }, name }, index) => {
    const cases = found.map(({ isIt, row }) => `WHEN ${isIt} THEN ${Table.toSql(column, row[column.name] ?? null)} `)
    const absent = Table.toSql(column, null)
    return { name, held: heldName(before, index, name), sql: cases.length === 0 ? absent : `CASE ${cases.join("")}ELSE ${absent} END` }
  })
  return {
    ...before,
    definition,
    names: new Map([...before.names, ...added.map(({ held, name }) => [name, held] as const)]),
    computed: [...before.computed, Object.fromEntries(added.map(({ held, sql }) => [held, sql]))]
  }
}

/** A row that a condition has left out comes no further, and is refused for nothing that follows. */
const refusals = ({ conditions }: Way, fails: ReadonlyArray<string>): ReadonlyArray<string> =>
  fails.length === 0 ? [] : [Sql.and([...conditions, Sql.or(fails)])]
