/** The dashboard that says whether the figures of the other can be trusted right now. */
import { AxisPlacement, GraphDrawStyle, StackingConfigBuilder, StackingMode } from "@grafana/grafana-foundation-sdk/common"
import { DashboardBuilder, DashboardCursorSync, TimePickerBuilder } from "@grafana/grafana-foundation-sdk/dashboard"
import * as Flux from "./Flux.ts"
import * as Links from "./Links.ts"
import { type Metric, metric } from "./Names.ts"
import * as Palette from "./Palette.ts"
import { at, legend, lines, look, ordered, tiles } from "./Panels.ts"
import * as Queries from "./PipelineQueries.ts"
import { processors, topics } from "./Variables.ts"

const nothing = "No figures in this range. They are written every 5 s by courant run or process with --sink influxdb."

/** Figures are written every five seconds. */
const step = "5s"

/** Nothing is fine; anything is worth a look; many are bad. */
const upTo = (worth: number, bad: number) =>
  [[null, Palette.fine], [worth, Palette.worth], [bad, Palette.bad]] as const

const now = tiles("Now", Queries.newest)
  .id(1)
  .gridPos(at(0, 0, 10, 4))
  .description("The newest figures in the range. Lag is added up over processors; the others are the worst of them.")
  .noValue(nothing)
  .overrideByName(metric("lag"), look({ name: "Lag", unit: "locale", decimals: 0, thresholds: upTo(1_000, 10_000) }))
  .overrideByName(
    metric("watermark_delay"),
    look({ name: "Watermark delay", unit: "ms", thresholds: upTo(30_000, 120_000) })
  )
  .overrideByName(metric("write_latency_p99"), look({ name: "Write p99", unit: "ms", thresholds: upTo(250, 1_000) }))
  .overrideByName(metric("batch_lines"), look({ name: "Lines a write", unit: "locale", decimals: 0 }))
  .withTransformation(ordered<Metric>("lag", "watermark_delay", "write_latency_p99", "batch_lines"))

const inRange = tiles(
  "In this range",
  Queries.counted("read", "late", "dead_lettered", "duplicate", "revisions", "retries", "refused")
)
  .id(2)
  .gridPos(at(10, 0, 14, 4))
  .description("Events, panes and writes counted in the range, over all processors; a restart loses nothing.")
  .noValue(nothing)
  .unit("locale")
  .decimals(0)
  .overrideByName(metric("read"), look({ name: "Events read" }))
  .overrideByName(metric("late"), look({ name: "Late", thresholds: upTo(1, Number.MAX_SAFE_INTEGER) }))
  .overrideByName(metric("dead_lettered"), look({ name: "Dead letters", thresholds: upTo(1, 100) }))
  .overrideByName(metric("duplicate"), look({ name: "Duplicates" }))
  .overrideByName(metric("revisions"), look({ name: "Revisions" }))
  .overrideByName(metric("retries"), look({ name: "Writes retried", thresholds: upTo(1, 100) }))
  .overrideByName(metric("refused"), look({ name: "Panes refused", thresholds: upTo(1, 1) }))
  .withTransformation(ordered<Metric>("read", "late", "dead_lettered", "duplicate", "revisions", "retries", "refused"))

const lag = lines("Lag", Queries.peaks("lag"), step)
  .id(3)
  .gridPos(at(0, 4, 8, 8))
  .description("Records that are in the log and not yet processed, at most, by processor.")
  .unit("locale")
  .min(0)
  .fillOpacity(12)

const delay = lines("Watermark delay", Queries.peaks("watermark_delay"), step)
  .id(4)
  .gridPos(at(8, 4, 8, 8))
  .description(
    "How far event time is behind the clock. It grows while nothing is traded, and is years when a recording is played."
  )
  .unit("ms")
  .min(0)
  .fillOpacity(12)

const events = lines("Events a second", Queries.rates("read", "aggregated"), step)
  .id(5)
  .gridPos(at(16, 4, 8, 8))
  .description("Events read from the log, and those that went into a window.")
  .unit("locale")
  .decimals(1)
  .min(0)
  .legend(legend())
  .overrideByName(metric("read"), look({ name: "Read", color: Palette.slowAverage }))
  .overrideByName(metric("aggregated"), look({ name: "Aggregated", color: Palette.fine }))

const lost = bars("Late, dead letters, duplicates", Queries.growth("late", "dead_lettered", "duplicate"))
  .id(6)
  .gridPos(at(0, 12, 8, 8))
  .description(
    "Events that were not aggregated: too late for their windows, not to be used, or seen before. " +
      "`courant dead-letters list` shows the dead letters."
  )
  .overrideByName(metric("late"), look({ name: "Late", color: Palette.worth }))
  .overrideByName(metric("dead_lettered"), look({ name: "Dead letters", color: Palette.bad }))
  .overrideByName(metric("duplicate"), look({ name: "Duplicates", color: Palette.flat }))

const panes = bars("Panes and revisions", Queries.growth("panes", "revisions"))
  .id(7)
  .gridPos(at(8, 12, 8, 8))
  .description("Windows written, and those among them that a late event had changed.")
  .stacking(new StackingConfigBuilder().mode(StackingMode.None))
  .overrideByName(metric("panes"), look({ name: "Panes", color: Palette.slowAverage }))
  .overrideByName(metric("revisions"), look({ name: "Revisions", color: Palette.worth }))

const latency = lines("Write latency", Queries.worst("write_latency_p50", "write_latency_p99"), step)
  .id(8)
  .gridPos(at(16, 12, 8, 8))
  .description("From a request to InfluxDB until its answer, retries included: half and 99 of 100 take no longer.")
  .unit("ms")
  .min(0)
  .legend(legend())
  .overrideByName(metric("write_latency_p50"), look({ name: "p50", color: Palette.slowAverage }))
  .overrideByName(metric("write_latency_p99"), look({ name: "p99", color: Palette.worth }))

const batches = lines("Lines a write", Queries.peaks("batch_lines"), step)
  .id(9)
  .gridPos(at(0, 20, 12, 7))
  .description("Points a request: the more there are, the less each costs.")
  .unit("locale")
  .decimals(1)
  .min(0)
  .fillOpacity(12)

const retries = bars("Writes retried, panes refused", Queries.growth("retries", "refused"))
  .id(10)
  .gridPos(at(12, 20, 12, 7))
  .description(
    "A write is repeated until InfluxDB has taken it. A pane that it refuses becomes a dead letter with its words."
  )
  .overrideByName(metric("retries"), look({ name: "Retried", color: Palette.worth }))
  .overrideByName(metric("refused"), look({ name: "Refused", color: Palette.bad }))

/** Counts within each step, stacked. */
function bars(title: string, query: string) {
  return lines(title, query, step)
    .drawStyle(GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
    .unit("locale")
      .min(0)
    .axisSoftMax(5)
    .legend(legend("sum"))
}

export const dashboard = [lag, delay, events, lost, panes, latency, batches, retries].reduce(
  (dashboard, panel) => dashboard.withPanel(panel.noValue(nothing).axisPlacement(AxisPlacement.Right)),
  new DashboardBuilder(Links.pipeline.title)
    .uid(Links.pipeline.uid)
    .description("Whether courant keeps up, what it could not use, and how its writes to InfluxDB fare.")
    .tags(["courant"])
    .timezone("browser")
    .time({ from: "now-1h", to: "now" })
    .timepicker(new TimePickerBuilder().refreshIntervals(["5s", "10s", "30s", "1m", "5m"]))
    .refresh("5s")
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .variables([Flux.variable, topics, processors])
    .links([Links.to(Links.market, "Candles, averages and the day's figures")])
    .withPanel(now)
    .withPanel(inRange)
)
