import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as Names from "../../../src/adapters/influxdb/Names.ts"
import { texts } from "./texts.ts"

it("every text comes back out of its name, so that no two have one", () => {
  fc.assert(fc.property(texts, (text) => {
    expect(Names.decode(Names.encode(text))).toBe(text)
    expect(Names.decode(Names.measurementName(text))).toBe(text)
  }), { numRuns: 2_000 })
})

it("a name holds nothing that line protocol cannot carry", () => {
  fc.assert(fc.property(texts, (text) => {
    for (const name of [Names.encode(text), Names.measurementName(text)]) {
      expect(name).toMatch(/^[^\\\p{Cc}\p{Cs}]+$/u)
    }
    expect(Names.measurementName(text)).not.toMatch(/^#|^courant(-sessions)?$/)
  }), { numRuns: 2_000 })
})

it("ordinary names stay as they are", () => {
  for (const name of ["AAPL", "candles-1m", "BRK.B", "^GSPC", "EURUSD=X", "Ünïcode 漢字", "courant-2", "\u{1F600}"]) {
    expect(Names.encode(name)).toBe(name)
    expect(Names.measurementName(name)).toBe(name)
  }
})

it("the others are readable", () => {
  expect(Names.tag("a,b=c d")).toBe("a\\,b\\=c\\ d")
  expect(Names.measurement("a,b=c d")).toBe("a\\,b=c\\ d")
  expect(Names.tag("100%\\\n")).toBe("100%25%5C%0A")
  expect(Names.tag("")).toBe("%")
  expect(Names.tag("\uD800")).toBe("%uD800")
  expect(Names.measurement("#1")).toBe("%231")
  expect(Names.measurement("courant")).toBe("%63ourant")
  expect(Names.measurement("courant-sessions")).toBe("%63ourant-sessions")
})

it("percent signs of other hands are left alone", () => {
  for (const name of ["50%", "%zz", "%2", "%%", "%u12"]) expect(Names.decode(name)).toBe(name)
})
