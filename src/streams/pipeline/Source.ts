/**
 * A source: what the events of a topic look like, which field is their key, which their
 * event time, and how far out of order they may come.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Source } from "courant"
 *
 * const Reading = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
 *
 * const readings = Source.make("readings", {
 *   schema: Reading,
 *   key: "sensor",
 *   eventTime: "at",
 *   outOfOrderness: "5 seconds"
 * })
 * ```
 */
import { Duration, Pipeable, type Schema } from "effect"
import * as Column from "./Column.ts"
import type { Expr, Fits, Node } from "./Expr.ts"
import type * as Plan from "./Plan.ts"

/** Whether every engine can run a pipeline, or only the one that can call its functions. */
export type Portability = "portable" | "local"

/** A row as functions and results see it: an absent optional field is `null`. */
export type Row<Type> = {
  readonly [K in keyof Type]-?: undefined extends Type[K] ? Exclude<Type[K], undefined> | null : Type[K]
}

export type Filter =
  | { readonly _tag: "where"; readonly node: Node }
  | { readonly _tag: "function"; readonly test: (row: never) => boolean }

/** A source without its types, as the engines read it. */
export interface Definition {
  readonly name: string
  readonly columns: ReadonlyArray<Column.Column>
  readonly key: string
  readonly eventTime: string
  /** Milliseconds by which the watermark trails the largest event time of a partition. */
  readonly outOfOrderness: number
}

export interface Source<out R, out P extends Portability = "portable"> extends Pipeable.Pipeable {
  readonly definition: Definition
  readonly filters: ReadonlyArray<Filter>
  /** Never set: it carries the row's type. */
  readonly _row?: R
  readonly _portability?: P
}

type FieldOf<Type, Kind> = { readonly [K in keyof Type]: Type[K] extends Kind ? K : never }[keyof Type] & string

/**
 * Describes the events of a topic. The schema is a flat struct of `Schema.String`,
 * `Schema.Int`, `Schema.Finite`, `Schema.Boolean` and `Decimal` fields; a record that does
 * not fit it becomes a dead letter.
 */
export const make = <Fields extends Schema.Struct.Fields>(name: string, options: {
  readonly schema: Schema.Struct<Fields>
  /** The field whose values have windows of their own. */
  readonly key: FieldOf<Schema.Struct.Type<Fields>, string>
  /** The field that says when an event happened, in whole milliseconds since the epoch. */
  readonly eventTime: FieldOf<Schema.Struct.Type<Fields>, number>
  /** How much later than newer events an event may come and still be on time; 0 by default. */
  readonly outOfOrderness?: Duration.Input
}): Source<Row<Schema.Struct.Type<Fields>>> => {
  const columns = Column.fromFields(options.schema.fields).map((column) =>
    column.kind === "int" && column.name === options.eventTime
      ? { ...column, minimum: Math.max(column.minimum, -farthest), maximum: Math.min(column.maximum, farthest) }
      : column
  )
  const columnOf = (field: string) => columns.find((column) => column.name === field)
  if (columnOf(options.eventTime)?.kind !== "int") {
    throw new TypeError(`the event time of "${name}" must be an integer field: "${options.eventTime}" is not`)
  }
  return fromDefinition({
    name,
    columns,
    key: options.key,
    eventTime: options.eventTime,
    outOfOrderness: Duration.toMillis(options.outOfOrderness ?? 0)
  }, [])
}

/** Some 250,000 years from 1970: a little further dates end, and a window there would never close. */
const farthest = 8_000_000_000_000_000

const fromDefinition = <R, P extends Portability>(
  definition: Definition,
  filters: ReadonlyArray<Filter>
): Source<R, P> => ({
  definition,
  filters,
  pipe() {
    return Pipeable.pipeArguments(this, arguments)
  }
})

/** The graph of a source and its filters. */
export const planOf = ({ definition, filters }: Source<unknown, Portability>): Plan.Events =>
  filters.reduce<Plan.Events>(
    (input, filter) =>
      filter._tag === "where"
        ? { _tag: "where", input, condition: filter.node }
        : { _tag: "filter", input, test: filter.test },
    { _tag: "source", definition }
  )

/** Keeps the rows for which a condition holds. The pipeline stays portable. */
export const where = <Fields>(condition: Expr<Fields>) =>
<R, P extends Portability>(self: Source<R, P> & Fits<R, Fields>): Source<R, P> =>
  fromDefinition(self.definition, [...self.filters, { _tag: "where", node: condition.node }])

/** Keeps the rows for which a function returns true. The pipeline becomes local: it runs in process only. */
export const filter = <R>(test: (row: R) => boolean) => (self: Source<R, Portability>): Source<R, "local"> =>
  fromDefinition(self.definition, [...self.filters, { _tag: "function", test }])
