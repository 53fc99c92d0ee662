/** A source in the plan, that of events or of pre-aggregated records, and what is done to its rows one by one. */
import * as Checked from "../../../streams/pipeline/Checked.ts"
import type { Definition } from "../../../streams/pipeline/Source.ts"
import { type Columns, decode, type Decoded } from "./Decode.ts"
import * as Expression from "./Expression.ts"
import * as Key from "./Key.ts"
import * as Sql from "./Sql.ts"

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

export const sideOf = (events: Checked.Events, prefix: string): Side => {
  const { source: { definition }, steps } = Checked.originOf(events)
  const decoded = decode(definition, prefix)
  const way = steps.reduce(passedBy(decoded), { prefix, definition, names: new Map(), computed: [], conditions: [], refused: [] })
  const nameOf = namesOf(decoded, way)
  const refused = way.refused.length === 0 ? null : Sql.or(way.refused)
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
    const held = `${before.prefix}_x${before.names.size + index}_${name.replaceAll(/\W/g, "_")}`
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

/** A row that a condition has left out comes no further, and is refused for nothing that follows. */
const refusals = ({ conditions }: Way, fails: ReadonlyArray<string>): ReadonlyArray<string> =>
  fails.length === 0 ? [] : [Sql.and([...conditions, Sql.or(fails)])]
