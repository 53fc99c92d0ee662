/** The examples that Spark can compute, on a real one, with what follows on their windows: the same panes as in process, digit by digit. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as cancels from "../../examples/market/cancels.ts"
import * as halts from "../../examples/market/halts.ts"
import * as macd from "../../examples/market/macd.ts"
import * as orderImbalance from "../../examples/market/orderImbalance.ts"
import * as rsi from "../../examples/market/rsi.ts"
import * as sectors from "../../examples/market/sectors.ts"
import * as topMovers from "../../examples/market/topMovers.ts"
import * as volatility from "../../examples/market/volatility.ts"
import { generate } from "../../examples/nexmark/generator.ts"
import * as q7 from "../../examples/nexmark/q7.ts"
import * as q11 from "../../examples/nexmark/q11.ts"
import * as q18 from "../../examples/nexmark/q18.ts"
import { Job } from "../../src/streams/engine/Job.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { records } from "../../src/testing/Harness.ts"
import { randomFrom } from "../random.ts"
import { begin } from "./market.ts"
import { carriedAtOnce } from "./sparkCarried.ts"
import { SparkStack } from "./sparkHarness.ts"
import * as Runs from "./sparkRuns.ts"

const random = randomFrom(7)
const upTo = (most: number): number => Math.floor(random() * most)

/** So many of a kind, every 250 ms and some seconds later or earlier. */
const made = (count: number, of: () => object): ReadonlyArray<object> =>
  Array.from({ length: count }, (_, index) => ({ time: begin + index * 250 + upTo(4_000), ...of() }))

const symbols = ["AIG", "AAPL", "IBM", "XOM"]
const symbol = () => symbols[upTo(symbols.length)]
const price = () => (100 + upTo(1_000) / 100).toFixed(2)

const bids = [...generate({ events: 6_000, eventsPerSecond: 20, start: Date.UTC(2024, 10, 24, 23, 56) })]
  .flatMap((event) => event.topic === "bids" ? [event.row] : [])

const topics: ReadonlyArray<{ readonly pipelines: ReadonlyArray<AnyPipeline>; readonly rows: ReadonlyArray<object> }> = [
  { pipelines: [q7, q11, q18].map(({ pipeline }) => pipeline), rows: bids },
  {
    pipelines: [halts, sectors, volatility, macd, rsi, topMovers].map(({ pipeline }) => pipeline),
    rows: made(3_000, () => ({ symbol: symbol(), price: price(), size: 1 + upTo(1_000) }))
  },
  { pipelines: [orderImbalance.pipeline], rows: made(2_000, () => ({ symbol: symbol(), bid: price(), ask: price(), bidSize: 1 + upTo(900), askSize: upTo(900) })) },
  {
    pipelines: [cancels.pipeline],
    rows: made(2_000, () => ({ symbol: symbol(), price: price(), size: 1 + upTo(500), kind: upTo(10) === 0 ? "cancel" : "trade" }))
  }
]

const inProcess = ({ pipelines, rows }: typeof topics[number]) => {
  const job = new Job(pipelines, { partitions: 1 })
  const { panes, unused } = job.take(records(0, 0, rows.map((row) => JSON.stringify(row))))
  assert.deepStrictEqual(unused, [])
  return [...panes, ...job.close().panes].map(Pane.encode)
}

const texts = (panes: ReadonlyArray<Pane.Encoded>) =>
  panes.map(({ end, key, pipeline, start, values }) => JSON.stringify([pipeline, key, start, end, values])).sort()

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "10 minutes", excludeTestServices: true })(
  "examples on Spark",
  (it) => {
    it.effect("are what they are in process: Nexmark's queries, and the market's jobs", () =>
      Effect.gen(function*() {
        const run = yield* Runs.together(topics)
        yield* Effect.forEach(topics, ({ rows }, index) => run.topics[index]!.append(rows.map((row) => Runs.event(JSON.stringify(row)))), { discard: true })
        yield* run.compute
        const found = yield* run.panes("all")
        const expected = topics.flatMap(inProcess)
        for (const pipeline of topics.flatMap(({ pipelines }) => pipelines)) {
          const own = texts(expected.filter((pane) => pane.pipeline === pipeline.name))
          assert.isAbove(own.length, 1, pipeline.name)
          assert.deepStrictEqual(texts(carriedAtOnce(pipeline, found)), own, pipeline.name)
        }
      }))
  }
)
