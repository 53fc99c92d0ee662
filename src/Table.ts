/** `Table` as `courant` gives it: rows that are known when a pipeline is declared, those of a file among them. */
import { Effect, type Schema } from "effect"
import type { FieldOf, RowOf } from "./streams/pipeline/Source.ts"
import type { Declared, Table, TableError } from "./streams/pipeline/Table.ts"

export { isTable, make, TableError } from "./streams/pipeline/Table.ts"
export type { Declared, Definition, Table, Value } from "./streams/pipeline/Table.ts"

/**
 * A table of the rows of a file: one JSON object a line, or CSV with a header where its name ends in `.csv`; compressed by gzip
 * where it ends in `.gz`. Schema and key are those of `make`; fields that the schema does not have are left out.
 *
 * The file is read when this is run, once and whole. What a pipeline takes from the table is a part of it: with a changed file
 * it is another one, whose results are computed anew. Fails with a `TableError` that names the row, counted from 1, where one
 * does not fit the schema, has no key, or has that of another one, or where the file cannot be read.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Table } from "courant"
 *
 * const Listing = Schema.Struct({ symbol: Schema.String, sector: Schema.String })
 *
 * export const listings = Table.fromFile("listings", { schema: Listing, key: "symbol", path: "listings.csv" }).pipe(
 *   Effect.map(({ definition }) => definition.rows.length)
 * )
 * ```
 */
export const fromFile = <Fields extends Schema.Struct.Fields, const K extends FieldOf<RowOf<Fields>, string | number | boolean> = never>(
  name: string,
  options: Declared<Fields, K> & { readonly path: string }
): Effect.Effect<Table<RowOf<Fields>>, TableError> =>
  // What reads CSV is loaded where a file is read.
  Effect.flatMap(Effect.promise(() => import("./adapters/file/FileTable.ts")), ({ read }) => read(name, options))
