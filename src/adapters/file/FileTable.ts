/** The rows of a file as a table: lines of JSON or CSV, as `FileFeed` reads them. They are read once, whole. */
import { Effect, Option, type Schema, Stream } from "effect"
import { optionsOf, shown } from "../../streams/pipeline/check/Declarations.ts"
import * as Column from "../../streams/pipeline/Column.ts"
import type { RowOf } from "../../streams/pipeline/Source.ts"
import * as Table from "../../streams/pipeline/Table.ts"
import { type Chunk, Kind, valueAt } from "../../streams/records/Records.ts"
import * as FileFeed from "./FileFeed.ts"

export interface Options<Fields extends Schema.Struct.Fields, K> extends Table.Declared<Fields, K> {
  readonly path: string
}

export const read = <Fields extends Schema.Struct.Fields, K extends string>(
  name: string,
  options: Options<Fields, K>
): Effect.Effect<Table.Table<RowOf<Fields>>, Table.TableError> => {
  const call = `Table.fromFile("${String(name)}")`
  const failed = (cause: unknown) => new Table.TableError({ table: String(name), message: cause instanceof Error ? cause.message : String(cause), cause })
  return Effect.gen(function*() {
    const { path, ...declared } = yield* Effect.try({ try: () => optionsOf(call, options, ["schema", "key", "path"]), catch: failed })
    if (typeof path !== "string") return yield* failed(`${call} needs the path of a file, and is given ${shown(path)}`)
    const columns = yield* Effect.try({ try: () => Column.fromSchema(declared.schema), catch: failed })
    const chunks = yield* FileFeed.make({ path, name, columns }).events(Option.none()).pipe(Stream.runCollect, Effect.mapError(failed))
    return yield* Effect.try({
      try: () => {
        const rows = rowsOf(call, chunks, FileFeed.isCsv(path)).map((row) => Column.withAbsent(declared.schema, row))
        return Table.ofRecords(call, name, { ...declared, rows }, "ignore")
      },
      catch: failed
    })
  })
}

const rowsOf = (call: string, chunks: ReadonlyArray<Chunk>, isCsv: boolean): ReadonlyArray<unknown> => {
  // A line of CSV without a value for each column is handed on as it stands.
  const wrong = isCsv ? "it has not as many values as the header" : "it is no JSON"
  const rows: Array<unknown> = []
  for (const chunk of chunks) {
    for (let record = 0; record < chunk.length; record++) {
      const row = `${call}, row ${rows.length + 1}`
      if (chunk.kinds[record] === Kind.truncated) throw new TypeError(`${row}: its line is too long`)
      rows.push(jsonOf(`${row}: ${wrong}`, Buffer.from(valueAt(chunk, record)).toString()))
    }
  }
  return rows
}

const jsonOf = (wrong: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError(`${wrong}: ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`)
  }
}
