/**
 * `npm run bench:influxdb [-- --json FILE]`: how fast panes become points in a real InfluxDB on this machine, against a
 * bare loop that posts lines of the same kind, ready made, over as many connections; in one run and one process, taking
 * turns.
 */
import { BigDecimal, Effect, Layer, Redacted } from "effect"
import { writeFileSync } from "node:fs"
import * as Http from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Influxdb } from "../services/testing.ts"
import { Connection } from "../src/adapters/influxdb/Connection.ts"
import * as InfluxdbResultSink from "../src/adapters/influxdb/InfluxdbResultSink.ts"
import * as Point from "../src/adapters/influxdb/Point.ts"
import { DeadLetters } from "../src/streams/ports/DeadLetters.ts"
import type { Pane } from "../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../src/streams/ports/ResultSink.ts"
import { type Figure, machine, medianOf, print, ratio, stopwatch, type Took } from "./Measure.ts"

const perRound = 50_000
const rounds = 21
const streamed = 500_000

/** As the sink has them unless told. */
const perRequest = 5_000
const connections = 4

/** Of what the engine gives at once, one after the other: as in live work. */
const perSmallWrite = 500
/** Of what is made on the fly, for the memory. */
const perStreamedWrite = 20_000

const symbols = 500
const minute = 60_000
const begin = Date.UTC(2024, 0, 1)

/** A number of a price that is nowhere round. */
const priceAt = (i: number): number => 11_500_000_000 + (i * 7_919) % 100_000_000

const decimal = (unscaled: number, scale: number) => BigDecimal.make(BigInt(unscaled), scale)

/** Candles of a minute, all symbols in each, in the order in which the engine emits them: another point each number. */
const paneAt = (i: number): Pane => {
  const start = begin + Math.floor(i / symbols) * minute
  const price = priceAt(i)
  return {
    pipeline: "candles-1m",
    key: `SYM${100 + i % symbols}`,
    start,
    end: start + minute,
    pane: "on-time",
    revision: 0,
    changes: 1 + i % 977,
    values: {
      open: decimal(price, 8),
      high: decimal(price + 5_000_000, 8),
      low: decimal(price - 3_000_000, 8),
      close: decimal(price + 1_000_000, 8),
      mean: decimal(price * 10_000 + 3_333, 12),
      volume: 1_000 + i % 977,
      vwap: decimal(price * 10_000 + 7_777, 12),
      trades: i % 100
    }
  }
}

const panesFrom = (first: number, count: number): ReadonlyArray<Pane> =>
  Array.from({ length: count }, (_, i) => paneAt(first + i))

const chunksOf = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

/** Posts lines, so many requests at a time as the agent has connections, and looks at nothing but the status. */
const post = async (target: URL, token: string, agent: Http.Agent, batches: ReadonlyArray<ReadonlyArray<string>>) => {
  const headers = { authorization: `Token ${token}`, "content-type": "text/plain; charset=utf-8" }
  const one = (body: string) =>
    new Promise<void>((resolve, reject) => {
      Http.request(target, { method: "POST", agent, headers }, (response) => {
        const { statusCode } = response.resume()
        response.on("end", () => statusCode === 204 ? resolve() : reject(new Error(`it answered ${statusCode}`)))
      }).on("error", reject).end(body)
    })
  let next = 0
  const worker = async () => {
    while (next < batches.length) await one(batches[next++]!.join("\n"))
  }
  await Promise.all(Array.from({ length: agent.maxSockets }, worker))
}

type Name = "sink" | "bare" | "smallWrites" | "smallRequests"

/** Gets ready what it needs, and gives what is timed. */
type Contender = (panes: ReadonlyArray<Pane>) => Effect.Effect<void, unknown>

type Contenders = { readonly [N in Name]: Contender }

const contenders = Effect.gen(function*() {
  const { access } = yield* Influxdb
  const sink = yield* ResultSink
  const query = new URLSearchParams({ org: access.org, bucket: access.bucket, precision: "ms" })
  const target = new URL(`${access.url}/api/v2/write?${query.toString()}`)
  const bare = (size: number, maxSockets: number): Contender => {
    const agent = new Http.Agent({ keepAlive: true, maxSockets })
    return (panes) => {
      const batches = chunksOf(panes.map(Point.encoder()).map(({ line }) => line), size)
      return Effect.tryPromise(() => post(target, access.token, agent, batches))
    }
  }
  const writing = (size: number): Contender => (panes) => {
    const chunks = chunksOf(panes, size)
    return Effect.forEach(chunks, sink.write, { discard: true })
  }
  const all: Contenders = {
    sink: writing(perRound),
    bare: bare(perRequest, connections),
    smallWrites: writing(perSmallWrite),
    smallRequests: bare(perSmallWrite, 1)
  }
  return all
})

type Times = { readonly [N in Name]: Array<Took> }

/** Every round writes other points, and begins with another contender; the first round is for warming up. */
const takeTurns = Effect.gen(function*() {
  const all = yield* contenders
  const times: Times = { sink: [], bare: [], smallWrites: [], smallRequests: [] }
  const names = Object.keys(times) as Array<Name> // of `Times`
  let first = streamed
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length]!
      const write = all[name](panesFrom(first, perRound))
      first += perRound
      // What getting ready has left behind is nobody's cost.
      collectGarbage()
      const stop = stopwatch()
      yield* write
      const took = stop()
      if (round > 0) times[name].push(took)
    }
  }
  return times
})

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** The most that this process holds while panes are made, used and forgotten, in MiB. */
const highWater = Effect.fnUntraced(function*<E, R>(use: (panes: ReadonlyArray<Pane>) => Effect.Effect<void, E, R>) {
  let highest = 0
  const watching = setInterval(() => highest = Math.max(highest, process.memoryUsage.rss()), 10)
  for (let first = 0; first < streamed; first += perStreamedWrite) yield* use(panesFrom(first, perStreamedWrite))
  clearInterval(watching)
  return highest / 2 ** 20
})

/** Making the panes takes memory too, so that is measured first. */
const memory = Effect.gen(function*() {
  const sink = yield* ResultSink
  const made = yield* highWater(() => Effect.sleep("10 millis"))
  const written = yield* highWater(sink.write)
  const panes = `${streamed.toLocaleString("en-US")} panes`
  return [
    { name: `RSS, high-water: ${panes} made and written`, value: written, unit: "MiB" },
    { name: "RSS, high-water: only made", value: made, unit: "MiB" }
  ]
})

const millis = (all: ReadonlyArray<Took>) => all.map(({ millis }) => millis)

const figuresOf = ({ bare, sink, smallRequests, smallWrites }: Times): ReadonlyArray<Figure> => {
  const rate = (name: string, all: ReadonlyArray<Took>): ReadonlyArray<Figure> => [
    { name, value: medianOf(millis(all).map((each) => perRound / each * 1_000)), unit: "points/s" },
    { name: `${name}, CPU`, value: medianOf(all.map(({ cpu }) => cpu / perRound)), unit: "µs/point" }
  ]
  return [
    {
      name: "speed of the sink against the bare loop",
      value: ratio(millis(bare), millis(sink)),
      unit: "x",
      goal: { atLeast: 0.9 }
    },
    ...rate(`sink, ${perRound.toLocaleString("en-US")} panes a write`, sink),
    ...rate(`bare loop, ${perRequest.toLocaleString("en-US")} lines a request, ${connections} connections`, bare),
    {
      name: "the same with small writes, one after the other",
      value: ratio(millis(smallRequests), millis(smallWrites)),
      unit: "x"
    },
    ...rate(`sink, ${perSmallWrite} panes a write`, smallWrites),
    ...rate(`bare loop, ${perSmallWrite} lines a request, 1 connection`, smallRequests)
  ]
}

const bench = Effect.gen(function*() {
  const { access } = yield* Influxdb
  const connection = Connection.layer({ ...access, token: Redacted.make(access.token) })
  const sink = InfluxdbResultSink.layer({ batchLines: perRequest, inFlight: connections }).pipe(
    Layer.provide([connection, DeadLetters.layerMemory])
  )
  return yield* Effect.gen(function*() {
    const held = yield* memory
    return [...figuresOf(yield* takeTurns), ...held]
  }).pipe(Effect.provide(sink, { local: true }))
})

const about = machine()
console.log(`${about.cpu}, ${about.memoryGiB} GiB, Node.js ${about.node}, ${about.date}; the server on the same machine\n`)
const figures = await Effect.runPromise(bench.pipe(Effect.provide(Influxdb.layer()), Effect.scoped))
print(figures)
const at = process.argv.indexOf("--json")
const file = at === -1 ? undefined : process.argv[at + 1]
if (file !== undefined) writeFileSync(file, `${JSON.stringify({ machine: about, figures }, null, 2)}\n`)
// Connections that are kept would keep the process.
process.exit()
