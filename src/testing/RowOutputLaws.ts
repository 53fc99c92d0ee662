/** Laws of pipelines that end in events: their rows are the batch fold's, each with its place, once. */
import { Schema } from "effect"
import * as fc from "fast-check"
import * as Decimal from "../domain/Decimal.ts"
import { Events, Expr, Pipeline, Source } from "../streams/pipeline/index.ts"
import * as Row from "../streams/pipeline/Row.ts"
import * as RowFold from "../streams/reference/RowFold.ts"
import { conditions, cuts, decidedLogs, jobs, type Log, source } from "./Arbitraries.ts"
import { inTurns, turns } from "./DeliveryLaws.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, events, lines, type MakeEngine, type Piece, pieces, records } from "./Harness.ts"
import { holds, same } from "./Law.ts"

/** Conditions as data and a function, either alone, or none at all. */
const rowPipelines: fc.Arbitrary<Pipeline.AnyOfRows> = fc.record({
  outOfOrderness: fc.integer({ min: 0, max: 8 }),
  condition: fc.option(conditions),
  tested: fc.boolean(),
  selected: fc.option(fc.shuffledSubarray(["key", "price", "size", "ratio", "flag", "venue"]))
}).map(({ condition, outOfOrderness, selected, tested }) => {
  const samples = source(outOfOrderness)
  const kept = condition === null ? samples : samples.pipe(Events.where(Expr.make(condition)))
  const end = tested ? kept.pipe(Events.filter(({ size }) => size !== 1)) : kept
  if (selected === null) return end.pipe(Pipeline.named("rows"))
  // The key under its own name and another, and others under theirs: what is drawn is no type.
  const fields: ReadonlyArray<string> = [...selected, "time"]
  const names: { readonly [name: string]: string } = { of: "key", ...Object.fromEntries(fields.map((field) => [field === "size" ? "pieces" : field, field])) }
  const rows: Events.Events<unknown> = Events.make({ _tag: "select", input: end.plan, fields: Object.entries(names) })
  return rows.pipe(Pipeline.named("rows"))
})

const anything = { pipeline: rowPipelines, log: decidedLogs, cut: cuts }

export const rowOutputLaws: EngineLaws = {
  "the rows of a pipeline that ends in events are the batch fold's, in the order of the log, and none is late": law(
    300,
    fc.record(anything),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      const { panes, rows } = outputOf(engine, pieces(log, cut))
      same(rows.map(Row.toJson), folded(pipeline, log))
      same(panes, [])
      const { aggregated, late } = engine.counts
      same({ aggregated, late }, { aggregated: rows.length, late: 0 })
      same(engine.size, 0)
    }
  ),

  "cutting the log otherwise changes neither rows nor state, and the turns of partitions only their order": law(
    200,
    fc.record({ ...anything, recut: cuts, turns }),
    (make, { cut, log, pipeline, recut, turns }) => {
      const [one, two] = [make([pipeline], log.partitions), make([pipeline], log.partitions)]
      const { rows } = outputOf(one, pieces(log, cut))
      same(outputOf(two, pieces(log, recut)).rows.map(Row.toJson), rows.map(Row.toJson))
      same(two.snapshot(), one.snapshot())
      const turned = outputOf(make([pipeline], log.partitions), pieces(inTurns(log, turns, 0), recut))
      same(turned.rows.map(Row.toJson).sort(), rows.map(Row.toJson).sort())
    }
  ),

  "after crash upon crash a store by place has the batch fold's rows, and what is written again is the same to the byte": law(
    200,
    fc.record({ ...anything, recut: cuts, turns, saveEvery: fc.integer({ min: 1, max: 20 }), crashes: fc.array(fc.nat(60), { maxLength: 6 }) }),
    (make, run) => same([...survive(make, run).values()].sort(), [...folded(run.pipeline, run.log)].sort())
  ),

  "pipelines of panes and of rows over one log each give what they give alone": law(
    150,
    fc.record({ ...anything, others: jobs({ revisions: true }) }),
    (make, { cut, log, others, pipeline }) => {
      const all = [...others.slice(0, 1), pipeline, source(0).pipe(Pipeline.named("everything")), ...others.slice(1)]
      const together = make(all, log.partitions)
      const found = outputOf(together, pieces(log, cut))
      for (const each of all) {
        const alone = make([each], log.partitions)
        const own = outputOf(alone, pieces(log, cut))
        same(lines(found.panes.filter(({ pipeline }) => pipeline === each.name)), lines(own.panes), each.name)
        same(found.rows.filter(({ pipeline }) => pipeline === each.name).map(Row.toJson), own.rows.map(Row.toJson), each.name)
        const [{ aggregated, late }, counts] = [alone.counts, together.countsByPipeline.get(each.name)]
        same({ aggregated: counts?.aggregated, late: counts?.late }, { aggregated, late }, each.name)
      }
    }
  ),

  "every field of a row is in its place, an absent one null, and written as an event it is the same row again": law(
    100,
    fc.array(nested(), { maxLength: 20 }),
    (make, drawn) => {
      const rowsOf = (texts: ReadonlyArray<string>) => outputOf(make([nestedRows], 1), [records(0, 0, texts)]).rows
      const rows = rowsOf(drawn.map((value) => JSON.stringify(value)))
      same(rows.map((row) => Row.encode(row).values), drawn.map(inPlace))
      same(rows.map(({ key, time }) => [key, time]), drawn.map(({ at, trade }) => [trade.venue, Date.parse(at)]))
      same(rowsOf(rows.map(({ values }) => Row.valuesToJson(values))).map(Row.toJson), rows.map(Row.toJson))
      for (const row of rows) same(Schema.decodeUnknownSync(Schema.fromJsonString(Row.Encoded))(Row.toJson(row)), Row.encode(row))
    }
  )
}

/** All that comes out of a run to the end. */
const outputOf = (engine: Engine, input: ReadonlyArray<Piece>) => {
  const outputs = [...input.map((batch) => engine.take(batch)), engine.close()]
  return { panes: outputs.flatMap(({ panes }) => panes), rows: outputs.flatMap(({ rows }) => rows) }
}

const folded = (pipeline: Pipeline.AnyOfRows, log: Log): ReadonlyArray<string> =>
  RowFold.foldRows(pipeline, events(log)).map(Row.toJson)

interface Run {
  readonly pipeline: Pipeline.AnyOfRows
  readonly log: Log
  readonly cut: ReadonlyArray<number>
  readonly recut: ReadonlyArray<number>
  readonly turns: ReadonlyArray<number>
  readonly saveEvery: number
  readonly crashes: ReadonlyArray<number>
}

/**
 * What a store by pipeline and place has in the end when the process dies before each of these steps and starts again. A
 * step is taking a batch, writing the first or the second half of its rows, or saving. Each life cuts the log otherwise
 * and reads the partitions in other turns than the one before.
 */
const survive = (make: MakeEngine, { crashes, cut, log, pipeline, recut, saveEvery, turns }: Run): ReadonlyMap<string, string> => {
  const stored = new Map<string, string>()
  let saved: { readonly state: string; readonly offsets: ReadonlyArray<number> } | null = null
  let steps = 0
  const write = (rows: ReadonlyArray<Row.Row>) => {
    for (const row of rows) {
      const [identity, line] = [Row.identityOf(row), Row.toJson(row)]
      holds((stored.get(identity) ?? line) === line, `another row of the same place: ${line}`)
      stored.set(identity, line)
    }
  }
  const live = (log: Log, cut: ReadonlyArray<number>): boolean => {
    const engine = make([pipeline], log.partitions)
    if (saved !== null) holds(engine.restore(saved.state), "its own snapshot was refused")
    const dies = () => crashes.includes(steps++)
    for (const [index, batch] of pieces(log, cut, saved?.offsets).entries()) {
      if (dies()) return false
      const { rows } = engine.take(batch)
      if (dies()) return false
      write(rows.slice(0, rows.length >> 1))
      if (dies()) return false
      write(rows.slice(rows.length >> 1))
      if (index % saveEvery !== 0) continue
      if (dies()) return false
      saved = { state: engine.snapshot(), offsets: engine.offsets }
    }
    return true
  }
  for (let life = 0; !live(inTurns(log, turns, life * 7), life % 2 === 0 ? cut : recut); life++) continue
  return stored
}

/** With structs that have to be there, that may be absent, and one in another. */
const NestedSchema = Schema.Struct({
  at: Schema.String,
  trade: Schema.Struct({
    venue: Schema.String,
    price: Decimal.Decimal({ scale: 2, limit: 1_000 }),
    fee: Schema.optionalKey(Schema.NullOr(Schema.Int))
  }),
  party: Schema.optionalKey(Schema.NullOr(Schema.Struct({
    id: Schema.optionalKey(Schema.String),
    desk: Schema.optionalKey(Schema.Struct({ floor: Schema.Int, open: Schema.Boolean }))
  }))),
  note: Schema.optionalKey(Schema.Struct({ text: Schema.optionalKey(Schema.String) }))
})

type Nested = typeof NestedSchema.Encoded

const nestedRows = Source.make("fills", { schema: NestedSchema, key: "trade.venue", eventTime: { iso8601: "at" } }).pipe(Pipeline.named("fills"))

function nested(): fc.Arbitrary<Nested> {
  const text = fc.constantFrom("", "A", "é", "null")
  const fee = fc.option(fc.integer({ min: -5, max: 5 }), { freq: 2 })
  const desk = fc.record({ floor: fc.nat(3), open: fc.boolean() })
  return fc.record({
    at: fc.integer({ min: -50, max: 50 }).map((millis) => new Date(millis).toISOString()),
    trade: fc.record({ venue: text, price: fc.constantFrom("0", "1.5", "-0.01", "999.99"), fee }, { requiredKeys: ["venue", "price"] }),
    party: fc.option(fc.record({ id: text, desk }, { requiredKeys: [] }), { freq: 2 }),
    note: fc.record({ text }, { requiredKeys: [] })
  }, { requiredKeys: ["at", "trade"] })
}

/** What is absent is null, and so is a struct that may be absent and has nothing in it. */
const inPlace = ({ at, note, party, trade: { fee, price, venue } }: Nested): Row.EncodedValues => {
  const [id, desk] = [party?.id ?? null, party?.desk ?? null]
  return {
    at,
    trade: { venue, price, fee: fee ?? null },
    party: id === null && desk === null ? null : { id, desk: desk === null ? null : { floor: desk.floor, open: desk.open } },
    note: note?.text === undefined ? null : { text: note.text }
  }
}
