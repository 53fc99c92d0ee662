/**
 * What the compiler refuses is refused when it runs as well: a file of pipelines is run with its types stripped. Each
 * declaration here is one that does not compile, or whose mistake no type can see.
 */
import { BigDecimal } from "effect"
import { describe, expect, it } from "vitest"
import { Aggregate, Decimal, Events, Expr, Indicator, Job, Join, Pane, Panes, Pipeline, Records, Source, Table, Window } from "../../../src/index.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"
import { declarations, thrownBy, untyped } from "./refusals.ts"

const { aggregated, bars, counted, high, minutes, named, refusals, trades } = declarations({ Aggregate, Decimal, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window })

describe("is refused with the node and what to do", () => {
  it.each(refusals)("%s", (_, declare, node, why) => {
    expect(thrownBy(declare)).toMatchObject({ _tag: "CheckError", node, message: expect.stringContaining(why) })
  })
})

describe("what needs windows says so of a source, and of a pipeline that ends in events", () => {
  const rows = trades.pipe(Events.where(Expr.gt("size", 1)))
  it.each<readonly [step: string, apply: (self: never) => unknown, self: unknown]>([
    ["Pipeline.allowedLateness", Pipeline.allowedLateness("1 minute"), rows],
    ["Pipeline.emitOnClose", Pipeline.emitOnClose, rows],
    ["Pipeline.emitOnUpdate", Pipeline.emitOnUpdate(), rows],
    ["Pipeline.percentChange", Pipeline.percentChange("change", "size"), rows],
    ["Panes.derive", Panes.derive(untyped({ mean: Indicator.sma("size", 3) })), rows],
    ["Panes.top", Panes.top(3, untyped({ by: "size" })), rows],
    ["Panes.fill", Panes.fill(untyped({ size: 0 }), { within: 5 }), rows],
    ["Panes.where", Panes.where(untyped(Expr.gt("size", 3))), rows],
    ["Pipeline.acceptPreAggregated", Pipeline.acceptPreAggregated(bars, { size: "volume" }), rows],
    ["Pipeline.rollUp", (self) => Pipeline.rollUp(self, "1 minute"), rows.pipe(named)]
  ])("%s", (step, apply, self) => {
    expect(() => apply(untyped(self))).toThrow(`${step} needs windows, and this ends in events`)
  })
})

describe("hints of how a pipeline would like to be shown", () => {
  it("change nothing of it, and stay with it under other bounds", () => {
    const plain = minutes.pipe(counted, named)
    const hints = { title: "Counted", values: { trades: { unit: "trades" } } }
    const shown = minutes.pipe(counted, named, Pipeline.shown(hints))
    expect(shown.checked).toEqual(plain.checked)
    expect(Pipeline.fingerprint([shown])).toBe(Pipeline.fingerprint([plain]))
    expect(Pipeline.withBounds(shown, { outOfOrderness: 5 }).hints).toEqual(hints)
    expect(plain.hints).toBe(undefined)
  })

  it("are refused with the name of the call where they are none, or stand before the pipeline has a name", () => {
    expect(() => Pipeline.shown(untyped({ titel: "Counted" }))(minutes.pipe(counted, named))).toThrow("Pipeline.shown knows no \"titel\": did you mean \"title\"?")
    expect(() => Pipeline.shown(untyped({ values: { trades: { unt: "" } } }))(minutes.pipe(counted, named))).toThrow("\"trades\" knows no \"unt\"")
    expect(() => Pipeline.shown({})(untyped(minutes.pipe(counted)))).toThrow("put Pipeline.named")
  })
})

describe("a pipeline that ends in events", () => {
  const large = trades.pipe(Events.where(Expr.gt("size", 1)), named)

  it("has a fingerprint of its own, which its source, its conditions and its name change", () => {
    const others = [
      trades.pipe(named),
      trades.pipe(Events.where(Expr.gt("size", 2)), named),
      trades.pipe(Events.where(Expr.gt("size", 1)), Pipeline.named("q")),
      Pipeline.withBounds(large, { outOfOrderness: 5 }),
      minutes.pipe(counted, named)
    ]
    const fingerprints = [large, ...others].map(({ checked }) => checked.fingerprint)
    expect(new Set(fingerprints).size).toBe(fingerprints.length)
    expect(trades.pipe(Events.where(Expr.gt("size", 1)), named).checked.fingerprint).toBe(large.checked.fingerprint)
  })

  it("is portable as far as it calls no function", () => {
    expect(large.checked.portability).toBe("portable")
    expect(trades.pipe(Events.filter(({ size }) => size > 1), named).checked.portability).toBe("local")
  })

  it("runs beside another only over the same topic, under a name of its own", () => {
    expect(() => new Job([large, minutes.pipe(counted, named)], { partitions: 1 })).toThrow("another pipeline of this name")
    expect(() => new Job([large, bars.pipe(Pipeline.named("q"))], { partitions: 1 })).toThrow("they cannot run together")
  })
})

const records = (kind: Records.Kind, ...texts: ReadonlyArray<string>): Records.Records => ({
  ...Records.fromTexts(texts, kind),
  partition: 0,
  offsets: Float64Array.from(texts, (_, index) => index),
  appendedAt: new Float64Array(texts.length)
})

const trade = (members: object) => JSON.stringify({ symbol: "A", time: 1, price: "1", size: 1, ...members })

describe("is taken, and means what it says", () => {
  it("two conditions on one aggregate: both hold", () => {
    const both = minutes.pipe(
      Aggregate.into({ n: Aggregate.where(Expr.gt("size", 1))(Aggregate.where(Expr.eq("venue", "N"))(Aggregate.count)) }),
      named
    )
    const job = new Job([both], { partitions: 1 })
    job.take(records(0, trade({ size: 5, venue: "N" }), trade({ size: 5, venue: "Q" }), trade({ size: 1, venue: "N" })))
    expect(job.close().panes[0]?.values).toEqual({ n: 1 })
  })

  it("two conditions on one source: both hold", () => {
    const both = trades.pipe(Events.where(Expr.gt("size", 1)), Events.where(Expr.eq("venue", "N")), Window.tumbling(10), counted, named)
    const job = new Job([both], { partitions: 1 })
    job.take(records(0, trade({ size: 5, venue: "N" }), trade({ size: 5, venue: "Q" }), trade({ size: 1, venue: "N" })))
    expect(job.close().panes[0]?.values).toEqual({ trades: 1 })
    expect(job.counts.filtered).toBe(2)
  })

  it.each(["accepts", "pipe", "rows", "constructor", "toString", "state", "merge", "__defineGetter__"])("a result called %s", (name) => {
    const sum = aggregated({ [name]: Aggregate.sum("size") })
    const mean = aggregated({ [name]: Aggregate.mean("price") })
    expect(sum.checked.fingerprint).not.toBe(mean.checked.fingerprint)
    const job = new Job([sum], { partitions: 1 })
    job.take(records(0, trade({ size: 7 })))
    const snapshot = job.snapshot()
    expect(new Job([mean], { partitions: 1 }).restore(snapshot)).toBe(false)
    const again = new Job([sum], { partitions: 1 })
    expect(again.restore(snapshot)).toBe(true)
    expect(Object.entries(again.close().panes[0]?.values ?? {})).toEqual([[name, 7]])
  })

  it("pre-aggregated decimals with fewer decimals than their result", () => {
    const pipeline = high.pipe(Pipeline.acceptPreAggregated(bars, { high: "high", volume: "volume" }), named)
    const job = new Job([pipeline], { partitions: 1 })
    job.take(records(1, JSON.stringify({ symbol: "A", start: 0, high: "189.37", exact: "1", large: 1, volume: 5 })))
    const { values } = Pane.encode(job.close().panes[0]!)
    expect(values).toEqual({ high: "189.37", volume: 5, mean: null })
    const fields = { symbol: "A", start: 0, high: BigDecimal.fromStringUnsafe("189.37"), volume: 5 }
    const [folded] = BatchFold.fold(pipeline, [{ partition: 0, offset: 0, preAggregated: true, fields }]).results
    expect(Decimal.format(folded?.values["high"] as BigDecimal.BigDecimal)).toBe("189.37")
  })

  it("the order of results does not change what is computed: fingerprints are equal", () => {
    const one = aggregated({ bought: Aggregate.sum("size"), sold: Aggregate.count })
    const other = aggregated({ sold: Aggregate.count, bought: Aggregate.sum("size") })
    expect(one.checked.fingerprint).toBe(other.checked.fingerprint)
  })
})
