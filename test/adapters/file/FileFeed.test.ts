/** Files as feeds: lines and CSV, compressed or not, from wherever a former run has left off. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import * as FileFeed from "../../../src/adapters/file/FileFeed.ts"
import { Decimal } from "../../../src/domain/Decimal.ts"
import * as Source from "../../../src/streams/pipeline/Source.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { valueAt } from "../../../src/streams/records/Records.ts"
import * as FeedContract from "../../../src/testing/FeedContract.ts"

const folder = mkdtempSync(join(tmpdir(), "courant-file-feed-"))

const { columns } = Source.make("fills", {
  schema: Schema.Struct({
    account: Schema.String,
    at: Schema.Int,
    trade: Schema.Struct({ price: Decimal({ scale: 4, limit: 1e6 }), venue: Schema.NullOr(Schema.String) }),
    rate: Schema.optionalKey(Schema.Finite),
    firm: Schema.optionalKey(Schema.Boolean),
    desk: Schema.optionalKey(Schema.Struct({ floor: Schema.Int }))
  }),
  key: "account",
  eventTime: "at"
}).definition

let files = 0

const written = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, `${files++}-${name}`)
  writeFileSync(path, content)
  return path
}

const feed = (path: string) => FileFeed.make({ path, name: "fills", columns })

const recordsOf = (path: string, from?: string) =>
  feed(path).events(Option.fromUndefinedOr(from)).pipe(
    Stream.runCollect,
    Effect.map((chunks) => chunks.flatMap((chunk) => Array.from({ length: chunk.length }, (_, index) => Buffer.from(valueAt(chunk, index)).toString())))
  )

const many = Array.from({ length: 5_000 }, (_, n) => JSON.stringify({ n })).join("\n")
const csv = ["account,at", ...Array.from({ length: 2_500 }, (_, n) => `A${n},${n}`)].join("\r\n")

FeedContract.suite("a file of lines", Layer.succeed(Feed, feed(written("lines.ndjson", many))))
FeedContract.suite("a compressed file of lines", Layer.succeed(Feed, feed(written("lines.ndjson.gz", gzipSync(many)))))
FeedContract.suite("a file of CSV", Layer.succeed(Feed, FileFeed.make({ path: written("lines.csv", csv), name: "fills", columns: columns.slice(0, 2) })))

describe("a file that was read before", () => {
  const positionOf = (path: string) => Effect.map(Stream.runCollect(feed(path).events(Option.none())), (chunks) => chunks.at(-1)!.position!)

  it.effect("gives what has come since, also where its last line was not whole, and another one is refused", () =>
    Effect.gen(function*() {
      for (const zip of [(text: string) => text, (text: string) => gzipSync(text)]) {
        const name = zip("") === "" ? "days.ndjson" : "days.ndjson.gz"
        const position = yield* positionOf(written(name, zip("{\"day\":1}\n{\"day\":2}\n{\"da")))
        expect(yield* recordsOf(written(name, zip("{\"day\":1}\n{\"day\":2}\n{\"day\":3}\n{\"day\":4}")), position)).toEqual(["{\"day\":4}"])
        for (const other of ["", "{\"day\":1}\n", "{\"day\":5}\n{\"day\":2}\n{\"day\":3}\n{\"day\":4}"]) {
          const error = yield* Effect.flip(recordsOf(written(name, zip(other)), position))
          expect(error.message).toMatch(/does not begin as the file did of which the log has 3 records: .* give it a log of its own/)
        }
      }
    }))

  it.effect("is known by its first 64 KiB, however long it is", () =>
    Effect.gen(function*() {
      const position = yield* positionOf(written("many.ndjson", many))
      expect(yield* recordsOf(written("many.ndjson", `${many}\n{"n":5000}`), position)).toEqual(["{\"n\":5000}"])
      expect((yield* Effect.flip(recordsOf(written("many.ndjson", `{"n":-1}${many}`), position))).message).toContain("does not begin")
    }))
})

describe("CSV", () => {
  it.effect("values are what the source's fields are, and an empty one is absent", () =>
    Effect.gen(function*() {
      const path = written("fills.csv", [
        "﻿trade.price,account,at,unknown,trade.venue,rate,firm,desk.floor",
        `1.50,A,1732545000000,x,"one, ""two""",0.1,true,3`,
        `-0.25,,17.5,x,,1e3,false,`,
        `.5,B,007,x,"line\nbreak",+1,TRUE,two`,
        "only,three,values",
        "",
        `"quoted",C,1,,,,,`
      ].join("\r\n"))
      assert.deepStrictEqual(yield* recordsOf(path), [
        `{"account":"A","at":1732545000000,"trade":{"price":"1.50","venue":"one, \\"two\\""},"rate":0.1,"firm":true,"desk":{"floor":3}}`,
        `{"account":"","at":17.5,"trade":{"price":"-0.25"},"rate":1e3,"firm":false}`,
        `{"account":"B","at":"007","trade":{"price":".5","venue":"line\\nbreak"},"rate":"+1","firm":"TRUE","desk":{"floor":"two"}}`,
        "only,three,values",
        `{"account":"C","at":1,"trade":{"price":"quoted"}}`
      ])
    }))

  it.effect("a header that lacks a field, or names one twice, ends it", () =>
    Effect.gen(function*() {
      const failure = (header: string) => Effect.map(Effect.flip(recordsOf(written("wrong.csv", `${header}\n`))), ({ message }) => message)
      assert.match(yield* failure("account,at"), /has no "trade.price", which each record needs; it has account, at/)
      assert.match(yield* failure("account,at,at,trade.price"), /names "at" twice/)
      assert.match(yield* Effect.map(Effect.flip(recordsOf(written("open.csv", "account,at,trade.price\n\"A,1"))), ({ message }) => message), /cannot be read: Quote Not Closed/)
      assert.match(yield* Effect.map(Effect.flip(recordsOf(written("torn.ndjson.gz", gzipSync(many).subarray(0, 5_000)))), ({ message }) => message), /cannot be read: unexpected end of file/)
      assert.match(yield* Effect.map(Effect.flip(recordsOf(join(folder, "none.ndjson"))), ({ message }) => message), /cannot be read: ENOENT/)
    }))
})
