/**
 * What `import ... from "courant"` gives.
 *
 * A pipeline is written with the nouns of the first group, over the market's own sources or
 * one of yours, and run by an engine on the ports of the last. Backends have entries of their
 * own (`courant/kafka`, `courant/influxdb`, `courant/sqlite`, `courant/file`, `courant/stdio`, `courant/yahoo`,
 * `courant/recorded`, `courant/dashboard`), so that nobody loads what they do not use.
 */

// A pipeline as a value.
export * as Aggregate from "./streams/pipeline/Aggregate.ts"
export * as Events from "./streams/pipeline/Events.ts"
export * as Expr from "./streams/pipeline/Expr.ts"
export * as Fill from "./streams/pipeline/Fill.ts"
export * as Indicator from "./streams/pipeline/Indicator.ts"
export * as Join from "./streams/pipeline/Join.ts"
export * as Pane from "./streams/pipeline/Pane.ts"
export * as Panes from "./streams/pipeline/Panes.ts"
export * as Pipeline from "./Pipeline.ts"
export * as Row from "./streams/pipeline/Row.ts"
export * as Source from "./streams/pipeline/Source.ts"
export * as Table from "./Table.ts"
export * as Window from "./streams/pipeline/Window.ts"

// The market: its values, its sources and the pipelines that the command line has built in.
export * as Decimal from "./domain/Decimal.ts"
export * as Calendar from "./domain/TradingCalendar.ts"
export { Bar } from "./domain/Bar.ts"
export { MarketSymbol } from "./domain/MarketSymbol.ts"
export { Price, Size, Tick } from "./domain/Tick.ts"
export { candles1m, candles5m } from "./analytics/candles.ts"
export { day, dayBy, dayOf } from "./analytics/day.ts"
export { indicators1m } from "./analytics/indicators.ts"
export { yahooExchanges } from "./domain/YahooExchanges.ts"
export { movingAverage5m } from "./analytics/movingAverage.ts"
export { bars, priceForming, ticks, updatesHighLow, updatesLast, updatesVolume } from "./analytics/ticks.ts"

// Engines, and the ports that they run on with their layers in memory.
export { CheckpointError, CheckpointMismatch } from "./streams/ports/Checkpoint.ts"
export { CheckpointStore } from "./streams/ports/CheckpointStore.ts"
export { DeadLetters, DeadLettersError } from "./streams/ports/DeadLetters.ts"
export { Decisions, DecisionsError } from "./streams/ports/Decisions.ts"
export { Engine, RemoteError, StateError } from "./Engine.ts"
export { EventLog, EventLogError } from "./streams/ports/EventLog.ts"
export { Feed, FeedError } from "./streams/ports/Feed.ts"
export { Monitor } from "./streams/ports/Monitor.ts"
export { ResultSink, ResultSinkError } from "./streams/ports/ResultSink.ts"
export { RowSink, RowSinkError } from "./streams/ports/RowSink.ts"
export { restart } from "./streams/engine/Restart.ts"
export * as History from "./streams/engine/History.ts"
export { Job } from "./streams/engine/Job.ts"
export * as Ingest from "./streams/engine/Ingest.ts"
export * as InProcess from "./streams/engine/InProcess.ts"
export * as Records from "./streams/records/Records.ts"
export * as RetryPolicy from "./streams/ports/RetryPolicy.ts"
export * as SourceLogs from "./streams/ports/SourceLogs.ts"
export * as TransientLog from "./streams/ports/TransientLog.ts"
