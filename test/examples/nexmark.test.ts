/**
 * Each query of Nexmark is what its plain fold makes of the same events, over several partitions and with events out of order
 * within the bound. Queries that cannot be written are listed here and nowhere else.
 */
import { describe, expect, it } from "vitest"
import { type Event, generate } from "../../examples/nexmark/generator.ts"
import type { Result } from "../../examples/nexmark/fold.ts"
import * as q0 from "../../examples/nexmark/q0.ts"
import * as q1 from "../../examples/nexmark/q1.ts"
import * as q2 from "../../examples/nexmark/q2.ts"
import * as q3 from "../../examples/nexmark/q3.ts"
import * as q4 from "../../examples/nexmark/q4.ts"
import * as q5 from "../../examples/nexmark/q5.ts"
import * as q6 from "../../examples/nexmark/q6.ts"
import * as q7 from "../../examples/nexmark/q7.ts"
import * as q8 from "../../examples/nexmark/q8.ts"
import * as q9 from "../../examples/nexmark/q9.ts"
import * as q11 from "../../examples/nexmark/q11.ts"
import * as q13 from "../../examples/nexmark/q13.ts"
import * as q14 from "../../examples/nexmark/q14.ts"
import * as q15 from "../../examples/nexmark/q15.ts"
import * as q16 from "../../examples/nexmark/q16.ts"
import * as q17 from "../../examples/nexmark/q17.ts"
import * as q18 from "../../examples/nexmark/q18.ts"
import * as q19 from "../../examples/nexmark/q19.ts"
import * as q20 from "../../examples/nexmark/q20.ts"
import * as q21 from "../../examples/nexmark/q21.ts"
import * as q22 from "../../examples/nexmark/q22.ts"
import type { Pipeline } from "../../src/index.ts"
import { runOver, runTogether } from "./partitions.ts"

/** What is no function of the log. */
const never = {
  q10: "writes a file for each minute of the clock; rows go to one file with `--rows`",
  q12: "has windows of the clock by which it runs, so a replay would give other results"
}

const options = { events: 8_000, seed: 7, eventsPerSecond: 5, start: Date.UTC(2024, 10, 24, 23, 40), outOfOrderGroup: 15 }
const events = [...generate(options)]
const bids = events.flatMap((event) => event.topic === "bids" ? [event.row] : [])
const auctions = events.flatMap((event) => event.topic === "auctions" ? [event.row] : [])
const persons = events.flatMap((event) => event.topic === "persons" ? [event.row] : [])

const ofRows = { q0, q1, q2, q13, q14, q21, q22 }
/** Of several topics. */
const ofPairs = { q3, q20 }
const ofPanes = { q5, q7, q11, q15, q16, q17, q18, q19 }

/** None has a function of its own, which could not leave the process. */
const portable: ReadonlyArray<Pipeline.Pipeline<unknown, "portable"> | Pipeline.OfRows<unknown, "portable">> =
  Object.values({ ...ofRows, ...ofPairs, q4, q6, q8, q9, ...ofPanes }).map(({ pipeline }) => pipeline)

/** Decimals are written as strings, and folds have numbers. */
const plain = (values: object) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === "euros" ? Number(value) : value]))

describe("of events out of order over three partitions", () => {
  it.each(Object.entries(ofRows))("%s gives the rows of its fold, in the order of the log", (_, { fold, pipeline }) => {
    const { rows, unused } = runOver(pipeline, bids)
    expect(unused).toEqual([])
    const inOrder = rows.toSorted((a, b) => a.place.offset - b.place.offset || a.place.partition - b.place.partition)
    const folded = bids.map((bid): object | null => fold(bid)).filter((row) => row !== null)
    expect(folded.length).toBeGreaterThan(0)
    expect(inOrder.map(({ values }) => plain(values))).toEqual(folded)
  })

  it.each(Object.entries(ofPanes))("%s gives the windows of its fold", (_, { fold, pipeline }) => {
    const { panes, unused } = runOver(pipeline, bids)
    expect(unused).toEqual([])
    const found = panes.map(({ end, key, start, values }): Result => ({ key, start, end, values: values as Result["values"] }))
    const folded = fold(bids)
    expect(folded.length).toBeGreaterThan(1)
    expect(found.toSorted(order)).toEqual(folded.toSorted(order))
  })
})

describe("of three topics that are out of order, each over two partitions", () => {
  const topics = { persons, auctions, bids }
  const byText = (rows: ReadonlyArray<object>) => rows.map((row) => JSON.stringify(row)).toSorted()

  it.each(Object.entries(ofPairs))("%s gives the pairs of its fold, in the order of their times", (_, { fold, pipeline }) => {
    const { rows, unused } = runTogether(pipeline, topics)
    expect(unused).toEqual([])
    const folded = fold(topics)
    expect(folded.length).toBeGreaterThan(10)
    expect(byText(rows.map(({ values }) => values))).toEqual(byText(folded))
    const times = rows.map(({ time }) => time)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it("q8 gives the people of its fold, each once", () => {
    const faster = [...generate({ ...options, eventsPerSecond: 100 })]
    const topics = {
      persons: faster.flatMap((event) => event.topic === "persons" ? [event.row] : []),
      auctions: faster.flatMap((event) => event.topic === "auctions" ? [event.row] : [])
    }
    const { rows, unused } = runTogether(q8.pipeline, topics)
    expect(unused).toEqual([])
    const folded = q8.fold(topics).map(({ id }) => id)
    expect(folded.length).toBeGreaterThan(10)
    expect(rows.map(({ values }) => Number(values["id"])).toSorted((a, b) => a - b)).toEqual(folded.toSorted((a, b) => a - b))
  })

  it.each(Object.entries({ q4, q6, q9 }))("%s gives the windows of its fold", (_, { fold, pipeline }) => {
    const { panes, unused } = runTogether(pipeline, topics)
    expect(unused).toEqual([])
    const folded = fold(topics)
    expect(folded.length).toBeGreaterThan(3)
    const found = panes.map(({ end, key, start, values }): Result => ({ key, start, end, values: values as Result["values"] }))
    expect(found.toSorted(order)).toEqual(folded.toSorted(order))
  })
})

const order = (a: Result, b: Result) => a.start - b.start || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

describe("the generator", () => {
  const rowsOf = (topic: Event["topic"]) => events.filter((event) => event.topic === topic)

  it("gives the same events for the same seed, and others for another", () => {
    expect([...generate(options)]).toEqual(events)
    expect([...generate({ ...options, seed: 8 })]).not.toEqual(events)
  })

  it("gives a person and three auctions to 46 bids", () => {
    expect([rowsOf("persons").length, rowsOf("auctions").length, bids.length]).toEqual([160, 480, 7_360])
  })

  it("has auctions and people that are hot", () => {
    const hot = bids.filter(({ auction }) => (auction - 1_000) % 100 === 0).length / bids.length
    expect(hot).toBeGreaterThan(0.45)
    expect(hot).toBeLessThan(0.55)
    const bidders = bids.filter(({ bidder }) => (bidder - 1_000) % 100 === 0).length / bids.length
    expect(bidders).toBeGreaterThan(0.7)
    expect(bidders).toBeLessThan(0.8)
  })

  it("changes the order alone, and within groups", () => {
    const inOrder = [...generate({ ...options, outOfOrderGroup: 1 })]
    const times = inOrder.map(({ row }) => row.dateTime)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    const byTime = (a: Event, b: Event) => a.row.dateTime - b.row.dateTime
    expect(events).not.toEqual(inOrder)
    expect(events.toSorted(byTime)).toEqual(inOrder)
    const behind = events.map(({ row }, index) => Math.max(...events.slice(Math.max(0, index - 15), index + 1).map(({ row }) => row.dateTime)) - row.dateTime)
    expect(Math.max(...behind)).toBe(2_800)
  })
})

describe("of the 23 queries", () => {
  it("each that is written is portable, and has a name of its own", () => {
    expect(new Set(portable.map(({ name }) => name)).size).toBe(21)
  })

  it("each is written or cannot be", () => {
    const all = [...Object.keys(ofRows), ...Object.keys(ofPairs), "q4", "q6", "q8", "q9", ...Object.keys(ofPanes), ...Object.keys(never)]
    const number = (query: string) => Number(query.slice(1))
    expect(all.map(number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, query) => query))
  })
})
