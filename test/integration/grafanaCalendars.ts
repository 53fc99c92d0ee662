/** The sessions of all calendars in the InfluxDB of a test. */
import { Effect, Layer, Redacted } from "effect"
import { Connection } from "../../src/adapters/influxdb/Connection.ts"
import * as InfluxdbSessions from "../../src/adapters/influxdb/InfluxdbSessions.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import type { Stack } from "./grafanaStack.ts"

/** Writes those around some times, as a run with panes of these times does. */
export const sessionsAround = ({ influxdb: { bucket, org, token, url } }: Pick<Stack, "influxdb">, times: ReadonlyArray<number>): Promise<void> => {
  const sink = InfluxdbSessions.layer().pipe(
    Layer.provide(ResultSink.layerMemory),
    Layer.provide(Connection.layer({ url, org, bucket, token: Redacted.make(token) }))
  )
  const panes = times.map((start) =>
    ({ pipeline: "candles-1m", key: "any", start, end: start, pane: "on-time", revision: 0, changes: 1, values: {} }) as const)
  return Effect.runPromise(ResultSink.use(({ write }) => write(panes)).pipe(Effect.provide(sink)))
}
