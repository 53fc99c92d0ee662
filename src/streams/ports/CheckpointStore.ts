/**
 * Port: the offsets up to which the log has been used and the state of the operators at that point, saved as one value. A
 * checkpoint names the pipelines that it has the state of, each with its fingerprint; damaged bytes are noticed by their
 * checksums and an earlier checkpoint is used instead.
 */
import { Context, Effect, Layer, type Option, Schema } from "effect"
import { type Chain, extended, newestIntact, pack } from "./CheckpointParts.ts"

/** What a checkpoint says beside the state. */
export const Head = Schema.Struct({
  /** The fingerprint of each pipeline, by name. */
  pipelines: Schema.Record(Schema.String, Schema.String),
  /** Whose decisions have led to it, see `Decisions`. */
  processor: Schema.String,
  /** The id of the log in which the offsets count. */
  log: Schema.String,
  /** The ids of the stores that have what was put out up to here. */
  sinks: Schema.Array(Schema.String),
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

export class CheckpointStore extends Context.Service<CheckpointStore, {
  /**
   * All or nothing: where it fails, or the process dies, what was saved before is still there. After a failure the next has
   * to be a base.
   */
  readonly save: (name: string, part: Part) => Effect.Effect<void, CheckpointError>
  /** The newest intact checkpoint, none where there is none. */
  readonly load: (name: string) => Effect.Effect<Option.Option<Checkpoint>, CheckpointError>
  /** The names under which there is something. */
  readonly names: Effect.Effect<ReadonlyArray<string>, CheckpointError>
  /** Forgets every checkpoint of a name: the next run starts from the beginning of the log. */
  readonly remove: (name: string) => Effect.Effect<void, CheckpointError>
}>()("courant/CheckpointStore") {
  static readonly layerMemory: Layer.Layer<CheckpointStore> = Layer.sync(CheckpointStore, () => {
    const stored = new Map<string, ReadonlyArray<Chain>>()
    return CheckpointStore.of({
      save: (name, part) =>
        Effect.sync(() => {
          const chunks = [...pack(part)]
          stored.set(name, extended(stored.get(name) ?? [], part.isBase, chunks))
        }),
      load: (name) => Effect.suspend(() => newestIntact(name, stored.get(name) ?? [])),
      names: Effect.sync(() => [...stored.keys()]),
      remove: (name) => Effect.sync(() => void stored.delete(name))
    })
  })
}
