/**
 * Port: what runs pipelines from a log into a sink, effectively once. A batch is read, the
 * operators advance, its panes and rows are written (upserts), then offsets and state are saved
 * together. A crash between any two of these repeats writes and changes nothing.
 */
import { Context, type Duration, type Effect, Schema } from "effect"
import type { CheckpointError, CheckpointMismatch } from "./Checkpoint.ts"
import type { DeadLettersError } from "./DeadLetters.ts"
import type { DecisionsError } from "./Decisions.ts"
import type { EventLogError } from "./EventLog.ts"
import type { Counts } from "./Monitor.ts"
import type { Any as AnyPipeline } from "../pipeline/Pipeline.ts"
import type { ResultSinkError } from "./ResultSink.ts"
import type { RowSinkError } from "./RowSink.ts"

export interface Options {
  /** Under this name the checkpoint is kept. */
  readonly name: string
  readonly pipelines: ReadonlyArray<AnyPipeline>
  /**
   * Comes to the offsets, one a partition, at which the input ends: when all before them has been read, every open window is
   * emitted as it stands, and the run is over. It goes on for ever without.
   */
  readonly stopAt?: Effect.Effect<ReadonlyArray<number>, EventLogError>
  /** How far an event may lie ahead of the clock at its append; any distance by default. */
  readonly maxTimeAhead?: Duration.Input
  /**
   * After this long without a record a partition no longer holds the watermark up, and where all are quiet event time
   * goes on by the clock. It never does by default.
   */
  readonly idleTimeout?: Duration.Input
  /**
   * Asks whatever fills the log, and comes back when it knows: `true` when all that it had at that moment is in the
   * log, `false` where it cannot be asked. Silence counts only where this said `true`. Without it, whoever appends is
   * taken to have nothing to append that is not in the log.
   */
  readonly isQuiet?: Effect.Effect<boolean>
  /** How far in event time a source is read ahead of another that has records to read; 10 minutes by default. */
  readonly maxDrift?: Duration.Input
  /**
   * Rows of one of several sources that are held at most, 1,000,000 by default, while another one is behind it that a pipeline
   * reads together with it: then it waits in its log.
   */
  readonly maxHeld?: number | undefined
  /** So many panes at most are made before they are written; 10,000 by default. */
  readonly portion?: number
  /** How many times as fast as the clock event time goes while the input is quiet; 1 by default. An effect is asked again and again. */
  readonly speed?: number | Effect.Effect<number>
  /** At most this much is computed again after a crash; 1 second by default. */
  readonly checkpointEvery?: Duration.Input
  /**
   * Notes with a checkpoint, at most this often, how far event time has come, as a decision at its place: whoever reads the
   * log from there, once what came before has been removed, knows what is late. Never by default.
   */
  readonly markEvery?: Duration.Input
}

/** What became of the events of the log since it began. */
export interface Report extends Counts {
  /** Panes written by this run. */
  readonly panes: number
  /** Rows written by this run. */
  readonly rows: number
  readonly byPipeline: { readonly [name: string]: Counts }
  /** Of each source, where the log is one of several. */
  readonly bySource?: { readonly [name: string]: Counts }
}

/** What is saved does not fit what is to be run: only computing everything again from the log helps. */
export class StateError extends Schema.TaggedError<StateError>()("StateError", {
  message: Schema.String,
  reason: Schema.Literals([
    /** Another version of this library saved it, in a form that this one does not read. */
    "other-version",
    /** It was saved over another log, which has had the name of this one. */
    "other-log",
    /** It was saved when the log had more partitions. */
    "other-partitions",
    /** It was saved further on than the log goes: the log has lost records. */
    "checkpoint-ahead",
    /** A pipeline has changed, and the log no longer has what its results would be computed from. */
    "log-shortened",
    /** Of what is to be computed from the beginning more rows would be held than may be. */
    "too-many-held"
  ])
}) {}

/** What runs the pipelines outside of this process, such as a cluster, has refused them or has failed. */
export class RemoteError extends Schema.TaggedError<RemoteError>()("RemoteError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export type EngineError =
  | CheckpointError
  | CheckpointMismatch
  | DeadLettersError
  | DecisionsError
  | EventLogError
  | RemoteError
  | ResultSinkError
  | RowSinkError
  | StateError

export class Engine extends Context.Service<Engine, {
  /** Runs until it has read enough. Interrupting it saves what was done. */
  readonly run: (options: Options) => Effect.Effect<Report, EngineError>
}>()("courant/Engine") {}
