/** The in-memory layer of every port keeps the port's contract. */
import { Effect } from "effect"
import { CheckpointStore } from "../../../src/streams/ports/CheckpointStore.ts"
import { DeadLetters } from "../../../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { fromBytes, fromTexts, Kind } from "../../../src/streams/records/Records.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"
import { RowSink } from "../../../src/streams/ports/RowSink.ts"
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
ResultSinkContract.suite("memory", ResultSink.layerMemory)
RowSinkContract.suite("memory", RowSink.layerMemory)
RowSinkContract.suiteWriteOnly("a function", RowSink.fromFunction(() => Effect.void))
DeadLettersContract.suite("memory", DeadLetters.layerMemory)
CheckpointStoreContract.suite("memory", CheckpointStore.layerMemory)
DecisionsContract.suite("memory", Decisions.layerMemory)
FeedContract.suite("memory", Feed.layerMemory([
  fromTexts(["a", "b"]),
  fromTexts([]),
  fromBytes([null, Uint8Array.of(0, 255)], [Kind.preAggregated, Kind.truncated])
]))
