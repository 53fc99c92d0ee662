/** InfluxQL queries as panels take them, and the source that they ask: the one that is chosen at the top of the dashboard. */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog"
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common"
import { DatasourceVariableBuilder } from "@grafana/grafana-foundation-sdk/dashboard"

export const source: DataSourceRef = { type: "influxdb", uid: "${datasource}" }

/** Those that have InfluxQL in their names; at first the one of `provisioning/datasources/courant.yaml`. */
export const variable = new DatasourceVariableBuilder("datasource")
  .label("Source")
  .type("influxdb")
  .regex("/influxql/i")
  .current({ text: "courant (InfluxQL)", value: "courant-influxql", selected: true })

/** One frame with a column for each of the query's. */
export const table = (text: string, refId = "A"): Builder<Dataquery> => queryOf({ refId, query: text.trim(), resultFormat: "table" })

/** A frame for each series, called as the tag that they are grouped by. */
export const series = (text: string, tag: string, refId = "A"): Builder<Dataquery> =>
  queryOf({ refId, query: text.trim(), resultFormat: "time_series", alias: `$tag_${tag}` })

/** One annotation a row, from its time to that in the column `timeEnd`, with the text in `text`. */
export const annotation = (text: string): Builder<Dataquery> =>
  queryOf({ refId: "Anno", query: text.trim(), resultFormat: "table", fromAnnotations: true, textColumn: "text", timeEndColumn: "timeEnd" })

/** The SDK has a builder for every source but this one. */
const queryOf = (query: Query): Builder<Dataquery> => ({
  build: () => ({ ...query, datasource: source, rawQuery: true, _implementsDataqueryVariant: () => {} })
})

interface Query {
  readonly refId: string
  readonly query: string
  readonly resultFormat: "table" | "time_series"
  readonly alias?: string
  readonly fromAnnotations?: boolean
  readonly textColumn?: string
  readonly timeEndColumn?: string
}
