/** The in-memory layer of every port keeps the port's contract. */
import { Context, Effect, Layer } from "effect"
import { AlertStore } from "../../../src/streams/ports/AlertStore.ts"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { fromBytes, fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import * as SourceLogs from "../../../src/streams/ports/SourceLogs.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
import * as AlertStoreContract from "../../../src/testing/AlertStoreContract.ts"
import * as CheckpointStoreContract from "../../../src/testing/CheckpointStoreContract.ts"
import { Decisions } from "../../../src/streams/ports/Decisions.ts"
import * as DeadLettersContract from "../../../src/testing/DeadLettersContract.ts"
import * as DecisionsContract from "../../../src/testing/DecisionsContract.ts"
import * as EventLogContract from "../../../src/testing/EventLogContract.ts"
import * as FeedContract from "../../../src/testing/FeedContract.ts"
import * as RowSinkContract from "../../../src/testing/RowSinkContract.ts"
import * as ResultSinkContract from "../../../src/testing/ResultSinkContract.ts"

EventLogContract.suite("memory, 1 partition", EventLog.layerMemory())
EventLogContract.suite("memory, 3 partitions", EventLog.layerMemory({ partitions: 3 }))
EventLogContract.suite("memory, 2 sources", together(1))
EventLogContract.suite("memory, 2 sources of 2 partitions", together(2))
ResultSinkContract.suite("memory", ResultSink.layerMemory)
RowSinkContract.suite("memory", RowSink.layerMemory)
RowSinkContract.suiteWriteOnly("a function", RowSink.fromFunction(() => Effect.void))
DeadLettersContract.suite("memory", DeadLetters.layerMemory)
CheckpointStoreContract.suite("memory", CheckpointStore.layerMemory)
AlertStoreContract.suite("memory", AlertStore.layerMemory)
DecisionsContract.suite("memory", Decisions.layerMemory)
// An end of the contract's is about three partitions, which are those of three sources.
DecisionsContract.suite("memory, 3 sources", Layer.effect(Decisions, Effect.map(
  Effect.all(Array.from({ length: 3 }, () => one(Decisions, Decisions.layerMemory))),
  (stores) => SourceLogs.decisionsOf(["orders", "quotes", "trades"], stores)
)))
FeedContract.suite("memory", Feed.layerMemory([
  fromTexts(["a", "b"]),
  fromTexts([]),
  fromBytes([null, Uint8Array.of(0, 255)], [Kind.preAggregated, Kind.truncated])
]))

/** A store of its own each time. */
function one<I, S, E>(service: Context.Key<I, S>, layer: Layer.Layer<I, E>) {
  return Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, service))
}

function together(partitions: number) {
  return Layer.effect(EventLog, Effect.gen(function*() {
    const log = EventLog.layerMemory({ partitions })
    return SourceLogs.compose("market", [{ name: "trades", log: yield* one(EventLog, log) }, { name: "quotes", log: yield* one(EventLog, log) }])
  }))
}
