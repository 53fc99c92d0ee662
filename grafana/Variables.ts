/** What a viewer chooses at the top of a dashboard, and how queries refer to it. */
import {
  CustomVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort
} from "@grafana/grafana-foundation-sdk/dashboard"
import * as Flux from "./Flux.ts"

/** The symbol that most panels show. */
export const symbol = new QueryVariableBuilder("symbol")
  .label("Symbol")
  .datasource(Flux.source)
  .query(Flux.tagValues("candles-1m", "key"))
  .refresh(VariableRefresh.OnTimeRangeChanged)
  .sort(VariableSort.AlphabeticalAsc)

export const isSymbol = "r.key == ${symbol:doublequote}"

/** The symbols that are compared with each other. */
export const symbols = several("symbols", "Compare", Flux.tagValues("candles-1m", "key"))

export const isAmongSymbols = "r.key =~ /^${symbols:regex}$/"

/** Which candles. The value is a duration of Flux, too. */
export const interval = new CustomVariableBuilder("interval")
  .label("Candles")
  .values("1m,5m")
  .current({ text: "1m", value: "1m", selected: true })
  .options([
    { text: "1m", value: "1m", selected: true },
    { text: "5m", value: "5m", selected: false }
  ])

export const chosenInterval = "${interval}"

export const topics = several("topics", "Topic", Flux.tagValues("courant", "topic"))

export const processors = several("processors", "Processor", Flux.tagValues("courant", "processor"))

export const isAmongProcessors = "r.topic =~ /^${topics:regex}$/ and r.processor =~ /^${processors:regex}$/"

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
