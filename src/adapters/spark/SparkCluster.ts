/**
 * A cluster of Spark as courant uses it: pipelines over topics of Kafka, whose panes it writes into another topic. A
 * query goes on without us, and is found again by the pipeline and the topic that it is of.
 */
import { Context, type Effect, type Option, Schema, type Scope, type Stream } from "effect"
import type { Compiled } from "./compile/Compiled.ts"
import type { Topics } from "./compile/Program.ts"

/** What a cluster is given to do. It compiles nothing: the program is there. */
export interface Work extends Compiled {
  /** What it is found again by: the topic of its events, or what several topics are called together. */
  readonly topic: string
  /** Where the events of its first source are, in the latter case. */
  readonly events?: string
  /** Where the events of its other sources are, by their names. */
  readonly topics?: Topics | undefined
  /** Where its panes go, in the form in which courant's own are: a compacted topic. */
  readonly results: string
}

/** The topic that it reads. */
export const eventsOf = ({ events, topic }: Work): string => events ?? topic

/** What the cluster tells of one batch of a query, or of a whole computation. */
export interface Batch {
  /** Counts up from 0 with the checkpoint of the query. */
  readonly id: number
  /** Events of the batch. */
  readonly read: number
  /** Of these, those that could not be used. */
  readonly deadLettered: number
  /** Of these, those that the pipeline's own filter has left out. */
  readonly filtered: number
  /** Too late, counted after a partial aggregation: there may have been more events. */
  readonly late: number
  /**
   * In milliseconds since the epoch; `null` before there is one. All windows that end by it, of sessions those that end before
   * it, are written, and none of them will be another.
   */
  readonly watermark: number | null
  /** Records that are in the topic and not in any batch yet. */
  readonly lag: number
  /** Windows and keys that are open. */
  readonly stateRows: number
  readonly stateBytes: number
  /** Milliseconds from the beginning of the batch to its end. */
  readonly duration: number
}

export interface Query {
  /** Of the pipeline, the topic and the fingerprint of the plan. */
  readonly name: string
  /** One element a batch, from the subscription on. Fails when the query has ended for good, and does not end by itself. */
  readonly batches: Stream.Stream<Batch, ClusterError>
  /** The watermark of its last batch, also of one before the subscription; `null` where it is not known. */
  readonly reached: Effect.Effect<number | null, ClusterError>
  /** Ends it; started again it goes on from its checkpoint. */
  readonly stop: Effect.Effect<void, ClusterError>
}

export class ClusterError extends Schema.TaggedError<ClusterError>()("ClusterError", {
  reason: Schema.Literals([
    /** Nothing answers, and has not for as long as we have patience. */
    "unreachable",
    /** The plan, the topic or the token: trying again changes nothing. */
    "refused",
    /** The query has failed again and again. */
    "failed",
    /** Another has ended it. */
    "stopped"
  ]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class SparkCluster extends Context.Service<SparkCluster, {
  /**
   * Has the cluster run a pipeline from the beginning of the topic, or from where it was when it ran last, for ever. One
   * that runs is joined. One of the same name whose plan is another is replaced. While the scope lasts the query is
   * looked after: it is started again from its checkpoint after what may pass, whatever of driver, worker, session or
   * broker was away; when the scope ends it goes on.
   */
  readonly start: (work: Work) => Effect.Effect<Query, ClusterError, Scope.Scope>
  /** The query that runs a pipeline of this name over a topic, or over several of this name, whoever has started it. */
  readonly find: (pipeline: string, topic: string) => Effect.Effect<Option.Option<Query>, ClusterError>
  /** Computes the panes of all windows of what the topic holds now, and is done when they are written. */
  readonly compute: (work: Work) => Effect.Effect<Batch, ClusterError>
}>()("courant/spark/SparkCluster") {}
