/**
 * Laws of pipelines over Effect streams: whatever the chunks that rows come in, and however slowly what comes out is read,
 * it is what the batch fold gives. Each mistake that is planted below breaks one of them.
 */
import { BigDecimal, Effect, Exit, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { conditions, cuts, heldPipelines, type Log, logs, pipelines, SampleSchema, source, stagedPipelines, unitedPipelines } from "../../src/testing/Arbitraries.ts"
import { events, foldedPanes, lines, newest, results } from "../../src/testing/Harness.ts"
import { holds, same } from "../../src/testing/Law.ts"
import * as PaneStream from "../../src/streams/engine/PaneStream.ts"
import * as SourceStreams from "../../src/streams/engine/SourceStreams.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"
import { Events, Expr, Pipeline } from "../../src/streams/pipeline/index.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import * as Row from "../../src/streams/pipeline/Row.ts"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import * as RowFold from "../../src/streams/reference/RowFold.ts"
import { Kind } from "../../src/streams/records/Records.ts"
import { planting, type Replacement } from "../planting.ts"

type Subject = Pick<typeof PaneStream, "toPanes" | "toPanesWith" | "toRows"> & Pick<typeof SourceStreams, "toPanesOf">

interface Effort {
  readonly numRuns: number
  readonly seed?: number
  readonly endOnFailure?: boolean
}

type StreamLaw = (subject: Subject, effort: Effort) => Promise<void>

type Sample = typeof SampleSchema.Type

const decode = Schema.decodeUnknownSync(SampleSchema)

/** A log without partitions, as the rows that it decodes to. A decimal of the user's may have any scale. */
const rowsOf = ({ entries }: Log): ReadonlyArray<Sample> =>
  entries.map((entry, index) => {
    const row = decode("value" in entry ? entry.value : null)
    return index % 2 === 0 ? row : { ...row, price: BigDecimal.normalize(row.price) }
  })

const flat = ({ entries }: Log): Log => ({ partitions: 1, entries: entries.map((entry) => ({ ...entry, partition: 0 })) })

/** How rows come and what comes out is read: chunks of these sizes, over and over, and a reader that lets others go on. */
interface Way {
  readonly cut: ReadonlyArray<number>
  readonly slow: boolean
  /** With a time-out, rows are waited for beside a clock. */
  readonly waits: boolean
}

const ways: fc.Arbitrary<Way> = fc.record({ cut: fc.oneof(cuts, fc.constant([1]), fc.constant([1_000])), slow: fc.boolean(), waits: fc.boolean() })

const streamOf = (rows: ReadonlyArray<Sample>, { cut }: Way): Stream.Stream<Sample> => {
  const chunks: Array<ReadonlyArray<Sample>> = []
  for (let at = 0; at < rows.length;) chunks.push(rows.slice(at, at += cut[chunks.length % cut.length] ?? 1))
  return Stream.fromArrays(...chunks)
}

const read = <A, E>(stream: Stream.Stream<A, E>, { slow }: Way): Promise<{ readonly out: ReadonlyArray<A>; readonly exit: Exit.Exit<void, E> }> => {
  const out: Array<A> = []
  const each = (one: A) => Effect.andThen(slow ? Effect.yieldNow : Effect.void, Effect.sync(() => void out.push(one)))
  return Effect.runPromise(Effect.map(Effect.exit(Stream.runForEach(stream, each)), (exit) => ({ out, exit })))
}

const optionsOf = ({ waits }: Way) => waits ? { idleTimeout: "1 hour" } as const : {}

/** Sizes are times for some, and the fold does not know that one can be too large for a time. */
const timely = logs.map((log): Log => ({
  ...log,
  entries: log.entries.map((entry) => entry.kind === Kind.event ? { ...entry, value: { ...entry.value, size: entry.value.size % 1_000_000_000_000 } } : entry)
}))

/** Pipelines of one source or two, in which the rows of both come together. */
const ofSources = fc.oneof(
  heldPipelines({ revisions: true }),
  unitedPipelines,
  stagedPipelines({ revisions: true })
)

const sourcesOf = ({ checked }: Pipeline.AnyOfPanes): ReadonlyArray<string> => [...new Set(Checked.inputsOf(checked).map(({ events }) => events.definition.name))].sort()

/** `share` is how many of the usual samples it gets. */
const law = <Sample>(samples: fc.Arbitrary<Sample>, check: (subject: Subject, sample: Sample) => Promise<void>, share = 1): StreamLaw =>
  async (subject, effort) => fc.assert(fc.asyncProperty(samples, (sample) => check(subject, sample)), { ...effort, numRuns: effort.numRuns * share })

/** No object, no key, a text in the place of a decimal that is none. */
const bad: fc.Arbitrary<Sample> = fc.constantFrom<unknown>(
  null,
  { key: null, time: 3, price: 1, size: 1 },
  { key: "A", time: 5, price: "many", size: 1 },
  { key: "A", time: Number.NaN, price: 1, size: 1 }
  // They are not what their type says, as rows of a program without types may be.
).map((row) => row as Sample)

const withBad = fc.tuple(logs, fc.array(fc.record({ at: fc.nat(60), row: bad }), { minLength: 1, maxLength: 4 }))
  .map(([log, added]) => {
    const rows = [...rowsOf(log)]
    for (const { at, row } of added) rows.splice(Math.min(at, rows.length), 0, row)
    return { rows, bad: new Set(added.map(({ row }) => row)) }
  })

const everything = { late: "side-output", refused: "side-output" } as const

const shown = (one: unknown): string => {
  const told = one as { readonly _tag: string; readonly pane: Pane; readonly detail?: string; readonly row?: unknown }
  return told._tag === "pane" ? lines([told.pane])[0]! : `${told._tag}: ${told.detail}`
}

const laws: { readonly [statement: string]: StreamLaw } = {
  "each window closes once, in order, and is the batch fold's": law(
    fc.record({ pipeline: pipelines({ revisions: false }), log: logs, way: ways }),
    async ({ toPanes, toPanesWith }, { log, pipeline, way }) => {
      const panes = streamOf(rowsOf(log), way).pipe(way.waits ? toPanesWith(pipeline, optionsOf(way)) : toPanes(pipeline))
      const { exit, out } = await read(panes, way)
      same(exit, Exit.void)
      same(results(out), results(foldedPanes(pipeline, flat(log))))
      same(lines(out.filter(({ pane }) => pane !== "late")).length, newest(out).length)
    }
  ),

  "the newest pane of each window is the batch fold's, with revisions and early panes too": law(
    fc.record({ pipeline: pipelines({ revisions: true }), log: logs, way: ways }),
    async ({ toPanes }, { log, pipeline, way }) => {
      const { out } = await read(streamOf(rowsOf(log), way).pipe(toPanes(pipeline)), way)
      same(results(out), results(foldedPanes(pipeline, flat(log))))
    }
  ),

  "panes, late and refused rows come in one order, whatever the chunks, and none is lost": law(
    fc.record({ pipeline: pipelines({ revisions: true }), input: withBad, one: ways, other: ways }),
    async ({ toPanesWith }, { input, one, other, pipeline }) => {
      const through = (way: Way) => read(streamOf(input.rows, way).pipe(toPanesWith(pipeline, { ...everything, ...optionsOf(way) })), way)
      const [{ out }, { out: otherwise }] = [await through(one), await through(other)]
      same(otherwise.map(shown), out.map(shown))
      const refused = out.flatMap((told) => told._tag === "refused" ? [told.row] : [])
      same(refused, input.rows.filter((row) => input.bad.has(row)))
      const late = out.flatMap((told) => told._tag === "late" ? [told.row] : [])
      const good = input.rows.filter((row) => !input.bad.has(row))
      const fields = good.map((row, offset) => ({ partition: 0, offset, fields: { ratio: null, flag: null, venue: null, ...row, price: BigDecimal.scale(row.price, 8) } }))
      same(late, BatchFold.fold(pipeline, fields).late.map(({ offset }) => good[offset]))
    }
  ),

  "a refused row ends the stream behind what the rows before it led to, and nothing else": law(
    fc.record({ pipeline: pipelines({ revisions: true }), input: withBad, one: ways, other: ways }),
    async ({ toPanes, toPanesWith }, { input, one, other, pipeline }) => {
      const all = await read(streamOf(input.rows, one).pipe(toPanesWith(pipeline, everything)), one)
      const { exit, out } = await read(streamOf(input.rows, other).pipe(toPanes(pipeline)), other)
      const first = all.out.findIndex(({ _tag }) => _tag === "refused")
      same(lines(out), all.out.slice(0, first).filter(({ _tag }) => _tag === "pane").map(shown))
      const error = Exit.isFailure(exit) ? Exit.findError(exit) : null
      holds(error?._tag === "Success" && error.success._tag === "RefusedRow", `it ends with ${String(exit)}`)
    }
  ),

  "windows over the rows of several streams are the batch fold's, however each of them comes": law(
    fc.record({ pipeline: ofSources, log: timely, one: fc.array(ways, { minLength: 2, maxLength: 2 }), other: fc.array(ways, { minLength: 2, maxLength: 2 }) }),
    async ({ toPanesOf }, { log, one, other, pipeline }) => {
      // Each stream has all rows, as each source has all records of a log without sources.
      const through = async (both: ReadonlyArray<Way>) => {
        const streams = Object.fromEntries(sourcesOf(pipeline).map((name, index) => [name, streamOf(rowsOf(log), both[index]!)]))
        const { exit, out } = await read(toPanesOf(pipeline, streams, { ...optionsOf(both[0]!), refused: "drop" }), both[0]!)
        same(exit, Exit.void)
        return out
      }
      const panes = await through(one)
      same(results(panes), results(foldedPanes(pipeline, flat(log))))
      same(lines(await through(other)), lines(panes))
    },
    0.25
  ),

  "the rows of a pipeline that ends in events are the batch fold's, in their order": law(
    fc.record({ condition: conditions, log: logs, way: ways }),
    async ({ toRows }, { condition, log, way }) => {
      const pipeline = source(0).pipe(Events.where(Expr.make(condition)), Pipeline.named("rows"))
      const { out } = await read(streamOf(rowsOf(log), way).pipe(toRows(pipeline)), way)
      same(out.map(Row.toJson), RowFold.foldRows(pipeline, events(flat(log))).map(Row.toJson))
    }
  )
}

const usual = { numRuns: 100 * Number(process.env["COURANT_RUNS"] ?? 1) }

describe("pipelines over streams", () => {
  it.each(Object.entries(laws))("%s", (_, law) => law({ ...PaneStream, ...SourceStreams }, usual), 120_000)
})

interface Mutant extends Replacement {
  readonly mistake: string
  readonly law: keyof typeof laws
}

const order = "panes, late and refused rows come in one order, whatever the chunks, and none is lost"
const failing = "a refused row ends the stream behind what the rows before it led to, and nothing else"
const several = "windows over the rows of several streams are the batch fold's, however each of them comes"
const fold = "each window closes once, in order, and is the batch fold's"

const mutants: ReadonlyArray<Mutant> = [
  { mistake: "what is open when the input ends is not told", file: "streams/engine/RowStream.ts", find: "return job.end(isAsked)", replace: "return []", law: fold },
  { mistake: "every chunk begins at the first offset", file: "streams/engine/RowJob.ts", find: "this.#next[stream] = first + rows.length", replace: "", law: fold },
  {
    mistake: "rows that came while silence was waited for are lost",
    file: "streams/engine/RowInputs.ts",
    find: "      yield* Fiber.join(fiber)",
    replace: "      yield* Fiber.join(fiber)\n      if (input.end === null) yield* input.hear",
    law: fold
  },
  { mistake: "unused rows come behind the panes of their chunk", file: "streams/engine/RowJob.ts", find: ".sort((a, b) => a.record - b.record)", replace: "", law: order },
  { mistake: "a pane is placed one row too late", file: "streams/engine/Course.ts", find: "row.watermark >= watermark", replace: "row.watermark > watermark", law: order },
  { mistake: "a pane that a row led to is placed by the watermark", file: "streams/engine/Course.ts", find: ": row.offset >= offset", replace: ": true", law: order },
  { mistake: "panes behind a refused row come out too", file: "streams/engine/RowStream.ts", find: "return told.slice(0, failing)", replace: "return told.filter((each) => each._tag !== \"unused\")", law: failing },
  { mistake: "the end of the input hides a refused row", file: "streams/engine/RowStream.ts", find: "end = Effect.fail(errorOf(failed.unused))", replace: "end = Cause.done()", law: failing },
  { mistake: "a decimal of another scale is taken as it stands", file: "streams/records/FieldReader.ts", find: "if (scale !== column.scale || this.#isWide)", replace: "if (scale < 0)", law: fold },
  { mistake: "a stream that has ended holds the others up no more, and neither do they it", file: "streams/engine/RowJob.ts", find: "{ _tag: \"idle\", partition: stream, at: this.#next[stream]!, watermark: endOfTime }", replace: "{ _tag: \"end\", at: this.job.offsets }", law: several },
  { mistake: "all streams have ended where one has", file: "streams/engine/RowInputs.ts", find: "this.#inputs.every(({ end }) => end === \"told\")", replace: "true", law: several }
]

const copyWith = planting(["domain", "streams"])

describe("a mistake is noticed", () => {
  it.each(mutants)("$mistake", async (mutant) => {
    const placeOf = copyWith(`stream-${mutants.indexOf(mutant)}`, mutant)
    const subject: Subject = { ...await import(placeOf("streams/engine/PaneStream.ts")), ...await import(placeOf("streams/engine/SourceStreams.ts")) }
    const found = await laws[mutant.law]!(subject, { numRuns: 200, seed: 42, endOnFailure: true }).then(() => null, (error: unknown) => error)
    expect(found, `"${mutant.law}" does not notice it`).toBeInstanceOf(Error)
  }, 120_000)
})
