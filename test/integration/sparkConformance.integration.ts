/**
 * The rules' cases on a real Spark, all at once and as a query that closes windows by its watermark. Spark knows of no
 * decisions and measures lateness between its batches, so that cases in which either plays a part are not its own.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { compileAny } from "../../src/adapters/spark/compile/Compile.ts"
import type * as Pane from "../../src/streams/pipeline/Pane.ts"
import { withBounds } from "../../src/streams/pipeline/Pipeline.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"
import * as Conformance from "../../src/testing/Conformance.ts"
import { SparkStack } from "./sparkHarness.ts"
import * as Runs from "./sparkRuns.ts"

type Case = Conformance.Case.Case

/** Whether it comes to the same if nothing is ever too late for a window. */
const isTimeless = (subject: Case): boolean => {
  const pipeline = withBounds(Conformance.pipelineOf(subject), { outOfOrderness: 1e15 })
  const folded = Conformance.foldRun({ case: subject, pipeline, rows: Conformance.placed(subject) })
  try {
    Conformance.compare(subject, folded)
    return true
  } catch {
    return false
  }
}

/** Spark adds doubles one after the other, in an order of its own. */
const rounds = ["doubles-in-any-order", "sliding-sums-of-doubles-that-round"]

const own = Conformance.cases.filter((subject) =>
  !rounds.includes(subject.name) && !subject.rows.some(({ kind }) => kind === "idle") && isTimeless(subject))

/** What Spark refuses of a case, by name; `null` where it takes it. */
const refusalOf = (subject: Case): string | null => {
  const compiled = Effect.runSync(Effect.result(compileAny(Conformance.pipelineOf(subject))))
  return Result.isFailure(compiled) ? compiled.failure.what : null
}

const taken = own.filter((subject) => refusalOf(subject) === null)

const encoder = new TextEncoder()

const written = (row: Conformance.Case.Row): Runs.Written => (
  { partition: row.partition, kind: Conformance.kindOf(row), bytes: encoder.encode(Conformance.textOf(row)) }
)

/** The case's first row that is taken, far behind all others: with it the watermark passes the end of every window but its own. */
const sentinelOf = ({ expected, pipeline, rows, source }: Case): Conformance.Case.Row => {
  const first = rows.find((_, index) => !(expected.refused ?? []).some(({ offset }) => offset === index))
  if (first === undefined || !("value" in first)) throw new Error("the case has no event")
  const { eventTime, fields } = first.kind === "event" ? source : pipeline.preAggregated!.source
  const field = fields.find(({ name }) => name === eventTime.field)
  const far = field?.kind === "decimal" ? field.limit : eventTime.unit === "seconds" ? 100_000_000_000 : 100_000_000_000_000
  // Every event of a case is an object.
  return { ...first, partition: 0, value: { ...first.value as object, [eventTime.field]: far } }
}

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "5 minutes", excludeTestServices: true })(
  "the rules, case by case: Spark",
  (it) => {
    for (const subject of taken) {
      it.effect(`${subject.name}: ${subject.why}`, () => check(subject), { timeout: 120_000 })
    }

    it("refuses the others by name", () => {
      const found = Conformance.cases.flatMap((subject) => {
        const what = refusalOf(subject)
        return what === null ? [] : [{ what, name: subject.name }]
      })
      const byWhat = Map.groupBy(found, ({ what }) => what)
      assert.deepStrictEqual(Object.fromEntries([...byWhat].map(([what, all]) => [what, all.map(({ name }) => name)])), refused)
    })
  }
)

const refused = {
  "cumulative windows": ["cumulative", "cumulative-before-the-epoch", "late-for-some-cumulative-windows"],
  "calendar windows": ["day-of-23-hours", "day-of-25-hours", "week-from-monday", "month-with-a-leap-day", "month-before-the-epoch"],
  "the event time \"at\" (iso8601)": ["times-of-rfc-3339", "times-without-a-zone-are-refused"],
  "the result \"change\" (Pipeline.percentChange)": [
    "change-against-the-window-before",
    "change-has-four-decimals",
    "change-is-rounded-half-up",
    "change-below-zero-is-rounded-half-up",
    "change-over-a-window-without-a-value",
    "change-over-windows-that-do-not-exist",
    "change-from-zero",
    "change-from-below-zero",
    "changes-of-keys",
    "change-within-14-days",
    "no-change-beyond-14-days",
    "change-after-a-revision-of-the-window-before",
    "change-after-a-window-in-between",
    "change-never-against-a-retracted-session"
  ]
}

const check = Effect.fnUntraced(function*(subject: Case) {
  const pipeline = Conformance.pipelineOf(subject)
  const preAggregated = Checked.inputOf(pipeline.checked).preAggregated?.definition
  const topic = yield* Runs.over([pipeline], {
    partitions: subject.partitions,
    ...(preAggregated === undefined ? {} : { preAggregated })
  })
  yield* topic.append(subject.rows.map(written))
  yield* topic.compute
  yield* topic.append([written(sentinelOf(subject))])
  yield* topic.batch
  for (const panes of [yield* topic.panes("all"), yield* topic.panes("batches")]) {
    Conformance.compare(subject, { panes: panes.map(resultOf) })
  }
})

const resultOf = ({ end, key, start, values }: Pane.Encoded): Conformance.Case.Result => ({ key, start, end, values })
