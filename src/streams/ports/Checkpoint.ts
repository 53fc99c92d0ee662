/** What a checkpoint is: what is said of it, and the sections of the state. */
import { Schema } from "effect"

/** What a checkpoint says beside the state. */
export const Head = Schema.Struct({
  /** The fingerprint of each pipeline, by name. */
  pipelines: Schema.Record(Schema.String, Schema.String),
  /** When it was begun, in milliseconds since the epoch. */
  savedAt: Schema.Int,
  /** Whose decisions have led to it, see `Decisions`. */
  processor: Schema.String,
  /** The id of the log in which the offsets count. */
  log: Schema.String,
  /** The ids of the stores that have what was put out up to here. */
  sinks: Schema.Array(Schema.String),
  /** Where that is one of several sources: which these are, in the numbering of the offsets; see `SourceLogs`. */
  sources: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String, id: Schema.String, partitions: Schema.Int }))),
  /** The next offset to read, one a partition. */
  offsets: Schema.Array(Schema.Int)
})
export type Head = typeof Head.Type

export interface Checkpoint extends Head {
  /** The operators' state, by where each section belongs, in their own codec. */
  readonly sections: ReadonlyMap<string, Uint8Array>
}

/** What is saved at once. */
export interface Part {
  readonly head: Head
  /** Whether these are all sections. The others say what has changed since what the same run has saved before. */
  readonly isBase: boolean
  /** `null` for a section that is no more. They are asked for one by one, as they are written. */
  readonly sections: Iterable<readonly [id: string, bytes: Uint8Array | null]>
}

export class CheckpointError extends Schema.TaggedError<CheckpointError>()("CheckpointError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The stored checkpoint was written for other pipelines, or for another version of these. */
export class CheckpointMismatch extends Schema.TaggedError<CheckpointMismatch>()("CheckpointMismatch", {
  name: Schema.String
}) {
  override get message() {
    return `the checkpoint "${this.name}" was written for another version of its pipelines`
  }
}
