/** A running pipeline as programs and the page see it: what it is called, what its keys, windows and values are. */
import { Schema } from "effect"
import * as Checked from "../../streams/pipeline/Checked.ts"
import { windowText } from "../../streams/pipeline/NodeText.ts"
import * as Pipeline from "../../streams/pipeline/Pipeline.ts"
import type { Plot, Shown } from "../../streams/pipeline/Shown.ts"
import type * as Window from "../../streams/pipeline/Window.ts"

const Value = Schema.Struct({
  name: Schema.String,
  /** Decimals and integers beyond 2^53 - 1 are strings in answers; `time` is milliseconds since the epoch; `any` is what a function of the pipeline's gives. */
  kind: Schema.Literals(["integer", "decimal", "double", "string", "boolean", "time", "any"]),
  title: Schema.String,
  unit: Schema.NullOr(Schema.String),
  /** How many are shown; `null` as many as the values have. */
  decimals: Schema.NullOr(Schema.Int),
  plot: Schema.NullOr(Schema.Literals(["line", "bars", "candle"]))
})
type Value = typeof Value.Type

export const Description = Schema.Struct({
  name: Schema.String,
  title: Schema.String,
  /** The names of the sources that it reads. */
  sources: Schema.Array(Schema.String),
  /** Whether it puts out panes of windows, or rows. */
  ends: Schema.Literals(["panes", "rows"]),
  /** The fields that a key is made of. One of several fields is a JSON array of their values; without fields all rows have the key "". */
  key: Schema.Struct({ fields: Schema.Array(Schema.String) }),
  /** `null` where it puts out rows. */
  window: Schema.NullOr(Schema.Struct({
    kind: Schema.Literals(["tumbling", "hopping", "cumulative", "session", "count", "calendar", "trading"]),
    text: Schema.String,
    /** Milliseconds, where all are of one length. */
    size: Schema.NullOr(Schema.Int),
    /** Milliseconds from the start of one to that of the next, where that is always the same. */
    advance: Schema.NullOr(Schema.Int),
    /** Whether they begin and end by a calendar or by the sessions of an exchange. */
    calendar: Schema.Boolean
  })),
  /** In the order in which panes and rows have them. */
  values: Schema.Array(Value),
  /** Milliseconds after the end of a window for which late events still change it. */
  allowedLateness: Schema.Int,
  /** IANA name of the zone in which its times are shown. */
  timeZone: Schema.String
})
export type Description = typeof Description.Type

type Named = readonly [name: string, kind: Value["kind"]]

/** Sources of the market, whose times are those of the exchange. */
const market = ["ticks", "bars"]

/** `exchange` is the zone of pipelines over the market which say none; the others have UTC. */
export const describe = (pipeline: Pipeline.Any, exchange: string): Description => {
  const { hints = {}, name } = pipeline
  const sources = [...new Set(Checked.inputsOf(pipeline.checked).map(({ events }) => events.definition.name))]
  const timeZone = sources.some((source) => market.includes(source)) ? exchange : utc
  const own = { name, title: hints.title ?? name, sources }
  if (Pipeline.isOfRows(pipeline)) {
    const { columns, eventTime, key } = Checked.definitionOf(pipeline.checked.end)
    const named = columns.map(({ kind, name }): Named => [name, eventTime.field === name && eventTime.unit === "milliseconds" ? "time" : kinds[kind]])
    return {
      ...own,
      ends: "rows",
      key: { fields: key },
      window: null,
      values: valuesOf(named, hints),
      allowedLateness: 0,
      timeZone: hints.timeZone ?? timeZone
    }
  }
  const { allowedLateness, input, window } = Checked.windowOf(pipeline.checked)
  return {
    ...own,
    ends: "panes",
    key: { fields: Checked.definitionOf(input).key },
    window: { kind: window.kind, text: windowText(window), ...lengthsOf(window) },
    values: valuesOf(Checked.valuesOf(pipeline.checked).map(([name, { kind }]): Named => [name, kinds[kind]]), hints),
    allowedLateness,
    timeZone: hints.timeZone ?? zoneOf(window) ?? timeZone
  }
}

const utc = "UTC"

/** In which zone the times of several pipelines are shown together: that of the exchange if one is over the market, else the one that all have. */
export const zoneOfAll = (pipelines: ReadonlyArray<Description>, exchange: string): string => {
  if (pipelines.some(({ sources }) => sources.some((source) => market.includes(source)))) return exchange
  const zones = new Set(pipelines.map(({ timeZone }) => timeZone))
  const [zone = utc, ...others] = zones
  return others.length === 0 ? zone : utc
}

const kinds = { int: "integer", decimal: "decimal", double: "double", string: "string", boolean: "boolean", any: "any" } as const

const lengthsOf = (window: Window.Window): { readonly size: number | null; readonly advance: number | null; readonly calendar: boolean } => {
  switch (window.kind) {
    case "tumbling":
      return { size: window.size, advance: window.size, calendar: false }
    case "hopping":
      return { size: window.size, advance: window.advance, calendar: false }
    case "cumulative":
    case "session":
    case "count":
      return { size: null, advance: null, calendar: false }
    case "calendar":
      return { size: null, advance: null, calendar: true }
    case "trading":
      return { size: window.bars, advance: window.bars, calendar: true }
  }
}

/** That of the calendar by which all of its windows begin and end. */
const zoneOf = (window: Window.Window): string | undefined => {
  if (window.kind === "calendar") return window.timeZone
  return window.kind === "trading" && window.calendars.by === null ? window.calendars.calendar.definition.timeZone : undefined
}

const valuesOf = (named: ReadonlyArray<Named>, { values: hints = {} }: Shown): ReadonlyArray<Value> => {
  const isCandle = candle.every((part) => named.some(([name, kind]) => name === part && isNumber(kind)))
  return named.map(([name, kind]) => {
    const { decimals = null, plot = isCandle && candle.includes(name) ? "candle" : usualPlots[kind], title = name, unit = null } = hints[name] ?? {}
    return { name, kind, title, unit, decimals, plot }
  })
}

const candle = ["open", "high", "low", "close"]

const isNumber = (kind: Value["kind"]): boolean => kind === "decimal" || kind === "double" || kind === "integer"

const usualPlots: { readonly [K in Value["kind"]]: Plot | null } = {
  decimal: "line",
  double: "line",
  integer: "bars",
  string: null,
  boolean: null,
  time: null,
  any: null
}
