/** The sink keeps the contract of its port on a real InfluxDB, over closing and opening too. */
import { Effect, Layer } from "effect"
import * as InfluxdbResultSink from "../../src/adapters/influxdb/InfluxdbResultSink.ts"
import { DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import * as ResultSinkContract from "../../src/testing/ResultSinkContract.ts"
import { newBucket, server } from "./influxdbServer.ts"

const influxdb = server()

const place = (options: InfluxdbResultSink.Options) =>
  Effect.map(newBucket(influxdb), ({ layer }) =>
    InfluxdbResultSink.layer(options).pipe(Layer.provide([layer, DeadLetters.layerMemory])))

for (
  const [name, options] of [
    ["as it comes", {}],
    // Nearly every window is looked up, and nearly every write takes several requests.
    ["which remembers 3 windows and sends 7 lines at a time", { rememberedWindows: 3, batchLines: 7 }]
  ] as const
) {
  const durable = place(options)
  ResultSinkContract.suite(`InfluxDB ${name}`, Layer.unwrap(durable), { runs: 10, patience: "5 minutes", durable })
}
