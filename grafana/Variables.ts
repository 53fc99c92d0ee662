/** What a viewer chooses at the top of a dashboard, and how queries refer to it. */
import {
  CustomVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort
} from "@grafana/grafana-foundation-sdk/dashboard"
import * as Flux from "./Flux.ts"
import { candles, intervals, key, metrics, processor, topic } from "./Names.ts"

/** The symbol that most panels show. */
export const symbol = new QueryVariableBuilder("symbol")
  .label("Symbol")
  .datasource(Flux.source)
  .query(Flux.tagValues(candles.measurement, key))
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)

/** What its last price is called. Nobody chooses it: the name of a figure is not one of those that a query may give. */
export const nameOfLast = (query: string) =>
  new QueryVariableBuilder("last")
    .datasource(Flux.source)
    .query(query)
    .hide(VariableHide.HideVariable)
    .refresh(VariableRefresh.OnTimeRangeChanged)

export const isSymbol = `r.${key} == \${symbol:doublequote}`

/** The symbols that are compared with each other. */
export const symbols = several("symbols", "Compare", Flux.tagValues(candles.measurement, key))

export const isAmongSymbols = `r.${key} =~ /^\${symbols:regex}$/`

/** Which candles. The value is a duration of Flux, too. */
export const interval = new CustomVariableBuilder("interval")
  .label("Candles")
  .values(Object.values(intervals).join(","))
  .current({ text: intervals.oneMinute, value: intervals.oneMinute, selected: true })
  .options(Object.values(intervals).map((value) => ({ text: value, value, selected: value === intervals.oneMinute })))

export const chosenInterval = "${interval}"

export const topics = several("topics", "Topic", Flux.tagValues(metrics, topic))

export const processors = several("processors", "Processor", Flux.tagValues(metrics, processor))

export const isAmongProcessors = `r.${topic} =~ /^\${topics:regex}$/ and r.${processor} =~ /^\${processors:regex}$/`

/** All at first. */
function several(name: string, label: string, query: string) {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(Flux.source)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: ["All"], value: ["$__all"], selected: true })
}
