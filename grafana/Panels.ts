/** Panels in the house's style: compact, dark, a legend only where it is given. */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog"
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder
} from "@grafana/grafana-foundation-sdk/common"
import {
  AnnotationPanelFilterBuilder,
  AnnotationQueryBuilder,
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode
} from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder as StatPanelBuilder } from "@grafana/grafana-foundation-sdk/stat"
import { PanelBuilder as TimeseriesPanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries"
import * as Flux from "./Flux.ts"
import * as Palette from "./Palette.ts"

/** Where a panel is: the grid is 24 wide. */
export const at = (x: number, y: number, w: number, h: number) => ({ x, y, w, h })

/** Figures side by side, one a column of the query's only row. */
export const tiles = (title: string, query: string): StatPanelBuilder =>
  new StatPanelBuilder()
    .title(title)
    .datasource(Flux.source)
    .withTarget(Flux.query(query))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false))
    .orientation(VizOrientation.Vertical)
    .textMode(BigValueTextMode.ValueAndName)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .justifyMode(BigValueJustifyMode.Center)
    // Above the figure, however wide the window is; Grafana 10 decides by the room there is.
    .wideLayout(false)
    .text(new VizTextDisplayOptionsBuilder().titleSize(13).valueSize(30))
    .colorScheme(fixed(Palette.price))
    .thresholds(steps([null, Palette.price]))

/** Lines over time. Points are at most one a pixel, and at least `atLeast` apart. */
export const lines = (title: string, query: string, atLeast: string): TimeseriesPanelBuilder =>
  new TimeseriesPanelBuilder()
    .title(title)
    .datasource(Flux.source)
    .withTarget(Flux.query(query))
    .interval(atLeast)
    .lineWidth(1.5)
    .fillOpacity(0)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .axisBorderShow(false)
    .thresholds(steps([null, Palette.price]))
    .colorScheme(inTurn)
    .tooltip(together)
    .legend(noLegend)

/** The first column has the first colour, and so on. */
const inTurn = new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic)

/** The same name has the same colour, whatever else is shown. */
export const byName = new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName)

export const fixed = (color: string): Builder<{ mode: FieldColorModeId; fixedColor?: string }> =>
  new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(color)

/** Colours from a value on; the first is for everything below. */
export const steps = (...colors: ReadonlyArray<readonly [from: number | null, color: string]>) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(colors.map(([value, color]): Threshold => ({ value, color })))

export const together = new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending)

export const noLegend = new VizLegendOptionsBuilder()
  .showLegend(false)
  .displayMode(LegendDisplayMode.Hidden)
  .placement(LegendPlacement.Bottom)
  .calcs([])

/** The last value of each line beside its name, or what Grafana's other calculations make of it. */
export const legend = (calculation = "lastNotNull") =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([calculation])

/** The order of columns. */
export const ordered = <Column extends string>(...columns: ReadonlyArray<Column>) => ({
  id: "organize",
  options: {
    indexByName: Object.fromEntries(columns.map((column, index) => [column, index])),
    excludeByName: {},
    renameByName: {}
  }
})

/** What the only row of another query, called `refId`, says of all numbers: each column is a setting of Grafana's. */
export const configured = (refId: string, settings: ReadonlyArray<string>) => ({
  id: "configFromData",
  options: { configRefId: refId, mappings: settings.map((setting) => ({ fieldName: setting, handlerKey: setting })) }
})

/** Stretches of time that some panels shade: rows with `time`, `timeEnd` and `text`. */
export const shade = (name: string, query: string, color: string, panels: ReadonlyArray<number>) =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(Flux.source)
    .target(Flux.query(query, "Anno"))
    .enable(true)
    .iconColor(color)
    .filter(new AnnotationPanelFilterBuilder().exclude(false).ids([...panels]))

/** What a column is called and how it looks. */
export interface Look {
  readonly name?: string
  readonly color?: string
  readonly unit?: string
  readonly decimals?: number
  /** Colours by value. */
  readonly thresholds?: ReadonlyArray<readonly [from: number | null, color: string]>
  /** What only this kind of panel knows, by Grafana's own names: `{ "custom.width": 80 }`. */
  readonly more?: Readonly<Record<string, unknown>>
}

export const look = ({ color, decimals, more = {}, name, thresholds, unit }: Look): Array<DynamicConfigValue> =>
  [
    ["displayName", name],
    ["color", color === undefined ? undefined : { mode: "fixed", fixedColor: color }],
    ["unit", unit],
    ["decimals", decimals],
    ["thresholds", thresholds === undefined ? undefined : steps(...thresholds).build()],
    ["color", thresholds === undefined ? undefined : { mode: "thresholds" }],
    ...Object.entries(more)
  ].flatMap(([id, value]) => value === undefined ? [] : [{ id: String(id), value }])
