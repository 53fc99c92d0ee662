/**
 * CSV with a header as records: each line becomes one of JSON, its values as the source's fields are. A number stands there as
 * it is spelt, an exact decimal as a string, and an empty value is absent, except of a field of strings that has to be there.
 * Names of the header are those of the fields (`trade.price` for one in a struct); a column that the source does not have is
 * left out. A line with more or fewer values than the header has stays as it is, and is refused where it is decoded.
 */
import { type Info, parse } from "csv-parse"
import { Readable } from "node:stream"
import type { Column } from "../../streams/pipeline/Column.ts"
import { type Chunk, fromTexts } from "../../streams/records/Records.ts"

export interface Options {
  /** Named in messages. */
  readonly path: string
  readonly columns: ReadonlyArray<Column>
}

/** Records in a chunk. */
const most = 1_024

/** What the parser gives of a line: its values, its text, and where it is. */
interface Line {
  readonly record: ReadonlyArray<string>
  readonly raw: string
  readonly info: Info
}

/** Fails where the header lacks a field that every record has to have. */
export async function* chunks(pieces: AsyncIterable<Uint8Array>, { columns, path }: Options): AsyncGenerator<Chunk> {
  const options = { bom: true, info: true, raw: true, relax_column_count: true, skip_empty_lines: true } as const
  const parser = Readable.from(pieces, { objectMode: false }).compose(parse(options))
  let toJson: ((values: ReadonlyArray<string>) => string) | null = null
  let width = 0
  let texts: Array<string> = []
  // What it gives is what the options ask for, of which its types say nothing.
  for await (const { raw, record } of parser as AsyncIterable<Line>) {
    if (toJson === null) {
      toJson = writerOf(record, columns, path)
      width = record.length
      continue
    }
    texts.push(record.length === width ? toJson(record) : raw.replace(/\r?\n?$/, ""))
    if (texts.length < most) continue
    yield fromTexts(texts)
    texts = []
  }
  if (texts.length > 0) yield fromTexts(texts)
}

const writerOf = (header: ReadonlyArray<string>, columns: ReadonlyArray<Column>, path: string): (values: ReadonlyArray<string>) => string => {
  const twice = header.find((name, index) => header.indexOf(name) < index)
  if (twice !== undefined) throw new Error(`the header of ${path} names "${twice}" twice`)
  const missing = columns.find(({ name, optional }) => !optional && !header.includes(name))
  if (missing !== undefined) throw new Error(`the header of ${path} has no "${missing.name}", which each record needs; it has ${header.join(", ")}`)
  const root = group(columns.filter(({ name }) => header.includes(name)), 0, header)
  return (values) => root(values) ?? "{}"
}

type Writer = (values: ReadonlyArray<string>) => string | null

/** An object of the fields that share the first so many names of their paths; nothing where all are absent and it may be, too. */
const group = (columns: ReadonlyArray<Column>, depth: number, header: ReadonlyArray<string>): Writer => {
  const members = [...Map.groupBy(columns, ({ path }) => path[depth]!.name)].map(([name, within]) => {
    const [first] = within
    const write = first!.path.length === depth + 1 ? field(first!, header.indexOf(first!.name)) : group(within, depth + 1, header)
    return { name: JSON.stringify(name), write }
  })
  const optional = columns[0]?.path[depth - 1]?.optional ?? false
  return (values) => {
    const written = members.flatMap(({ name, write }) => {
      const text = write(values)
      return text === null ? [] : [`${name}:${text}`]
    })
    return written.length === 0 && optional ? null : `{${written.join(",")}}`
  }
}

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const field = ({ kind, optional }: Column, index: number): Writer => (values) => {
  const text = values[index]!
  if (text === "" && (optional || kind !== "string")) return null
  if ((kind === "int" || kind === "double") && number.test(text)) return text
  if (kind === "boolean" && (text === "true" || text === "false")) return text
  return JSON.stringify(text)
}
