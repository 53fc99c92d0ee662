/** Flux queries as panels, variables and alert rules take them, and the source that they ask. */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog"
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common"
import { DatasourceVariableBuilder } from "@grafana/grafana-foundation-sdk/dashboard"

/** As `provisioning/datasources/courant.yaml` names it. */
export const provisioned = { name: "courant (Flux)", uid: "courant-flux" } as const

/** The one that is chosen at the top of a dashboard. */
export const source: DataSourceRef = { type: "influxdb", uid: "${datasource}" }

/** All with a name like "my InfluxDB" that does not say InfluxQL; at first the one that is provisioned. */
export const variable = new DatasourceVariableBuilder("datasource")
  .label("Source")
  .type("influxdb")
  .regex("/flux(?!ql)/i")
  .current({ text: provisioned.name, value: provisioned.uid, selected: true })

/** The SDK has a builder for every source but this one. */
export const query = (text: string, refId = "A", datasource = source): Builder<Dataquery> => ({
  build: () => ({ refId, datasource, query: text.trim(), _implementsDataqueryVariant: () => {} })
})

/** The points of a measurement in the range that the dashboard shows; `where` narrows them down. */
export const points = (measurement: string, where: string, { start = "v.timeRangeStart", stop = "v.timeRangeStop" } = {}) =>
  `from(bucket: v.defaultBucket)
  |> range(start: ${start}, stop: ${stop})
  |> filter(fn: (r) => r._measurement == "${measurement}" and ${where})`

/** Whether a point is of a field, or of one of several: those want brackets beside other conditions. */
export const isField = (...fields: ReadonlyArray<string>): string =>
  fields.map((field) => `r._field == "${field}"`).join(" or ")

/** The values of a tag in the range that the dashboard shows. */
export const tagValues = (measurement: string, tag: string): string =>
  `import "influxdata/influxdb/schema"

schema.tagValues(
  bucket: v.defaultBucket,
  tag: "${tag}",
  predicate: (r) => r._measurement == "${measurement}",
  start: v.timeRangeStart,
  stop: v.timeRangeStop,
)`
