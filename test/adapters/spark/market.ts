/** Pipelines over ticks, a market for them, and what the batch fold makes of it. */
import { BigDecimal, Schema } from "effect"
import * as Decimal from "../../../src/domain/Decimal.ts"
import * as BatchFold from "../../../src/streams/reference/BatchFold.ts"
import { Aggregate, Events, Expr, Indicator, Pane, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import type { AnyOfPanes as AnyPipeline } from "../../../src/streams/pipeline/Pipeline.ts"
import { randomFrom } from "../../random.ts"

const Tick = Schema.Struct({
  symbol: Schema.String,
  time: Schema.Int,
  price: Decimal.Decimal({ scale: 2, limit: 1_000_000 }),
  size: Schema.Int
})

const ticks = Source.make("ticks", {
  schema: Tick,
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const candles = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({
    open: Aggregate.first("price"),
    high: Aggregate.max("price"),
    low: Aggregate.min("price"),
    close: Aggregate.last("price"),
    mean: Aggregate.mean("price"),
    volume: Aggregate.sum("size"),
    vwap: Aggregate.weightedMean("price", "size"),
    trades: Aggregate.count
  }),
  Pipeline.named("candles")
)

/** Another pipeline of the same name, with other windows. */
export const changed = ticks.pipe(
  Window.tumbling("30 seconds"),
  Aggregate.into({ volume: Aggregate.sum("size"), trades: Aggregate.count }),
  Pipeline.named("candles")
)

/** One with a filter of its own. */
export const large = ticks.pipe(
  Events.where(Expr.gt("size", 50)),
  Window.tumbling("1 minute"),
  Aggregate.into({ volume: Aggregate.sum("size"), trades: Aggregate.count }),
  Pipeline.named("large")
)

/** Ticks of another topic, too. */
const others = Source.make("others", { schema: Tick, key: "symbol", eventTime: "time", outOfOrderness: "5 seconds" })

const range = { high: Aggregate.max("price"), low: Aggregate.min("price"), volume: Aggregate.sum("size") }

export const united = ticks.pipe(Events.union(others), Window.tumbling("1 minute"), Aggregate.into(range), Pipeline.named("united"))

/** What that is where all are in one topic. */
export const alone = ticks.pipe(Window.tumbling("1 minute"), Aggregate.into(range), Pipeline.named("united"))

/** What follows on windows: functions over those before, conditions, ranks, and windows over results. */
export const signals = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ close: Aggregate.last("price"), volume: Aggregate.sum("size") }),
  Panes.derive({ ema: Indicator.ema("close", 2), before: Indicator.previous("volume") }),
  Panes.derive({ aboveEma: Expr.subtract(Expr.toDouble("close"), "ema") }),
  Panes.where(Expr.gt("volume", 10)),
  Pipeline.named("signals")
)

export const leaders = ticks.pipe(
  Window.tumbling("1 minute"),
  Aggregate.into({ volume: Aggregate.sum("size") }),
  Panes.top(2, { by: "volume" }),
  Panes.toEvents,
  Window.tumbling("2 minutes"),
  Aggregate.into({ most: Aggregate.max("volume"), minutes: Aggregate.count }),
  Pipeline.named("leaders")
)

const counted = Aggregate.into({ trades: Aggregate.count })

export const unsupported: { readonly [what: string]: AnyPipeline } = {
  "calendar windows": ticks.pipe(Window.calendar("day", { timeZone: "Europe/Berlin" }), counted, Pipeline.named("days")),
  "windows told early": ticks.pipe(
    Window.tumbling("1 minute"),
    counted,
    Pipeline.emitOnUpdate(),
    Pipeline.named("early")
  ),
  "a filter that is a function": ticks.pipe(
    Events.filter(({ size }) => size > 1),
    Window.tumbling("1 minute"),
    counted,
    Pipeline.named("functions")
  )
}

const begin = 1_732_545_000_000

/** Ticks of so many minutes, 100 a minute, up to 4 seconds out of order; the last one closes all windows before its own. */
export const market = ({ minutes }: { readonly minutes: number }): ReadonlyArray<string> => {
  const random = randomFrom(7)
  const ticks = Array.from({ length: 100 * minutes }, (_, i) => ({
    symbol: "ABC"[Math.floor(3 * random())],
    time: begin + Math.max(0, i * 600 - Math.floor(4_000 * random())),
    price: (100 + Math.floor(1_000 * random()) / 100).toFixed(2),
    size: 1 + Math.floor(100 * random())
  }))
  const last = { symbol: "A", time: begin + minutes * 60_000 + 10_000, price: "100.00", size: 100 }
  return [...ticks, last].map((tick) => JSON.stringify(tick))
}

/** The windows of the batch fold, those that the watermark has passed after these events. */
export const closed = (pipeline: AnyPipeline, events: ReadonlyArray<string>): ReadonlySet<string> => {
  const watermark = Math.max(...events.map((event) => JSON.parse(event).time)) - ticks.definition.outOfOrderness
  return new Set(folded(pipeline, events).filter(({ end }) => end <= watermark).map(line))
}

export const all = (pipeline: AnyPipeline, events: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(folded(pipeline, events).map(line))

const folded = (pipeline: AnyPipeline, events: ReadonlyArray<string>): ReadonlyArray<Pane.Encoded> =>
  BatchFold.fold(
    pipeline,
    events.map((event, offset) => {
      const fields = JSON.parse(event)
      return { partition: 0, offset, fields: { ...fields, price: BigDecimal.scale(BigDecimal.fromStringUnsafe(fields.price), 2) } }
    })
  ).results.map((result) => Pane.encode({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 }))

export const line = ({ changes, end, key, pane, pipeline, revision, start, values }: Pane.Encoded): string =>
  JSON.stringify([pipeline, key, start, end, pane, revision, changes, Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1)])
