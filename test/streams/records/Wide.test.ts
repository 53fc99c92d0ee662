/** Sizes have 8 decimals whatever their magnitude: what a double does not hold stands beside the column, row by row. */
import { BigDecimal } from "effect"
import { afterEach, describe, expect, it, vi } from "vitest"
import { bars, ticks } from "../../../src/analytics/ticks.ts"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Aggregate, Pane, Pipeline, Window } from "../../../src/index.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { Decoder } from "../../../src/streams/records/Decoder.ts"
import * as JsonNumber from "../../../src/streams/records/JsonNumber.ts"
import { takeOut } from "../../../src/streams/records/TakeOut.ts"
import { records } from "../../../src/testing/Harness.ts"

const tick = (size: string, time = 1_732_545_000_123) => `{"symbol":"BTC-USD","time":${time},"price":"97123.45","size":${size}}`

const reading = (definition = ticks.definition) => {
  const dictionary = new Batch.Dictionary()
  const decoder = new Decoder(definition, dictionary)
  const batch = Batch.make(definition, dictionary, 0, 9)
  const size = Batch.indexOf(definition, "size")
  return {
    batch,
    read: (text: string) => {
      const bytes = new TextEncoder().encode(text)
      return decoder.decode(bytes, 0, bytes.length, batch)?.detail ?? Decimal.formatUnscaled(BigInt(Batch.storedAt(batch, size, batch.length - 1)), 8)
    },
    readRow: (row: object) => decoder.decodeRow(row, 0, batch, (_, { detail }) => expect.fail(detail))
  }
}

afterEach(() => void vi.restoreAllMocks())

describe("a size", () => {
  it.each([
    ["0.00012345", "0.00012345"],
    ["\"0.00012345\"", "0.00012345"],
    ["1e-8", "0.00000001"],
    ["0", "0"],
    ["-0", "0"],
    ["1234567", "1234567"],
    ["1.50", "1.5"],
    ["90071992.54740991", "90071992.54740991"],
    ["90071992.54740993", "90071992.54740993"],
    ["\"123456789012345.12345678\"", "123456789012345.12345678"],
    ["1000000000000000", "1000000000000000"]
  ])("of %s is exact", (text, exact) => {
    expect(reading().read(tick(text))).toBe(exact)
  })

  const taken = "a decimal with at most 8 decimals from 0 to 1000000000000000"
  it.each([
    ["12345678901234567890", `"size" is 12345678901234567890, not ${taken}`],
    ["1000000000000000.00000001", `"size" is 1000000000000000.00000001, not ${taken}`],
    ["0.123456789", `"size" is 0.123456789, not ${taken}`],
    ["0.30000000000000004", `"size" is 0.30000000000000004, not ${taken}`],
    ["-1", `"size" is -1, not ${taken}`],
    ["-0.00000001", `"size" is -1e-8, not ${taken}`],
    ["\"much\"", `"size" is "much", not ${taken}`],
    ["null", `"size" is null, not ${taken}`]
  ])("of %s is refused by name", (text, why) => {
    expect(reading().read(tick(text))).toBe(why)
  })

  it.each(["0.00012345", "100", "\"12.5\"", "90071992"])("of %s is read byte by byte", (text) => {
    const parse = vi.spyOn(JsonNumber, "parse").mockImplementation(() => {
      throw new Error("it is parsed")
    })
    expect(reading().read(tick(text))).not.toContain("JSON")
    expect(parse).not.toHaveBeenCalled()
  })
})

describe("the large integers of a batch", () => {
  it("are those of its rows, and of no row that was there before", () => {
    const { batch, read } = reading()
    read(tick("123456789012345.12345678"))
    expect(read(`{"symbol":"A","time":0,"price":"1","size":"90071992.54740993","priceForming":"maybe"}`)).toContain("priceForming")
    expect(read(tick("7"))).toBe("7")
    // As the engine takes a row out again whose time cannot be.
    read(tick("90071992.54740993"))
    takeOut(batch, [2])
    expect(read(tick("8"))).toBe("8")
    batch.length = 0
    expect(read(tick("9"))).toBe("9")
    expect(batch.large).toBeNull()
  })

  it("come from rows that are objects, too", () => {
    const { batch, readRow } = reading()
    const size = BigDecimal.fromStringUnsafe("123456789012345.12345678")
    readRow({ symbol: "A", time: 0, price: BigDecimal.make(1n, 0), size })
    expect(Decimal.format(Batch.rowAt(batch, 0)["size"] as Decimal.Decimal)).toBe("123456789012345.12345678")
  })
})

it("sums of sizes are exact, of ticks and of bars, where those of doubles round", () => {
  const minute = ticks.pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({ volume: Aggregate.sum("size"), median: Aggregate.median("size"), deviation: Aggregate.standardDeviation("size") }),
    Pipeline.named("minute")
  )
  const job = new Job([minute], { partitions: 1 })
  job.take(records(0, 0, ["0.1", "0.2", "0.00012345", "1e-8"].map((size) => tick(size))))
  const [pane] = job.close().panes
  expect(0.1 + 0.2).not.toBe(0.3)
  expect(Pane.toJson(pane!)).toContain(`"values":{"volume":"0.30012346",`)
  const volume = Batch.indexOf(bars.definition, "volume")
  expect(bars.definition.columns[volume]).toMatchObject({ kind: "decimal", scale: 8, isWide: true, minimum: 0 })
})
