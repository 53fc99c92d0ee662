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
import { type Duration, Option, Schema } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import { millisOf, optionsOf, shown } from "./check/Declarations.ts"
import * as Column from "./Column.ts"
import * as EventTime from "./EventTime.ts"
import * as Key from "./Key.ts"
import * as Events from "./Events.ts"

export type { Portability } from "./Events.ts"
export { filter, where } from "./Events.ts"

type Scalar = string | number | boolean | Decimal

/** The fields of a schema by their paths: those of a struct in it are called `trade.price`. */
type Path<Type> = {
  readonly [K in keyof Type & string]-?: NonNullable<Type[K]> extends Scalar ? K
    : NonNullable<Type[K]> extends ReadonlyArray<unknown> ? never
    : `${K}.${Path<NonNullable<Type[K]>>}`
}[keyof Type & string]

/** `null` where a value may be absent. */
type Absent<Value> = null extends Value ? null : undefined extends Value ? null : never

type At<Type, P> = P extends keyof Type ? NonNullable<Type[P]> | Absent<Type[P]>
  : P extends `${infer K}.${infer Rest}` ? K extends keyof Type ? At<NonNullable<Type[K]>, Rest> | Absent<Type[K]> : never
  : never

/** A row as functions and results see it: fields by their paths, and an absent or null one is `null`. */
export type Row<Type> = Type extends unknown ? { readonly [P in Path<Type>]: At<Type, P> } : never

/** A source without its types, as the engines read it. */
export interface Definition {
  readonly name: string
  readonly columns: ReadonlyArray<Column.Column>
  /** The fields that a row's key is made of, in their order. */
  readonly key: ReadonlyArray<string>
  readonly eventTime: EventTime.EventTime
  /** Milliseconds by which the watermark trails the largest event time of a partition. */
  readonly outOfOrderness: number
}

/** The events of a topic, and what is known of them. */
export interface Source<out R, Name extends string = string, out Key extends string = string>
  extends Events.Events<R, "portable", { readonly [N in Name]: R }, Key>
{
  readonly definition: Definition
}

/** What {@link make} knows of a source's key beside its fields' names. */
export interface Keyed<out Values> {
  /** Never set: it carries the types of the key's fields. */
  readonly _key?: Values
}

/** Those of a kind. By `Extract` they are written out in what the compiler says, and not called by the name of this type. */
export type FieldOf<R, Kind> = Extract<{ readonly [K in keyof R]: NonNullable<R[K]> extends Kind ? K : never }[keyof R], string>

export type RowOf<Fields extends Schema.Struct.Fields> = Row<Schema.Struct.Type<Fields>>

type KeyOf<R, K extends keyof R> = { readonly [F in K]: NonNullable<R[F]> }

/**
 * Describes the events of a topic. The schema is a struct of `Schema.String`, `Schema.Int`,
 * `Schema.Finite`, `Schema.Boolean`, `Schema.Literals` of strings and `Decimal` fields, and
 * of structs of these, whose fields are named by their path (`trade.price`). A field with
 * `optionalKey`, `optional` or `NullOr` may be left out or null. A record that does not fit
 * becomes a dead letter.
 *
 * Throws a `TypeError` that names the field where the schema, the key or the time cannot be
 * read as they are declared.
 */
export const make = <
  const Name extends string,
  Fields extends Schema.Struct.Fields,
  const K extends FieldOf<RowOf<Fields>, string | number | boolean> = never
>(
  name: Name,
  options: {
    readonly schema: Schema.Struct<Fields>
    /**
     * What has windows of its own: the values of a field that is a string, an integer, a boolean
     * or an enum of strings; of several such fields together; or, with `[]`, all rows as one.
     * A row without one of them is refused (`no-key`).
     */
    readonly key: K | ReadonlyArray<K>
    /**
     * The field that says when an event happened. A row without a time is refused.
     *
     * - `"at"`: an integer of milliseconds since the epoch.
     * - `{ seconds: "at" }`: an integer or a decimal of seconds since the epoch.
     * - `{ iso8601: "at" }`: a string as RFC 3339 writes times, `2024-11-25T14:30:00.123Z`: with `T`
     *   or a space, any number of digits behind the point, and `Z` or an offset such as `+01:00`.
     *   `withoutZone: "UTC"` takes times without either too; they are refused otherwise, and so is
     *   the second 60.
     *
     * What is finer than a millisecond belongs to the millisecond that it is in.
     */
    readonly eventTime: EventTime.Declared<
      FieldOf<RowOf<Fields>, number>,
      FieldOf<RowOf<Fields>, number | Decimal>,
      FieldOf<RowOf<Fields>, string>
    >
    /** How much later than newer events an event may come and still be on time; 0 by default. */
    readonly outOfOrderness?: Duration.Input
  }
): Source<RowOf<Fields>, Name, K> & Keyed<KeyOf<RowOf<Fields>, K>> => {
  // A file without types may hand over anything.
  if (typeof name !== "string") throw new TypeError(`Source.make needs the name of a source, and is given ${shown(name)}`)
  optionsOf(`Source.make("${name}")`, options, ["schema", "key", "eventTime", "outOfOrderness"])
  if (!Schema.isSchema(options.schema)) {
    throw new TypeError(`the schema of "${name}" is to be a Schema.Struct, and is ${shown(options.schema)}`)
  }
  const time = EventTime.from(name, options.eventTime)
  const columns = Column.fromSchema(options.schema).map((column) => EventTime.narrowed(name, time, column))
  columnOf({ name, columns }, time.field, "event time")
  const key: ReadonlyArray<string> = [options.key].flat()
  for (const field of key) checkKey(name, columnOf({ name, columns }, field, "key"))
  if (new Set(key).size < key.length) throw new TypeError(`the key of "${name}" names a field twice`)
  const { outOfOrderness = 0 } = options
  const definition: Definition = {
    name,
    columns,
    key,
    eventTime: time,
    outOfOrderness: millisOf(`Source.make("${name}")`, "outOfOrderness", outOfOrderness)
  }
  const events: Events.Events<RowOf<Fields>, "portable", { readonly [N in Name]: RowOf<Fields> }, K> = Events.make({ _tag: "source", definition })
  return { ...events, definition }
}

/** The values of the fields that a pane's key is made of; none where the source has no such key. */
export const decodeKey = <Values>(source: Keyed<Values> & { readonly definition: Definition }, key: string): Option.Option<Values> => {
  const { columns, key: fields } = source.definition
  return Key.decode(fields.flatMap((field) => columns.filter(({ name }) => name === field)), key).pipe(
    // The columns that it was decoded by were derived from the same schema that the type was.
    Option.map((values) => Object.fromEntries(fields.map((field, index) => [field, values[index]])) as Values)
  )
}

const columnOf = ({ columns, name }: Pick<Definition, "name" | "columns">, field: string, what: string): Column.Column => {
  const found = columns.find((column) => column.name === field)
  if (found !== undefined) return found
  throw new TypeError(`the ${what} of "${name}" is no field: "${field}" is not among ${columns.map(({ name }) => name).join(", ")}`)
}

const checkKey = (source: string, { kind, name }: Column.Column): void => {
  if (kind !== "double" && kind !== "decimal") return
  const instead = kind === "double" ? "Schema.Int where its values are integers, else Schema.String" : "Schema.String, or Schema.Int of its smallest unit"
  throw new TypeError(`the key of "${source}" cannot be "${name}", a ${kind}, which has several spellings: declare ${instead}`)
}
