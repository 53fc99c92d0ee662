/**
 * Nexmark's queries that hold rows, or read several topics, beside bare loops that hold and order rows, too: a loop keeps what
 * it has read until every topic has come so far, and takes it in the order of event time.
 */
import { Job } from "../src/streams/engine/Job.ts"
import type { Any } from "../src/streams/pipeline/Pipeline.ts"
import { fromTexts, type Records } from "../src/streams/records/Records.ts"
import * as Benchmark from "./Benchmark.ts"
import { cpuOf, inTurn, ratios } from "./Measure.ts"
import type { Auction, Bid, Person } from "../examples/nexmark/model.ts"

const events = 100_000
const batchSize = 4_096
const rounds = 5
const outOfOrderness = 4_000

type Topic = "persons" | "auctions" | "bids"
type Topics = { readonly [T in Topic]: ReadonlyArray<string> }

const topics = async (): Promise<Topics> => {
  const { generate } = await import("../examples/nexmark/generator.ts")
  const all: { [T in Topic]: Array<string> } = { persons: [], auctions: [], bids: [] }
  for (const { row, topic } of generate({ events, eventsPerSecond: 500, start: Date.UTC(2024, 10, 24, 23, 56) })) all[topic].push(JSON.stringify(row))
  return all
}

/** Pieces of each topic in turn, as far in event time as those of the others; partition and topic have the same number. */
const read = (all: Topics, names: ReadonlyArray<Topic>): ReadonlyArray<Records> => {
  const pieces = Math.ceil(Math.max(...names.map((name) => all[name].length)) / batchSize)
  return Array.from({ length: pieces }, (_, piece) =>
    names.map((name, partition): Records => {
      const [from, to] = [piece, piece + 1].map((at) => Math.ceil(all[name].length * at / pieces)) as [number, number] // Of two, two.
      const lines = all[name].slice(from, to)
      return { ...fromTexts(lines), partition, offsets: Float64Array.from(lines, (_, index) => from + index), appendedAt: new Float64Array(lines.length) }
    })).flat()
}

const courant = (all: ReadonlyArray<Records>, names: ReadonlyArray<Topic>, pipeline: Any) => () => {
  const job = new Job([pipeline], { sources: names.map((name) => ({ name, partitions: 1 })) })
  const outputs = all.map((records) => job.take(records))
  return [...outputs, job.close()].reduce((results, { panes, rows }) => results + panes.length + rows.length, 0)
}

/** Rows in the order of event time, those of one topic before those of the next; and event time itself as it passes. */
interface Loop {
  readonly take: (topic: number, row: never, out: Array<object>) => void
  readonly advance?: (watermark: number, out: Array<object>) => void
}

interface Held {
  readonly topic: number
  readonly row: { readonly dateTime: number }
}

const bare = (all: ReadonlyArray<Records>, names: ReadonlyArray<Topic>, make: () => Loop) => () => {
  const { advance, take } = make()
  const decoder = new TextDecoder()
  const newest = names.map(() => -Infinity)
  let held: Array<Held> = []
  let results = 0
  const release = (watermark: number) => {
    held.sort((a, b) => a.row.dateTime - b.row.dateTime || a.topic - b.topic)
    const out: Array<object> = []
    let next = 0
    for (; next < held.length && held[next]!.row.dateTime < watermark; next++) {
      const { row, topic } = held[next]!
      advance?.(row.dateTime, out)
      take(topic, row as never, out) // A loop knows of what each topic is.
    }
    held = held.slice(next)
    if (watermark === Infinity) advance?.(watermark, out)
    results += out.length
  }
  for (const { bytes, ends, length, partition, starts } of all) {
    for (let index = 0; index < length; index++) {
      const row = JSON.parse(decoder.decode(bytes.subarray(starts[index], ends[index])))
      newest[partition] = Math.max(newest[partition]!, row.dateTime)
      held.push({ topic: partition, row })
    }
    release(Math.min(...newest) - outOfOrderness)
  }
  release(Infinity)
  return results
}

/** Rows of one topic by a key for a time, in the order of which they are forgotten. */
class Recent<Row extends { readonly dateTime: number }> {
  readonly #rows = new Map<number, Row>()
  readonly #length: number

  constructor(length: number) {
    this.#length = length
  }

  add(key: number, row: Row): void {
    this.#rows.set(key, row)
  }

  find(key: number, at: number): Row | undefined {
    for (const [first, { dateTime }] of this.#rows) {
      if (dateTime >= at - this.#length) break
      this.#rows.delete(first)
    }
    return this.#rows.get(key)
  }
}

const tenMinutes = 600_000
const halfAnHour = 1_800_000
const day = 86_400_000

/** Query 3. */
const localItems = (): Loop => {
  const near = new Recent<Person>(tenMinutes)
  return {
    take: (topic: number, row: Person | Auction, out) => {
      if (topic === 0) {
        const person = row as Person // The topic's.
        if (["OR", "ID", "CA"].includes(person.state)) near.add(person.id, person)
        return
      }
      const auction = row as Auction // The topic's.
      if (auction.category !== 10) return
      const person = near.find(auction.seller, auction.dateTime)
      if (person !== undefined) out.push({ ...auction, name: person.name, city: person.city, state: person.state })
    }
  }
}

/** Query 5. */
const hotItems = (): Loop => {
  const windows = new Map<number, Map<number, number>>()
  const close = (watermark: number, out: Array<object>) => {
    for (const [start, counts] of windows) {
      if (start + 10_000 > watermark) break
      let most: { readonly auction: number; readonly bids: number } | null = null
      for (const [auction, bids] of counts) if (most === null || bids > most.bids || (bids === most.bids && String(auction) < String(most.auction))) most = { auction, bids }
      out.push({ start, ...most })
      windows.delete(start)
    }
  }
  return {
    advance: close,
    take: (_: number, { auction, dateTime }: Bid) => {
      const last = Math.floor(dateTime / 2_000) * 2_000
      for (let start = last - 8_000; start <= last; start += 2_000) {
        let counts = windows.get(start)
        if (counts === undefined) windows.set(start, counts = new Map())
        counts.set(auction, (counts.get(auction) ?? 0) + 1)
      }
    }
  }
}

/** Query 8. */
const newUsers = (): Loop => {
  let end = -Infinity
  let [came, sold] = [new Array<Person>(), new Set<number>()]
  const close = (watermark: number, out: Array<object>) => {
    if (watermark < end) return
    for (const person of came) if (sold.has(person.id)) out.push(person)
    ;[came, sold] = [[], new Set()]
    end = (Math.floor(watermark / 10_000) + 1) * 10_000
  }
  return {
    advance: close,
    take: (topic: number, row: Person | Auction) => {
      if (topic === 0) came.push(row as Person) // The topic's.
      else sold.add((row as Auction).seller)
    }
  }
}

interface Sale {
  readonly auction: Auction
  best: Bid | null
  end: number
}

/** Query 9; what is sold is put out, or taken by whoever asks. */
const winningBids = (sell: (sale: Sale, out: Array<object>) => void = ({ auction, best, end }, out) => void out.push({ ...auction, ...best, end }), more?: Loop["advance"]) => (): Loop => {
  const open = new Map<number, Sale>()
  let checked = -Infinity
  return {
    advance: (watermark, out) => {
      if (watermark < checked + 60_000) return
      checked = watermark
      for (const [id, sale] of open) {
        if (sale.end > watermark) continue
        if (sale.best !== null) sell(sale, out)
        open.delete(id)
      }
      more?.(watermark, out)
    },
    take: (topic: number, row: Auction | Bid) => {
      if (topic === 0) {
        const auction = row as Auction // The topic's.
        open.set(auction.id, { auction, best: null, end: auction.dateTime + halfAnHour })
        return
      }
      const bid = row as Bid // The topic's.
      const sale = open.get(bid.auction)
      if (sale === undefined || bid.dateTime >= sale.auction.expires || bid.dateTime > sale.auction.dateTime + halfAnHour) return
      sale.end = bid.dateTime + halfAnHour
      if (sale.best === null || bid.price > sale.best.price) sale.best = bid
    }
  }
}

/** Query 4. */
const categories = (): Loop => {
  const days = new Map<string, { readonly end: number; price: number; auctions: number }>()
  return winningBids(({ auction, best, end }) => {
    const start = Math.floor((end - 1) / day) * day
    const key = `${auction.category} ${start}`
    let sums = days.get(key)
    if (sums === undefined) days.set(key, sums = { end: start + day, price: 0, auctions: 0 })
    sums.price += best!.price // What is sold has one.
    sums.auctions++
  }, (watermark, out) => {
    for (const [key, { auctions, end, price }] of days) {
      if (end > watermark) continue
      out.push({ key, price: price / auctions, auctions })
      days.delete(key)
    }
  })()
}

/** Query 6: what is left out here are averages of fewer than ten. */
const averages = (): Loop => {
  const sellers = new Map<number, Array<number>>()
  return winningBids(({ auction, best }, out) => {
    let prices = sellers.get(auction.seller)
    if (prices === undefined) sellers.set(auction.seller, prices = [])
    if (prices.push(best!.price) > 10) prices.shift() // What is sold has one.
    if (prices.length === 10) out.push({ seller: auction.seller, price: prices.reduce((sum, price) => sum + price) / 10 })
  })()
}

/** Query 20. */
const expandedBids = (): Loop => {
  const recent = new Recent<Auction>(tenMinutes)
  return {
    take: (topic: number, row: Auction | Bid, out) => {
      if (topic === 0) {
        const auction = row as Auction // The topic's.
        if (auction.category === 10) recent.add(auction.id, auction)
        return
      }
      const bid = row as Bid // The topic's.
      const auction = recent.find(bid.auction, bid.dateTime)
      if (auction === undefined) return
      const { category, dateTime: began, expires, itemName, seller } = auction
      out.push({ ...bid, itemName, seller, category, expires, began })
    }
  }
}

const queries: { readonly [query: string]: { readonly topics: ReadonlyArray<Topic>; readonly loop: () => Loop } } = {
  q3: { topics: ["persons", "auctions"], loop: localItems },
  q4: { topics: ["auctions", "bids"], loop: categories },
  q5: { topics: ["bids"], loop: hotItems },
  q6: { topics: ["auctions", "bids"], loop: averages },
  q8: { topics: ["persons", "auctions"], loop: newUsers },
  q9: { topics: ["auctions", "bids"], loop: winningBids() },
  q20: { topics: ["auctions", "bids"], loop: expandedBids }
}

export const together = Benchmark.make({
  name: "Nexmark, together",
  rows: Benchmark.rowsOf(Object.keys(queries), (query) => ({
    speed: { name: `Nexmark ${query}: speed against a bare loop that holds and orders`, unit: "x", goal: { atLeast: 0.5 } },
    rate: { name: `Nexmark ${query}`, unit: "k events/s" }
  })),
  run: async () => {
    const all = await topics()
    const measured: { [row: string]: ReadonlyArray<number> } = {}
    for (const [query, { loop, topics }] of Object.entries(queries)) {
      const { pipeline } = await import(`../examples/nexmark/${query}.ts`)
      const input = read(all, topics)
      const contenders = { courant: courant(input, topics, pipeline), loop: bare(input, topics, loop) }
      const [given, expected] = [contenders.courant(), contenders.loop()]
      if (given !== expected) throw new Error(`${query} gives ${given} results, and the loop ${expected}`)
      const { engine, loops } = await inTurn({ rounds, warmUp: 1 }, {
        engine: () => cpuOf(contenders.courant),
        loops: () => cpuOf(contenders.loop)
      })
      const rows = input.reduce((total, { length }) => total + length, 0)
      measured[`${query} speed`] = ratios(loops, engine)
      measured[`${query} rate`] = engine.map((micros) => rows * 1_000 / micros)
    }
    return measured
  }
})
