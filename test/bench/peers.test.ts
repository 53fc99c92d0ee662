/** The benchmark beside others: no time is told of a contender whose results are not courant's to the last digit. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { difference, read } from "../../bench/peers/Compare.ts"
import type { Contender, Program } from "../../bench/peers/Contender.ts"
import * as Input from "../../bench/peers/Input.ts"
import { notes, rowsOf, table } from "../../bench/peers/Table.ts"
import { problem } from "../../services/tool/Problem.ts"
import { measure } from "../../bench/peers/Work.ts"

const candle = "SPY,1381219200000,167.42,167.5,167.33,167.4,510,3"
const pane = JSON.stringify({
  pipeline: "candles",
  key: "SPY",
  start: 1_381_219_200_000,
  values: { open: "167.42", high: "167.5", low: "167.33", close: "167.4", volume: "510", count: 3 }
})
const other = "IBM,1381219200000,178,178,178,178,100,1"

describe("comparison", () => {
  it("takes lines in any order, courant's panes, and decimals with more places than they need", () => {
    const padded = "SPY,1381219200000,167.4200,167.50,167.3300,167.4000,510,3\n"
    expect(difference(read(`${pane}\n`), read(padded))).toBeUndefined()
    expect(difference(read(`${candle}\n${other}`), read(`${other.replaceAll("178", "178.0000")}\n${candle}`))).toBeUndefined()
  })

  it("tells a candle whose last digit is another", () => {
    for (const [digit, changed] of [["167.42", "167.43"], ["167.4,", "167.39,"], ["510", "511"], ["510", "5100"], [",3", ",4"]] as const) {
      expect(difference(read(candle), read(candle.replace(digit, changed)))).toContain("SPY,1381219200000 is 167.42,")
    }
  })

  it("tells one that is missing, one too many, one that is there twice, and what is none", () => {
    const both = `${candle}\n${other}`
    expect(difference(read(both), read(candle))).toContain("no result for IBM,1381219200000")
    expect(difference(read(candle), read(both))).toContain("a result for IBM,1381219200000")
    expect(difference(read(candle), read(""))).toContain("no result for SPY")
    expect(() => read(`${candle}\n${candle}`)).toThrow("two results for SPY")
    expect(() => read("SLF4J: no providers")).toThrow("no result")
  })
})

const named = (name: string): Contender => ({ name, version: "1", kind: "stream", prepare: Effect.never })

const usage = { cpu: 2, wall: 3, memory: 4 }

it("the table tells small times and large ratios", () => {
  const row = { name: "a", version: "1", kind: "stream", cpu: 0.0412, ratio: 180.4, wall: 1.26, memory: 99.6 }
  expect(table([row]).split("\n").at(-1)).toBe("| a | 1 | stream | 0.041 s | 180 x | 1.3 s | 100 MiB |")
})

it("a contender that differs, in any round, or that fails has no time", async () => {
  let round = 0
  const texts: Record<string, () => string | undefined> = {
    courant: () => pane,
    right: () => candle,
    wrong: () => candle.replace("167.42", "167.43"),
    sometimes: () => round++ === 0 ? candle : other,
    broken: () => undefined
  }
  const program: Program = () => ["true"]
  const run = (_: Program, { name }: Contender) => {
    const text = texts[name]!()
    return text === undefined ? Effect.fail(problem("it ended with code 1")) : Effect.succeed({ text, usage })
  }
  const outcomes = await Effect.runPromise(measure(run, Object.keys(texts).map((name) => [named(name), program] as const), 2))
  expect(rowsOf(outcomes).map(({ name, ratio }) => [name, ratio])).toEqual([["courant", 1], ["right", 1]])
  expect(table(rowsOf(outcomes))).not.toContain("wrong")
  expect(notes(outcomes)).toEqual([
    expect.stringContaining("wrong differs from courant, and has no time: SPY,1381219200000 is 167.42,"),
    expect.stringContaining("sometimes differs from courant"),
    "broken is left out: it ended with code 1"
  ])
})

it("ticks go on a day later, as often as it takes", () => {
  const trades = [1_381_219_217_034, 1_381_219_526_965].map((time) => ({ time, head: `{"time":`, tail: "}" }))
  const times = [...Input.lines(5, trades)].map((line) => JSON.parse(line).time)
  expect(times.map((time) => time - times[0])).toEqual([0, 309_931, 86_400_000, 86_709_931, 172_800_000])
})
