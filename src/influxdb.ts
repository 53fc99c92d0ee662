/**
 * `courant/influxdb`: results, metrics and trading sessions in InfluxDB 2, or 1.8 through its v2 endpoint. All layers need a `Connection`,
 * which they share: the metrics are those of what is written over it.
 */
export { Connection } from "./adapters/influxdb/Connection.ts"
export { InfluxdbError } from "./adapters/influxdb/InfluxdbError.ts"
export * as InfluxdbMetrics from "./adapters/influxdb/InfluxdbMetrics.ts"
export * as InfluxdbResultSink from "./adapters/influxdb/InfluxdbResultSink.ts"
export * as InfluxdbSessions from "./adapters/influxdb/InfluxdbSessions.ts"
