/**
 * Spark's panes are those of the engine in process and of the batch fold, exactly, for random portable pipelines over
 * random logs. `COURANT_RUNS=10 npm run test:differential` draws ten times as many; `COURANT_SEED`, which a failure
 * names, draws the same ones again.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { Kind } from "../../src/streams/records/Records.ts"
import { PreAggregatedSchema } from "../../src/testing/Arbitraries.ts"
import { batches, type Data, foldedPanes, isData, makeJob, newest, run, textOf } from "../../src/testing/Harness.ts"
import * as Source from "../../src/streams/pipeline/Source.ts"
import { fromProgress } from "../../src/adapters/spark/live/Batches.ts"
import { times } from "./effort.ts"
import { carried, carriedAtOnce } from "./sparkCarried.ts"
import { type Case, cases } from "./sparkCases.ts"
import { SparkStack } from "./sparkHarness.ts"
import * as Runs from "./sparkRuns.ts"

/** Others each time; in CI the same, so that a change is judged by itself alone. */
const seed = Number(process.env["COURANT_SEED"] ?? (process.env["CI"] === undefined ? Date.now() % 1_000_000 : 1_124))
/** So many share a log, and a query. */
const together = 20
/** A usual run has no time for all of them. */
const most = times === 1 ? 12 : together

const drawn = fc.sample(cases(together), { seed, numRuns: Math.ceil(times) }).map((drawn) => ({ ...drawn, pipelines: drawn.pipelines.slice(0, most) }))

const preAggregated = Source.make("bars", { schema: PreAggregatedSchema, key: "key", eventTime: "time" }).definition

const encoder = new TextEncoder()

const written = (entry: Data): Runs.Written => ({ ...entry, bytes: encoder.encode(textOf(entry)) })

/** Far behind all others: with it the watermark passes the end of every window but its own. */
const sentinel: Data = {
  partition: 0,
  kind: Kind.event,
  value: { key: "~", time: 100_000_000_000_000, price: "1", size: 2 }
}

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "20 minutes", excludeTestServices: true })(
  // Whatever fails, the name says what repeats it.
  `${drawn.length * most} random portable pipelines on Spark, COURANT_SEED=${seed}`,
  (it) => {
    drawn.forEach((drawn, index) => {
      it.effect(`${most} give what the engine in process and the batch fold give (${index + 1})`, () => check(drawn), 1_200_000)
    })
  }
)

const check = Effect.fnUntraced(function*({ log, pauses, pipelines }: Case) {
  const topic = yield* Runs.over(pipelines, { partitions: log.partitions, preAggregated })
  const cuts = [...pauses, log.entries.length]
  const inBatches = pipelines.map(carried)
  const batch = Effect.gen(function*() {
    const watermark = (yield* topic.batch).reduce((last, progress) => Math.max(last, fromProgress("", progress).watermark ?? -Infinity), -Infinity)
    const written = yield* topic.panes("batches")
    for (const each of inBatches) each.take(written, watermark)
  })
  yield* Effect.forEach(cuts, Effect.fnUntraced(function*(to, index) {
    yield* topic.append(log.entries.slice(cuts[index - 1] ?? 0, to).filter(isData).map(written))
    if (to < log.entries.length) return yield* batch
    yield* topic.compute
    yield* topic.append([written(sentinel)])
    return yield* batch
  }))
  const atOnce = yield* topic.panes("all")
  for (const [index, pipeline] of pipelines.entries()) {
    const [folded, foldedAtOnce] = [log.partitions, 0].map((partitions) => texts(foldedPanes(pipeline, log, partitions).map(Pane.encode)))
    const found = {
      "in process": [texts(newest(run(makeJob([pipeline], log.partitions), batches(log, [7]))).map(Pane.encode)), folded],
      "Spark, all at once": [texts(carriedAtOnce(pipeline, atOnce)), foldedAtOnce],
      // What closes all windows in the end is far behind them, and whatever lies between would be filled.
      ...fills(pipeline) ? {} : { "Spark, batch by batch": [texts(inBatches[index]!.panes), folded] }
    }
    for (const [engine, [panes, expected]] of Object.entries(found)) {
      assert.deepStrictEqual(panes, expected, `${engine}, of COURANT_SEED=${seed}: ${described(pipeline)}`)
    }
  }
})

const fills = ({ checked }: AnyPipeline): boolean => checked.nodes.some(({ _tag }) => _tag === "fill")

/** In one order, by their windows: no two panes of a pipeline are of one window. One that was taken back is none. */
const texts = (panes: ReadonlyArray<Pane.Encoded>): ReadonlyArray<string> =>
  panes.filter(({ pane }) => pane !== "retracted").map(({ end, key, start, values }) => JSON.stringify([key, start, end, values])).sort()

const described = ({ name, plan }: AnyPipeline): string => JSON.stringify({ name, plan })
