/**
 * A table that rows are looked up in: rows that are known when a pipeline is declared, and do not change while it runs.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Table } from "courant"
 *
 * const Listing = Schema.Struct({ symbol: Schema.String, sector: Schema.String, lot: Schema.Int })
 *
 * export const listings = Table.make("listings", {
 *   schema: Listing,
 *   key: "symbol",
 *   rows: [
 *     { symbol: "AIG", sector: "financials", lot: 100 },
 *     { symbol: "IBM", sector: "technology", lot: 10 }
 *   ]
 * })
 * ```
 */
import { Predicate, Result, Schema } from "effect"
import type { Decimal } from "../../domain/Decimal.ts"
import { among } from "./check/CheckError.ts"
import { optionsOf, shown } from "./check/Declarations.ts"
import * as Column from "./Column.ts"
import * as Key from "./Key.ts"
import type { FieldOf, RowOf } from "./Source.ts"

export type Value = string | number | boolean | Decimal | null

/** What a table is: each row by the names of its fields, and no two of one key. */
export interface Definition {
  readonly name: string
  readonly columns: ReadonlyArray<Column.Column>
  readonly key: ReadonlyArray<string>
  readonly rows: ReadonlyArray<{ readonly [field: string]: Value }>
}

/** A table cannot be made of what a file has: it says which row is wrong, and why. */
export class TableError extends Schema.TaggedError<TableError>()("TableError", {
  table: Schema.String,
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** A table of rows of the type `R`. */
export interface Table<out R> {
  readonly definition: Definition
  /** Never there: it carries the type. */
  readonly _row: R
}

/**
 * A table of rows in the form in which their schema writes them, as `JSON.parse` gives them: a decimal is a string or a number.
 * The schema is as that of a source. The key is a field that is a string, an integer, a boolean or an enum of strings, or
 * several of them; `Events.lookup` finds a row by it.
 *
 * Throws a `TypeError` that names the row, counted from 1, where one does not fit the schema, has no key, or has that of
 * another one.
 */
export const make = <Fields extends Schema.Struct.Fields, const K extends FieldOf<RowOf<Fields>, string | number | boolean> = never>(
  name: string,
  options: {
    readonly schema: Schema.Struct<Fields>
    readonly key: K | ReadonlyArray<K>
    readonly rows: ReadonlyArray<Schema.Struct.Encoded<Fields>>
  }
): Table<RowOf<Fields>> => {
  const call = `Table.make("${String(name)}")`
  return ofRecords(call, name, optionsOf(call, options, ["schema", "key", "rows"]), "error")
}

/** What the rows of a table are, and by which field one is found. */
export interface Declared<Fields extends Schema.Struct.Fields, K> {
  readonly schema: Schema.Struct<Fields>
  readonly key: K | ReadonlyArray<K>
}

/** The table of rows that a call is given, whose fields beside those of the schema are a mistake, or nobody's business. */
export const ofRecords = <Fields extends Schema.Struct.Fields, K extends string>(
  call: string,
  name: string,
  { key, rows, schema }: Declared<Fields, K> & { readonly rows: ReadonlyArray<unknown> },
  onExcessProperty: "error" | "ignore"
): Table<RowOf<Fields>> => {
  // A file without types may hand over anything.
  if (!Schema.isSchema(schema)) throw new TypeError(`${call} needs a Schema.Struct as its schema, and is given ${shown(schema)}`)
  if (!Array.isArray(rows)) throw new TypeError(`${call} needs a list of rows, and is given ${shown(rows)}`)
  const definition = { name, columns: Column.fromSchema(schema), key: [key].flat() }
  checkKey(call, definition)
  // Fields of a source need no services to be read, and the columns were made of the same.
  const decode = Schema.decodeUnknownResult(schema as unknown as Schema.Codec<object>, { onExcessProperty })
  const decoded = rows.map((row: unknown, index) => {
    const result = decode(row)
    if (Result.isFailure(result)) throw new TypeError(`${call}, row ${index + 1}: ${result.failure.message.replaceAll(/\s*\n\s*/g, " ")}`)
    return Object.fromEntries(definition.columns.map(({ name, path }) => [name, valueAt(result.success, path)]))
  })
  checkUnique(call, definition.key, decoded)
  const table: Pick<Table<RowOf<Fields>>, "definition"> = { definition: { ...definition, rows: decoded } }
  return table as Table<RowOf<Fields>>
}

export const isTable = (given: unknown): given is Table<unknown> =>
  // Nothing but what was made here has rows in its definition.
  Predicate.hasProperty(given, "definition") && Predicate.hasProperty(given.definition, "rows")

const checkKey = (call: string, { columns, key }: Pick<Definition, "columns" | "key">): void => {
  if (key.length === 0) throw new TypeError(`${call} needs a key, the field by which a row is found`)
  if (new Set(key).size < key.length) throw new TypeError(`${call}: its key names a field twice`)
  for (const field of key) {
    const column = columns.find(({ name }) => name === field)
    if (column === undefined) throw new TypeError(`${call}: its key "${field}" is no field: ${among(field, columns.map(({ name }) => name))}`)
    if (column.kind === "double" || column.kind === "decimal") {
      throw new TypeError(`${call}: its key "${field}" is a ${column.kind}, and a key is made of strings, integers and booleans`)
    }
  }
}

const checkUnique = (call: string, key: ReadonlyArray<string>, rows: Definition["rows"]): void => {
  const known = new Map<string, number>()
  rows.forEach((row, index) => {
    const values = key.map((field) => row[field] ?? null)
    const missing = key.find((_, part) => values[part] === null)
    if (missing !== undefined) throw new TypeError(`${call}, row ${index + 1}: its key "${missing}" is missing or null`)
    // Fields of a key are strings, integers and booleans.
    const text = Key.encode(values as ReadonlyArray<Key.Value>)
    const other = known.get(text)
    if (other !== undefined) throw new TypeError(`${call}, row ${index + 1}: row ${other} has the same key, ${text}`)
    known.set(text, index + 1)
  })
}

/** What stands at a path of a row; minus zero is zero. */
const valueAt = (row: unknown, path: ReadonlyArray<Column.Member>): Value => {
  let value = row
  for (const { name } of path) value = Predicate.isObject(value) ? value[name] : undefined
  // A column is made of fields of these kinds alone.
  return value === undefined ? null : value === 0 ? 0 : value as Value
}
