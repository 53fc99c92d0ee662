/** Flux queries as panels, variables and alert rules take them, and the source that they ask. */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog"
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common"

/** As `provisioning/datasources/courant.yaml` names it. */
export const source: DataSourceRef = { type: "influxdb", uid: "courant-flux" }

/** The SDK has a builder for every source but this one. */
export const query = (text: string, refId = "A"): Builder<Dataquery> => ({
  build: () => ({ refId, datasource: source, query: text.trim(), _implementsDataqueryVariant: () => {} })
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
