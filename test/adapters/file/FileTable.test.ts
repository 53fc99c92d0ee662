/** Tables of files: JSON lines and CSV, what a changed file changes, and what is said of rows that do not fit. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, Effect, Schema } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll } from "vitest"
import { Aggregate, Decimal, Events, Pipeline, Table, ticks, Window } from "../../../src/index.ts"

const folder = mkdtempSync(join(tmpdir(), "courant-table-"))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const Listing = Schema.Struct({
  symbol: Schema.String,
  sector: Schema.optionalKey(Schema.String),
  lot: Schema.Int,
  tick: Decimal.Decimal({ scale: 4, limit: 100 })
})

const listings = (path: string) => Table.fromFile("listings", { schema: Listing, key: "symbol", path })

const csv = "symbol,lot,sector,tick,since\nAIG,100,financials,0.0100,1969\nIBM,10,,0.01,1911\n"
const ndjson = "{\"symbol\":\"AIG\",\"lot\":100,\"sector\":\"financials\",\"tick\":\"0.01\"}\n\n{\"symbol\":\"IBM\",\"lot\":10,\"tick\":0.01,\"since\":1911}"

const sectors = (table: Table.Table<{ readonly symbol: string; readonly sector: string | null; readonly lot: number; readonly tick: Decimal.Decimal }>) =>
  ticks.pipe(
    Events.lookup(table, { by: "symbol", select: { lot: "lot" } }),
    Window.tumbling("1 minute"),
    Aggregate.into({ lot: Aggregate.max("lot") }),
    Pipeline.named("lots")
  )

describe("Table.fromFile", () => {
  it.effect("has the rows of a file, whatever its form", () =>
    Effect.gen(function*() {
      for (const path of [fileOf("a.csv", csv), fileOf("a.csv.gz", gzipSync(csv)), fileOf("a.ndjson", ndjson), fileOf("a.json.gz", gzipSync(ndjson))]) {
        const { definition: { columns, key, rows } } = yield* listings(path)
        expect([key, columns.map(({ name }) => name)]).toEqual([["symbol"], ["symbol", "sector", "lot", "tick"]])
        expect(rows.map(({ lot, sector, symbol, tick }) => [symbol, sector, lot, tick !== null && BigDecimal.isBigDecimal(tick) ? BigDecimal.format(tick) : tick]))
          .toEqual([["AIG", "financials", 100, "0.01"], ["IBM", null, 10, "0.01"]])
      }
      expect((yield* listings(fileOf("empty.csv", "symbol,lot,tick\n"))).definition.rows).toEqual([])
    }))

  it.effect("has null for what is absent, however its schema says that it may be, and a text that is empty", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({
        id: Schema.String,
        note: Schema.String,
        lot: Schema.NullOr(Schema.Int),
        tick: Schema.NullOr(Decimal.Decimal({ scale: 2, limit: 100 })),
        venue: Schema.NullOr(Schema.String),
        from: Schema.optionalKey(Schema.Int),
        to: Schema.optional(Schema.NullOr(Schema.Int)),
        fee: Schema.UndefinedOr(Schema.Int),
        desk: Schema.Struct({ name: Schema.NullOr(Schema.String), floor: Schema.optionalKey(Schema.Int) }),
        party: Schema.NullOr(Schema.Struct({ name: Schema.NullOr(Schema.String), rank: Schema.Int }))
      })
      const names = ["lot", "tick", "venue", "from", "to", "fee", "desk.name", "desk.floor", "party.name", "party.rank"]
      const files = [
        fileOf("absent.csv", `id,note,${names.join(",")}\nA,,,,,,,,,,,\nB,,,,,,,,,,,3\n`),
        fileOf("absent.ndjson", "{\"id\":\"A\",\"note\":\"\",\"desk\":{}}\n{\"id\":\"B\",\"note\":\"\",\"desk\":{},\"party\":{\"rank\":3}}"),
        fileOf("null.ndjson", "{\"id\":\"A\",\"note\":\"\",\"desk\":{\"name\":null,\"floor\":null},\"party\":null,\"lot\":null,\"from\":null,\"fee\":null,\"to\":null}\n" +
          "{\"id\":\"B\",\"note\":\"\",\"desk\":{},\"party\":{\"rank\":3,\"name\":null}}")
      ]
      for (const path of files) {
        const { definition: { rows } } = yield* Table.fromFile("absent", { schema, key: "id", path })
        expect(rows).toEqual([
          { id: "A", note: "", ...Object.fromEntries(names.map((name) => [name, null])) },
          { id: "B", note: "", ...Object.fromEntries(names.map((name) => [name, null])), "party.rank": 3 }
        ])
      }
      const wrong = fileOf("needed.ndjson", "{\"id\":\"A\",\"note\":null,\"desk\":{}}")
      expect((yield* Effect.flip(Table.fromFile("absent", { schema, key: "id", path: wrong }))).message).toContain("row 1: Expected string at [\"note\"]")
    }))

  it.effect("is another pipeline's where the file has another value that is looked up, and no other one", () =>
    Effect.gen(function*() {
      const fingerprintOf = (name: string, content: string) => Effect.map(listings(fileOf(name, content)), (table) => sectors(table).checked.fingerprint)
      const first = yield* fingerprintOf("one.csv", csv)
      expect(yield* fingerprintOf("two.ndjson", ndjson)).toBe(first)
      expect(yield* fingerprintOf("one.csv", csv.replace("financials", "banks"))).toBe(first)
      expect(yield* fingerprintOf("one.csv", csv.replace("IBM,10", "IBM,20"))).not.toBe(first)
    }))

  it.effect.each([
    ["x.ndjson", "{\"symbol\":\"A\",\"lot\":1,\"tick\":1}\n{\"symbol\":\"B\",\"lot\":\"many\",\"tick\":1}", "Table.fromFile(\"listings\"), row 2: "],
    ["x.ndjson", "{\"symbol\":\"A\",\"lot\":1,\"tick\":1}\n{\"symbol\":\"A\",\"lot\":2,\"tick\":1}", "Table.fromFile(\"listings\"), row 2: row 1 has the same key, A"],
    ["x.ndjson", "{\"symbol\":\"A\"", "Table.fromFile(\"listings\"), row 1: it is no JSON: {\"symbol\":\"A\""],
    ["x.csv", "symbol,lot,tick\nA,1\n", "Table.fromFile(\"listings\"), row 1: it has not as many values as the header: A,1"],
    ["x.csv", "symbol,lot\nA,1\n", "has no \"tick\", which each record needs; it has symbol, lot"]
  ] as const)("says what is wrong in %s", ([name, content, why]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(listings(fileOf(name, content)))
      expect(error).toBeInstanceOf(Table.TableError)
      expect(error.message).toContain(why)
    }))

  it.effect("says that a file is not there, and what it is not given", () =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(listings(join(folder, "none.csv")))).message).toContain("none.csv cannot be read: ENOENT")
      const wrong = (options: object) => Effect.map(Effect.flip(Table.fromFile("listings", options as never)), ({ message }) => message)
      expect(yield* wrong({ schema: Listing, key: "symbol" })).toContain("Table.fromFile(\"listings\") needs the path of a file, and is given undefined")
      expect(yield* wrong({ schema: Listing, key: "symbl", path: fileOf("k.csv", csv) })).toContain("its key \"symbl\" is no field")
      expect(yield* wrong({ schema: Listing, key: "symbol", file: "a.csv" })).toContain("knows no \"file\"")
    }))
})
