import { BigDecimal, Option } from "effect"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as Point from "../../../src/adapters/influxdb/Point.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { parse } from "./Line.ts"
import { texts } from "./texts.ts"

/** One encoder for all, as a sink has it: what it keeps of a pane must not show in the next. */
const toPoint = Point.encoder()

const values = fc.oneof(
  fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -3, max: 20 })).map(([unscaled, scale]) =>
    BigDecimal.make(unscaled, scale)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value === 0 ? 0 : value),
  fc.integer(),
  texts,
  fc.boolean(),
  fc.constant(null)
)

const lengths = fc.oneof(
  fc.constantFrom(1_000, 60_000, 90_000, 300_000, 3_600_000, 82_800_000, 86_400_000, 90_000_000, 61_001),
  fc.integer({ min: 1, max: 10_000_000_000 })
)

const panes: fc.Arbitrary<Pane.Pane> = fc.record({
  pipeline: texts,
  key: texts,
  start: fc.integer({ min: -8_000_000_000_000, max: 8_000_000_000_000 }),
  length: lengths,
  pane: fc.constantFrom("early", "on-time", "late", "retracted"),
  revision: fc.nat(),
  changes: fc.nat(),
  values: fc.dictionary(fc.oneof(texts, fc.constantFrom("close", "window_end", "revision", "changes", "pane", "exact")), values, { maxKeys: 6 })
}).map(({ length, ...pane }) => ({ ...pane, end: pane.start + length }))

/** What a query would give of a line. */
const rowOf = (line: string): Point.Row => {
  const { fields, measurement, tags, timestamp } = parse(line)
  const text = (name: string) => fields.get(name)!.slice(1, -1)
  return {
    measurement,
    key: tags.get("key")!,
    window: tags.get("window")!,
    start: timestamp,
    revision: Number(fields.get("revision")!.replace("i", "")),
    changes: Number(fields.get("changes")!.replace("i", "")),
    pane: text("pane"),
    exact: text("exact")
  }
}

it("any pane comes back out of its line as it was", () => {
  fc.assert(fc.property(panes, (pane) => {
    expect(Option.getOrThrow(Point.toPane(rowOf(toPoint(pane).line)))).toEqual(Pane.encode(pane))
  }), { numRuns: 1_000 })
})

it("two panes share a point only if they are of one window", () => {
  const point = (pane: Pane.Pane) => {
    const { measurement, tags, timestamp } = parse(toPoint(pane).line)
    return JSON.stringify([measurement, [...tags], timestamp])
  }
  const near = fc.tuple(panes, panes, fc.integer({ min: 0, max: 15 })).map(([a, b, same]) => [a, {
    ...b,
    ...(same & 1 ? { pipeline: a.pipeline } : {}),
    ...(same & 2 ? { key: a.key } : {}),
    ...(same & 4 ? { start: a.start, end: a.start + b.end - b.start } : {}),
    ...(same & 8 ? { end: (same & 4 ? a.start : b.start) + a.end - a.start } : {})
  }] as const)
  fc.assert(fc.property(near, ([a, b]) => {
    const isOneWindow = a.pipeline === b.pipeline && a.key === b.key && a.start === b.start && a.end === b.end
    expect(point(a) === point(b)).toBe(isOneWindow)
  }), { numRuns: 1_000 })
})

it("a field has one type for all time: numbers are floats, and what is ours is as it is", () => {
  fc.assert(fc.property(panes, (pane) => {
    const { fields } = parse(toPoint(pane).line)
    for (const [name, text] of fields) {
      if (["window_end", "revision", "changes"].includes(name)) expect(text).toMatch(/^-?\d+i$/)
      else if (!text.startsWith("\"") && text !== "true" && text !== "false") {
        expect(text).toMatch(/^-?\d+(?:\.\d+)?(?:e[+-]\d+)?$/)
      }
    }
    expect(fields.get("pane")).toBe(`"${pane.pane}"`)
    expect(fields.get("window_end")).toBe(`${pane.end}i`)
  }), { numRuns: 1_000 })
})

it("a line shows what it says it shows, and so does the pane that is read back", () => {
  fc.assert(fc.property(panes, (pane) => {
    const { line, shown } = toPoint(pane)
    const own = new Set(["window_end", "revision", "changes", "pane", "exact"])
    const count = [...parse(line).fields.keys()].filter((name) => !own.has(name)).length
    expect(shown === "" ? 0 : shown.match(/(?:\\,|[^,])+/g)?.length).toBe(count)
    expect(Point.shownBy(Option.getOrThrow(Point.toPane(rowOf(line))))).toBe(shown)
  }), { numRuns: 1_000 })
})

const candle: Pane.Pane = {
  pipeline: "candles-1m",
  key: "BRK.B",
  start: 1_381_239_000_000,
  end: 1_381_239_060_000,
  pane: "late",
  revision: 2,
  changes: 1_201,
  values: { open: BigDecimal.make(11_512_500n, 5), volume: 1_200, exact: 1, _hidden: 2, time: 3, name: "a \"b\" \\", up: true, vwap: null }
}

it("looks like this", () => {
  expect(toPoint(candle).line).toBe(
    "candles-1m,key=BRK.B,window=1m window_end=1381239060000i,revision=2i,changes=1201i,pane=\"late\"," +
      "exact=\"{\\\"open\\\":\\\"115.125\\\",\\\"volume\\\":1200,\\\"exact\\\":1,\\\"_hidden\\\":2,\\\"time\\\":3," +
      "\\\"name\\\":\\\"a \\\\\\\"b\\\\\\\" \\\\\\\\\\\",\\\"up\\\":true,\\\"vwap\\\":null}\"," +
      "open=115.125,volume=1200,name=\"a \\\"b\\\" \\\\\",up=true 1381239000000"
  )
  expect(toPoint({ ...candle, pane: "retracted", values: { volume: 1 } }).line).toBe(
    "candles-1m,key=BRK.B,window=1m window_end=1381239060000i,revision=2i,changes=1201i,pane=\"retracted\"," +
      "exact=\"{\\\"volume\\\":1}\" 1381239000000"
  )
})

it("a volume has one type, be it whole or not", () => {
  const linesOf = ["1234567", "0.00012345", "123456789012345.12345678", "0"].map((volume) =>
    toPoint({ ...candle, values: { volume: BigDecimal.fromStringUnsafe(volume) } }).line.split(" ")[1]!.split(",").slice(-2))
  expect(linesOf).toEqual([
    ["exact=\"{\\\"volume\\\":\\\"1234567\\\"}\"", "volume=1234567"],
    ["exact=\"{\\\"volume\\\":\\\"0.00012345\\\"}\"", "volume=0.00012345"],
    ["exact=\"{\\\"volume\\\":\\\"123456789012345.12345678\\\"}\"", "volume=123456789012345.12345678"],
    ["exact=\"{\\\"volume\\\":\\\"0\\\"}\"", "volume=0"]
  ])
})

it("a number beyond the largest double is exact, and not shown", () => {
  const huge = { ...candle, values: { huge: BigDecimal.make(1n, -400), large: BigDecimal.make(1n, -300) } }
  const { line, shown } = toPoint(huge)
  expect(shown).toBe("large")
  expect(Option.getOrThrow(Point.toPane(rowOf(line))).values["huge"]).toBe(`1${"0".repeat(400)}`)
})

it("a window's length is told in the largest unit that divides it", () => {
  const examples: ReadonlyArray<readonly [number, string]> = [
    [60_000, "1m"], [300_000, "5m"], [86_400_000, "1d"], [82_800_000, "23h"], [90_000_000, "25h"], [90_000, "90s"], [61_001, "61001ms"]
  ]
  for (const [length, window] of examples) expect(Point.windowOf(length)).toBe(window)
})

it("a row of another's hand is no pane", () => {
  const row = rowOf(toPoint(candle).line)
  for (const broken of [{ window: "" }, { window: "1w" }, { exact: "" }, { exact: "{" }, { exact: "[]" }, { pane: "x" }, { revision: 0.5 }, { changes: -1 }]) {
    expect(Option.isNone(Point.toPane({ ...row, ...broken }))).toBe(true)
  }
})
