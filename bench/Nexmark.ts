/**
 * Nexmark's queries: a job over records as a log has them, beside a bare loop that decodes each line with `JSON.parse` and
 * computes the same. The loop takes the bids in the order of their times, as they come here; the job would take them in any
 * order within the bound, and over any number of partitions.
 */
import * as OwnPackage from "../src/cli/OwnPackage.ts"
import { Job } from "../src/streams/engine/Job.ts"
import type { Any } from "../src/streams/pipeline/Pipeline.ts"
import { fromTexts, type Records } from "../src/streams/records/Records.ts"
import * as Benchmark from "./Benchmark.ts"
import { cpuOf, inTurn, ratios } from "./Measure.ts"
import type { Bid } from "../examples/nexmark/model.ts"

// The queries import `courant` by its name.
OwnPackage.register()

const events = 100_000
const batchSize = 4_096
const rounds = 5

/** The topic of bids as a log has it. */
const topic = async (): Promise<ReadonlyArray<Records>> => {
  const { generate } = await import("../examples/nexmark/generator.ts")
  const all: Array<Records> = []
  let lines: Array<string> = []
  let next = 0
  const flush = () => {
    const offsets = Float64Array.from(lines, (_, index) => next + index)
    all.push({ ...fromTexts(lines), partition: 0, offsets, appendedAt: new Float64Array(lines.length) })
    next += lines.length
    lines = []
  }
  for (const event of generate({ events, eventsPerSecond: 500, start: Date.UTC(2024, 10, 24, 23, 56) })) {
    if (event.topic === "bids" && lines.push(JSON.stringify(event.row)) === batchSize) flush()
  }
  flush()
  return all
}

/** What a loop does with one bid, and what is left of it at the end. */
interface Loop {
  readonly take: (bid: Bid, out: Array<object>) => void
  readonly close?: (out: Array<object>) => void
}

/** The least that a program does which reads records and puts results out. */
const bare = (all: ReadonlyArray<Records>, make: () => Loop) => () => {
  const { close, take } = make()
  const decoder = new TextDecoder()
  let results = 0
  for (const { bytes, ends, length, starts } of all) {
    const out: Array<object> = []
    for (let index = 0; index < length; index++) take(JSON.parse(decoder.decode(bytes.subarray(starts[index], ends[index]))), out)
    results += out.length
  }
  const out: Array<object> = []
  close?.(out)
  return results + out.length
}

const courant = (all: ReadonlyArray<Records>, pipeline: Any) => () => {
  const job = new Job([pipeline], { partitions: 1 })
  let results = 0
  for (const records of all) {
    const { panes, rows } = job.take(records)
    results += panes.length + rows.length
  }
  return results + job.close().panes.length
}

/** Of each bid at most one row. */
const rowsOf = (fold: (bid: Bid) => object | null) => (): Loop => ({
  take: (bid, out) => {
    const row = fold(bid)
    if (row !== null) out.push(row)
  }
})

/** Windows of one length: all of one are there before the next begins. */
const windowsOf = <State extends object>(
  size: number,
  keyOf: (bid: Bid) => string | number,
  open: () => State,
  add: (state: State, bid: Bid) => void,
  resultsOf: (state: State) => ReadonlyArray<object> = (state) => [state]
) =>
(): Loop => {
  let end = -Infinity
  let states = new Map<string | number, State>()
  const close = (out: Array<object>) => {
    for (const [key, state] of states) for (const result of resultsOf(state)) out.push({ key, end, result })
    states = new Map()
  }
  return {
    take: (bid, out) => {
      if (bid.dateTime >= end) {
        close(out)
        end = (Math.floor(bid.dateTime / size) + 1) * size
      }
      const key = keyOf(bid)
      let state = states.get(key)
      if (state === undefined) states.set(key, state = open())
      add(state, bid)
    },
    close
  }
}

/** Sessions: one ends where the next bid of its key comes later than the gap. */
const sessionsOf = <State extends object>(gap: number, keyOf: (bid: Bid) => string | number, open: () => State, add: (state: State, bid: Bid) => void) =>
(): Loop => {
  const sessions = new Map<string | number, { end: number; readonly state: State }>()
  let checked = 0
  const close = (out: Array<object>, until: number) => {
    for (const [key, session] of sessions) {
      if (session.end >= until) continue
      out.push({ key, ...session })
      sessions.delete(key)
    }
  }
  return {
    take: (bid, out) => {
      if (bid.dateTime >= checked + gap) close(out, checked = bid.dateTime)
      const key = keyOf(bid)
      const session = sessions.get(key)
      if (session !== undefined && bid.dateTime <= session.end) {
        session.end = bid.dateTime + gap
        add(session.state, bid)
        return
      }
      if (session !== undefined) out.push({ key, ...session })
      const state = open()
      add(state, bid)
      sessions.set(key, { end: bid.dateTime + gap, state })
    },
    close: (out) => close(out, Infinity)
  }
}

/** The highest bids of each auction in windows of one length: no more than these are kept, and each is a result of its own. */
const firstOf = (size: number, count: number) =>
  windowsOf(size, ({ auction }) => auction, (): { readonly first: Array<Bid> } => ({ first: [] }), ({ first }, bid) => {
    const at = first.findIndex(({ price }) => price < bid.price)
    if (at !== -1) first.splice(at, 0, bid)
    else if (first.length < count) first.push(bid)
    if (first.length > count) first.pop()
  }, ({ first }) => first)

const day = 24 * 60 * 60 * 1_000
const rankOf = ({ price }: Bid) => price < 10_000 ? 0 : price < 1_000_000 ? 1 : 2

const statistics = () => ({
  latest: 0,
  counts: [0, 0, 0],
  bidders: [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()],
  auctions: [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()]
})

const addTo = (state: ReturnType<typeof statistics>, bid: Bid) => {
  const rank = rankOf(bid)
  state.latest = Math.max(state.latest, bid.dateTime)
  state.counts[rank]!++
  for (const among of [rank, 3]) {
    state.bidders[among]!.add(bid.bidder)
    state.auctions[among]!.add(bid.auction)
  }
}

const ofPanes = {
  q7: windowsOf(10_000, () => "", () => ({ price: -1, auction: 0, bidder: 0, dateTime: 0 }), (state, { auction, bidder, dateTime, price }) => {
    if (price > state.price) Object.assign(state, { price, auction, bidder, dateTime })
  }),
  q11: sessionsOf(10_000, ({ bidder }) => bidder, () => ({ bids: 0 }), (state) => state.bids++),
  q15: windowsOf(day, () => "", statistics, addTo),
  q16: windowsOf(day, ({ channel }) => channel, statistics, addTo),
  q17: windowsOf(day, ({ auction }) => auction, () => ({ counts: [0, 0, 0], lowest: Infinity, highest: 0, total: 0 }), (state, bid) => {
    state.counts[rankOf(bid)]!++
    state.lowest = Math.min(state.lowest, bid.price)
    state.highest = Math.max(state.highest, bid.price)
    state.total += bid.price
  }),
  q18: sessionsOf(60_000, ({ auction, bidder }) => `${bidder} ${auction}`, () => ({}), (state, { channel, dateTime, price, url }) => {
    Object.assign(state, { channel, dateTime, price, url })
  }),
  q19: firstOf(600_000, 10)
}

const queries = ["q0", "q1", "q2", "q7", "q11", "q14", "q15", "q16", "q17", "q18", "q19", "q21", "q22"]

export const alone = Benchmark.make({
  name: "Nexmark",
  rows: Benchmark.rowsOf(queries, (query) => ({
    speed: { name: `Nexmark ${query}: speed against a bare loop`, unit: "x", goal: { atLeast: 0.5 } },
    rate: { name: `Nexmark ${query}`, unit: "k bids/s" }
  })),
  run: async () => {
    const all = await topic()
    const bids = all.reduce((total, { length }) => total + length, 0)
    const measured: { [row: string]: ReadonlyArray<number> } = {}
    for (const query of queries) {
      const { fold, pipeline } = await import(`../examples/nexmark/${query}.ts`)
      const loop: () => Loop = query in ofPanes ? ofPanes[query as keyof typeof ofPanes] : rowsOf(fold)
      const contenders = { courant: courant(all, pipeline), loop: bare(all, loop) }
      const [given, expected] = [contenders.courant(), contenders.loop()]
      if (given !== expected) throw new Error(`${query} gives ${given} results, and the loop ${expected}`)
      const { engine, loops } = await inTurn({ rounds, warmUp: 1 }, {
        engine: () => cpuOf(contenders.courant),
        loops: () => cpuOf(contenders.loop)
      })
      measured[`${query} speed`] = ratios(loops, engine)
      measured[`${query} rate`] = engine.map((micros) => bids * 1_000 / micros)
    }
    return measured
  }
})
