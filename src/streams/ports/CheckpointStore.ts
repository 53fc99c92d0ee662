/**
 * Port: the offsets up to which the log has been used and the state of the operators at
 * that point, saved as one value. A checkpoint belongs to a fingerprint of the pipelines
 * that wrote it and is refused for any other; damaged bytes are noticed by their checksum
 * and the previous checkpoint is used instead.
 */
import { Context, Effect, Layer, Option, Schema } from "effect"
import { createHash } from "node:crypto"

export const Checkpoint = Schema.Struct({
  fingerprint: Schema.String,
  /** The id of the log in which the offsets count. Versions before this member wrote none. */
  log: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  /** The ids of the stores that have what was put out up to here. Versions before this member wrote none. */
  sinks: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The next offset to read, one a partition. */
  offsets: Schema.Array(Schema.Int),
  /** The operators' state in their own codec. */
  state: Schema.String
})
export type Checkpoint = typeof Checkpoint.Type

export class CheckpointError extends Schema.TaggedError<CheckpointError>()("CheckpointError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The stored checkpoint was written by other pipelines, or by another version of these. */
export class CheckpointMismatch extends Schema.TaggedError<CheckpointMismatch>()("CheckpointMismatch", {
  name: Schema.String,
  stored: Schema.String,
  wanted: Schema.String
}) {
  override get message() {
    return `the checkpoint "${this.name}" was written by another version of its pipelines ` +
      `(${this.stored.slice(0, 12)}, now ${this.wanted.slice(0, 12)})`
  }
}

export class CheckpointStore extends Context.Service<CheckpointStore, {
  readonly save: (name: string, checkpoint: Checkpoint) => Effect.Effect<void, CheckpointError>
  /** The newest intact checkpoint, none where there is none. */
  readonly load: (
    name: string,
    fingerprint: string
  ) => Effect.Effect<Option.Option<Checkpoint>, CheckpointError | CheckpointMismatch>
  /** Forgets every checkpoint of a name: the next run starts from the beginning of the log. */
  readonly remove: (name: string) => Effect.Effect<void, CheckpointError>
}>()("courant/CheckpointStore") {
  static readonly layerMemory: Layer.Layer<CheckpointStore> = Layer.sync(CheckpointStore, () => {
    const stored = new Map<string, ReadonlyArray<string>>()
    return CheckpointStore.of({
      save: (name, checkpoint) =>
        Effect.sync(() => {
          stored.set(name, [seal(checkpoint), ...(stored.get(name) ?? [])].slice(0, generations))
        }),
      load: (name, fingerprint) => newestIntact(name, fingerprint, stored.get(name) ?? []),
      remove: (name) => Effect.sync(() => void stored.delete(name))
    })
  })
}

/** How many checkpoints of a name a store keeps: the newest and one to fall back on. */
export const generations = 2

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

/** The stored form of a checkpoint: its checksum, a space, its JSON. */
export const seal = (checkpoint: Checkpoint): string => {
  const body = JSON.stringify(checkpoint)
  return `${digest(body)} ${body}`
}

const open = Schema.decodeUnknownOption(Schema.fromJsonString(Checkpoint))

/** Reads a sealed checkpoint; none where a single byte of it is not what was written. */
export const unseal = (sealed: string): Option.Option<Checkpoint> => {
  const body = sealed.slice(65)
  return digest(body) === sealed.slice(0, 64) ? open(body) : Option.none()
}

/** Chooses among sealed checkpoints, newest first: what every store does when it loads. */
export const newestIntact = (
  name: string,
  fingerprint: string,
  sealed: ReadonlyArray<string>
): Effect.Effect<Option.Option<Checkpoint>, CheckpointError | CheckpointMismatch> =>
  Effect.gen(function*() {
    const intact = sealed.flatMap((text) => Option.toArray(unseal(text)))[0]
    if (intact === undefined) {
      if (sealed.length === 0) return Option.none()
      return yield* new CheckpointError({ message: `every checkpoint "${name}" is damaged` })
    }
    if (intact.fingerprint !== fingerprint) {
      return yield* new CheckpointMismatch({ name, stored: intact.fingerprint, wanted: fingerprint })
    }
    return Option.some(intact)
  })
