/** Texts that are long, or computed, and only handed on have no number by which they could be compared: what compares them all the same gets one. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { Job } from "../../../src/streams/engine/Job.ts"
import type { Node } from "../../../src/streams/pipeline/Expression.ts"
import { Aggregate, Events, Expr, Join, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import { records } from "../../../src/testing/Harness.ts"

const schema = Schema.Struct({ key: Schema.String, time: Schema.Int, url: Schema.String, referrer: Schema.String })
const pages = Source.make("pages", { schema, key: "key", eventTime: "time" })
const others = Source.make("others", { schema, key: "key", eventTime: "time" })

const long = (name: string) => `https://www.example.com/a/long/way/to/${name}`
const [one, other] = [long("one"), long("other")]

const rows = ([[one, one], [one, other], [other, one], [one, one], ["/", "/"]] as const).map(([url, referrer], time) => ({ key: "A", time, url, referrer }))

/** The names of the rows that come out, by their times. */
const timesOf = (pipeline: Pipeline.AnyOfRows, input = rows) =>
  new Job([pipeline], { partitions: 1 }).take(records(0, 0, input.map((row) => JSON.stringify(row)))).rows.map(({ time }) => time)

describe("texts that are handed on", () => {
  it("are what they were, however many are alike", () => {
    const job = new Job([pages.pipe(Pipeline.named("pages"))], { partitions: 1 })
    const { rows: found } = job.take(records(0, 0, rows.map((row) => JSON.stringify(row))))
    assert.deepStrictEqual(found.map(({ values }) => values), rows)
  })

  it("are what they were in each batch, as they are read and as they are computed, from short ones that come again too", () => {
    const computed = pages.pipe(Events.derive({ page: Expr.upper("url"), both: Expr.concat("key", Expr.literal(" "), "url"), end: Expr.split("url", "/", 7) }))
    const job = new Job([computed.pipe(Pipeline.named("computed")), pages.pipe(Pipeline.named("as-they-are"))], { partitions: 1 })
    const batches = [rows, rows.toReversed(), [{ ...rows[0]!, url: long("a third") }, rows[4]!]]
    const outputs = batches.map((batch, index) => job.take(records(0, index * 10, batch.map((row) => JSON.stringify(row)))).rows)
    for (const [index, batch] of batches.entries()) {
      const of = (name: string) => outputs[index]!.filter(({ pipeline }) => pipeline === name).map(({ values }) => values)
      assert.deepStrictEqual(of("as-they-are"), batch)
      assert.deepStrictEqual(of("computed"), batch.map((row) => ({ ...row, page: row.url.toUpperCase(), both: `${row.key} ${row.url}`, end: row.url.split("/")[7] ?? null })))
    }
  })

  it("are compared by a condition, with a literal and with each other", () => {
    assert.deepStrictEqual(timesOf(pages.pipe(Events.where(Expr.eq("url", one)), Pipeline.named("eq"))), [0, 1, 3])
    assert.deepStrictEqual(timesOf(pages.pipe(Events.where(Expr.eq("url", Expr.field("referrer"))), Pipeline.named("same"))), [0, 3, 4])
  })

  it("are compared through a field that is computed from them", () => {
    const alias = pages.pipe(Events.derive({ page: Expr.coalesce("url", "referrer") }))
    assert.deepStrictEqual(timesOf(alias.pipe(Events.where(Expr.eq("page", other)), Pipeline.named("alias"))), [2])
    const twice = alias.pipe(Events.derive({ again: Expr.conditional(Expr.eq("key", "A"), Expr.field("page"), Expr.literal("")) }))
    assert.deepStrictEqual(timesOf(twice.pipe(Events.where(Expr.ne("again", one)), Pipeline.named("twice"))), [2, 4])
  })

  it("are keys where they are made some, and are told apart by windows", () => {
    const keyed = pages.pipe(Events.keyBy("url"), Pipeline.named("keyed"))
    const job = new Job([keyed, pages.pipe(Events.keyBy("referrer"), Window.tumbling(10), Aggregate.into({ n: Aggregate.count }), Pipeline.named("windows"))], { partitions: 1 })
    const { rows: found } = job.take(records(0, 0, rows.map((row) => JSON.stringify(row))))
    assert.deepStrictEqual(found.map(({ key }) => key), rows.map(({ url }) => url))
    assert.deepStrictEqual(job.close().panes.map(({ key, values }) => [key, values["n"]]), [["/", 1], [one, 3], [other, 1]])
  })

  it("are compared where they are computed, too: by a condition, as a key and through what is computed from them", () => {
    const last = pages.pipe(Events.derive({ page: Expr.split("url", "/", 7), from: Expr.concat(Expr.split("referrer", "/", 7), Expr.literal("")) }))
    assert.deepStrictEqual(timesOf(last.pipe(Events.where(Expr.eq("page", "one")), Pipeline.named("eq"))), [0, 1, 3])
    assert.deepStrictEqual(timesOf(last.pipe(Events.where(Expr.eq("page", Expr.field("from"))), Pipeline.named("same"))), [0, 3])
    assert.deepStrictEqual(timesOf(pages.pipe(Events.where(Expr.eq(Expr.lower("url"), other)), Pipeline.named("inside"))), [2])
    const upper = last.pipe(Events.derive({ again: Expr.upper("page") }), Events.where(Expr.eq("again", "OTHER")))
    assert.deepStrictEqual(timesOf(upper.pipe(Pipeline.named("upper"))), [2])
    const keyed = new Job([last.pipe(Events.where(Expr.isNotNull("page")), Events.keyBy("page"), Pipeline.named("keyed"))], { partitions: 1 })
    const { rows: found } = keyed.take(records(0, 0, rows.map((row) => JSON.stringify(row))))
    assert.deepStrictEqual(found.map(({ key, values }) => [key, values["from"]]), [["one", "one"], ["one", "other"], ["other", "one"], ["one", "one"]])
  })

  it("are compared behind rows that are held: what is selected, what is one of its kind, what is joined by, and what is united", () => {
    const input = { pages: rows, others: rows }
    const valuesOf = (pipeline: Pipeline.AnyOfRows, name: string) => {
      const job = new Job([pipeline], { sources: [{ name: "pages", partitions: 1 }, { name: "others", partitions: 1 }] })
      const taken = Object.values(input).map((all, partition) => job.take(records(partition, 0, all.map((row) => JSON.stringify(row)))))
      return [...taken, job.close()].flatMap(({ rows }) => rows).map(({ time, values }) => [time, values[name]])
    }
    const newest = pages.pipe(Join.asOf(others, { within: 0, select: { seen: "referrer" } }))
    assert.deepStrictEqual(valuesOf(newest.pipe(Pipeline.named("handed")), "seen"), rows.map(({ referrer }, time) => [time, referrer]))
    assert.deepStrictEqual(valuesOf(newest.pipe(Events.where(Expr.eq("url", Expr.field("seen"))), Pipeline.named("seen")), "seen"), [[0, one], [3, one], [4, "/"]])
    assert.deepStrictEqual(valuesOf(pages.pipe(Events.distinct({ by: "url", within: 10 }), Pipeline.named("distinct")), "url"), [[0, one], [2, other], [4, "/"]])
    const pairs = pages.pipe(Events.keyBy("url"), Join.interval(others.pipe(Events.keyBy("referrer")), { within: 0, select: { from: "url" } }))
    assert.deepStrictEqual(valuesOf(pairs.pipe(Pipeline.named("pairs")), "from"), [[0, one], [3, one], [4, "/"]])
    assert.deepStrictEqual(valuesOf(pages.pipe(Events.union(others), Events.where(Expr.eq("referrer", other)), Pipeline.named("united")), "url"), [[1, one], [1, one]])
    const renamed = pages.pipe(Events.select({ key: "key", time: "time", page: "url" }), Events.where(Expr.eq("page", other)))
    assert.deepStrictEqual(valuesOf(renamed.pipe(Pipeline.named("renamed")), "page"), [[2, other]])
  })

  it("are compared by any condition as short ones are", () => {
    const texts = fc.constantFrom<Node>({ op: "field", field: "url" }, { op: "field", field: "referrer" }, { op: "literal", value: one })
    const both = fc.record({ value: texts, instead: texts }).map((parts): Node => ({ op: "coalesce", ...parts }))
    const conditions = fc.record({ by: fc.constantFrom("eq" as const, "ne" as const, "isNot" as const), left: fc.oneof(texts, both), right: texts })
      .map((parts): Node => ({ op: "compare", ...parts }))
    const shortened = (text: string) => text.slice(-3)
    const short = (node: Node): Node => JSON.parse(JSON.stringify(node).replaceAll(one, shortened(one)))
    fc.assert(fc.property(conditions, (condition) => {
      const found = timesOf(pages.pipe(Events.where(Expr.make(condition)), Pipeline.named("long")))
      const input = rows.map((row) => ({ ...row, url: shortened(row.url), referrer: shortened(row.referrer) }))
      assert.deepStrictEqual(found, timesOf(pages.pipe(Events.where(Expr.make(short(condition))), Pipeline.named("short")), input))
    }))
  })
})
