/**
 * Port: the offsets up to which the log has been used and the state of the operators at that point, saved as one value. A
 * checkpoint names the pipelines that it has the state of, each with its fingerprint; damaged bytes are noticed by their
 * checksums and an earlier checkpoint is used instead.
 */
import { Context, Effect, Layer, type Option } from "effect"
import type { Checkpoint, CheckpointError, Head, Part } from "./Checkpoint.ts"
import { type Chain, extended, newestIntact, pack } from "./CheckpointParts.ts"

export class CheckpointStore extends Context.Service<CheckpointStore, {
  /**
   * All or nothing: where it fails, or the process dies, what was saved before is still there. After a failure the next has
   * to be a base.
   */
  readonly save: (name: string, part: Part) => Effect.Effect<void, CheckpointError>
  /** The newest intact checkpoint, none where there is none. */
  readonly load: (name: string) => Effect.Effect<Option.Option<Checkpoint>, CheckpointError>
  /** What the newest checkpoint of each name says beside the state. */
  readonly heads: Effect.Effect<ReadonlyMap<string, Head>, CheckpointError>
  /** Forgets every checkpoint of a name: the next run starts from the beginning of the log. */
  readonly remove: (name: string) => Effect.Effect<void, CheckpointError>
}>()("courant/CheckpointStore") {
  static readonly layerMemory: Layer.Layer<CheckpointStore> = Layer.sync(CheckpointStore, () => {
    const stored = new Map<string, ReadonlyArray<Chain>>()
    const heads = new Map<string, Head>()
    return CheckpointStore.of({
      save: (name, part) =>
        Effect.sync(() => {
          const chunks = [...pack(part)]
          stored.set(name, extended(stored.get(name) ?? [], part.isBase, chunks))
          heads.set(name, part.head)
        }),
      load: (name) => Effect.suspend(() => newestIntact(name, stored.get(name) ?? [])),
      heads: Effect.sync(() => new Map(heads)),
      remove: (name) =>
        Effect.sync(() => {
          stored.delete(name)
          heads.delete(name)
        })
    })
  })
}
