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
import { carriedAtOnce } from "./sparkCarried.ts"
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

/** Decisions are none of Spark's. */
const written = (row: Conformance.Case.Row): ReadonlyArray<Runs.Written> =>
  Conformance.isWritten(row)
    ? [{ partition: row.partition, kind: Conformance.kindOf(row), bytes: encoder.encode(Conformance.textOf(row)) }]
    : []

/** The case's first row that is taken, far behind all others: with it the watermark passes the end of every window but its own. */
const sentinelOf = (subject: Case): Conformance.Case.Row => {
  const { row, source: { eventTime } } = firstOf(subject)
  // Every event of a case is an object.
  return { ...row, partition: 0, value: { ...row.value as object, [eventTime.field]: farOf(subject) } }
}

const firstOf = ({ expected, pipeline, rows, source }: Case) => {
  const row = rows.find((_, index) => !(expected.refused ?? []).some(({ offset }) => offset === index))
  if (row === undefined || !("value" in row)) throw new Error("the case has no event")
  return { row, source: row.kind === "event" ? source : pipeline.preAggregated!.source }
}

/** In the unit of the source. */
const farOf = (subject: Case): number => {
  const { eventTime, fields } = firstOf(subject).source
  const field = fields.find(({ name }) => name === eventTime.field)
  return field?.kind === "decimal" ? field.limit : eventTime.unit === "seconds" ? 100_000_000_000 : 100_000_000_000_000
}

/**
 * So many cases make one query, which starts in seconds whatever there is to compute. It has one watermark, the lowest
 * of its inputs, so that cases go together whose last rows are equally far.
 */
const most = 12

const groups = [...Map.groupBy(taken, (subject) => farOf(subject) * (firstOf(subject).source.eventTime.unit === "seconds" ? 1_000 : 1)).values()]
  .flatMap((equal) => Array.from({ length: Math.ceil(equal.length / most) }, (_, i) => equal.slice(i * most, (i + 1) * most)))

const stack = SparkStack.layer({ properties: { "spark.sql.shuffle.partitions": "1" } })

layer(Runs.session.pipe(Layer.provideMerge(stack)), { timeout: "10 minutes", excludeTestServices: true })(
  "the rules, case by case: Spark",
  (it) => {
    for (const group of groups) {
      const computed = Effect.runSync(Effect.cached(compute(group)))
      for (const subject of group) {
        it.effect(`${subject.name}: ${subject.why}`, () => Effect.flatMap(computed, (computed) => check(subject, computed)))
      }
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
  "the result \"variance\" (Aggregate.variance)": ["variance-of-doubles-that-are-close"],
  "the result \"median\" (Aggregate.quantile)": ["quantiles-by-rank-and-bucket"],
  "Events.distinct": ["distinct-counts-from-the-row-that-was-kept", "distinct-goes-by-event-time", "distinct-is-late-by-its-own-partition"],
  "Panes.fill behind an allowed lateness": ["a-late-row-in-a-window-without-events"],
  "Join.asOf": ["as-of-takes-a-row-of-the-same-time", "as-of-no-older-than-within", "as-of-whatever-partition-is-read-first"],
  "Join.interval": ["interval-has-both-ends-and-the-later-time", "interval-left-rows-without-a-partner"]
}

/** The panes of some cases, by both ways of computing them. */
const compute = Effect.fnUntraced(function*(group: ReadonlyArray<Case>) {
  const { batch, compute, panes, topics } = yield* Runs.together(group.map((subject) => {
    const pipeline = Conformance.pipelineOf(subject)
    const preAggregated = Checked.inputOf(pipeline.checked).preAggregated?.definition
    const options = { partitions: subject.partitions, ...(preAggregated === undefined ? {} : { preAggregated }) }
    return { pipelines: [pipeline], options }
  }))
  const append = (rowsOf: (subject: Case) => ReadonlyArray<Conformance.Case.Row>) =>
    Effect.forEach(group, (subject, i) => topics[i]!.append(rowsOf(subject).flatMap(written)), { discard: true })
  yield* append(({ rows }) => rows)
  yield* compute
  yield* append((subject) => [sentinelOf(subject)])
  yield* batch
  return [yield* panes("all"), yield* panes("batches")]
}, Effect.scoped)

const check = (subject: Case, computed: ReadonlyArray<ReadonlyArray<Pane.Encoded>>) =>
  Effect.sync(() => {
    for (const panes of computed) {
      const own = carriedAtOnce(Conformance.pipelineOf(subject), panes)
      Conformance.compare(subject, { panes: own.map(resultOf) })
    }
  })

const resultOf = ({ end, key, start, values }: Pane.Encoded): Conformance.Case.Result => ({ key, start, end, values })
