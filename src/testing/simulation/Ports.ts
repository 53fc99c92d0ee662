/** The ports of a processor over stores that outlive it, each request with whatever may go wrong with it. */
import { Effect, Layer, Option, Stream } from "effect"
import { extended, newestIntact, pack } from "../../streams/ports/CheckpointParts.ts"
import { CheckpointError } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { DeadLetters, DeadLettersError } from "../../streams/ports/DeadLetters.ts"
import { Decisions, DecisionsError } from "../../streams/ports/Decisions.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { Monitor } from "../../streams/ports/Monitor.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { identityOf } from "../../streams/records/Decision.ts"
import { type Chunk, type Kind, type Records, valueAt } from "../../streams/records/Records.ts"
import type { Faults } from "./Faults.ts"
import { recordsOf, type Stored, type Stores } from "./Stores.ts"
import type { World } from "./World.ts"

export interface Simulated {
  readonly world: World
  readonly stores: Stores
  readonly faults: Faults
  /** Whether this processor still has its place: what has lost it writes neither checkpoints nor decisions. */
  readonly hasPlace: () => boolean
}

export const layer = (simulated: Simulated) =>
  Layer.mergeAll(logLayer(simulated), decisionsLayer(simulated), checkpointsLayer(simulated), sinkLayer(simulated), lettersLayer(simulated), Monitor.layer)

/** The first half of a list that has one. */
const halfOf = <A>(all: ReadonlyArray<A>, each: (one: A) => void): (() => void) | undefined =>
  all.length < 2 ? undefined : () => all.slice(0, all.length >> 1).forEach(each)

const logLayer = ({ faults, stores, world }: Simulated) => {
  const request = <A>(apply: () => A) => faults.request({ apply }, (message) => new EventLogError({ message }))
  const partitions = stores.log.length
  return Layer.succeed(EventLog, {
    topic: "simulated",
    id: "simulated",
    partitions,
    append: (partition: number, chunk: Chunk) =>
      request(() => {
        const first = stores.append(partition, storedOf(chunk, world.currentTimeMillisUnsafe()))
        if (chunk.position !== undefined) stores.position = chunk.position
        return first
      }),
    read: (from: ReadonlyArray<number>): Stream.Stream<Records, EventLogError> =>
      Stream.suspend(() => {
        const next = Array.from({ length: partitions }, (_, partition) => from[partition] ?? 0)
        return Stream.fromIterableEffectRepeat(Effect.gen(function*() {
          while (true) {
            const found = next.flatMap((_, partition) => some({ faults, next, partition, stores }))
            if (found.length > 0) return found
            yield* Effect.callback<void>((resume) => stores.onAppend(() => resume(Effect.void)))
          }
        }))
      }),
    ends: Effect.suspend(() => request(() => stores.log.slice(0, partitions).map(({ length }) => length))),
    position: Effect.sync(() => Option.fromUndefinedOr(stores.position))
  })
}

const storedOf = (chunk: Chunk, appendedAt: number): ReadonlyArray<Stored> =>
  Array.from({ length: chunk.length }, (_, index) => ({
    bytes: valueAt(chunk, index).slice(),
    // The bytes of a chunk are those of the kinds that there are.
    kind: chunk.kinds[index] as Kind,
    appendedAt
  }))

/** A batch of what a partition has behind what was read; now and then with a record that was read before. */
const some = ({ faults, next, partition, stores }: Pick<Simulated, "faults" | "stores"> & {
  readonly next: Array<number>
  readonly partition: number
}): ReadonlyArray<Records> => {
  const from = next[partition]!
  const have = stores.log[partition]!.length - from
  if (have <= 0) return []
  const start = from > 0 && faults.happens(0.05) ? from - 1 : from
  const end = from + 1 + faults.below(Math.min(have, 8))
  next[partition] = end
  return [recordsOf(stores.log[partition]!.slice(start, end), partition, start)]
}

const decisionsLayer = ({ faults, hasPlace, stores }: Simulated) =>
  Layer.succeed(Decisions, {
    processor: "simulated",
    readOf: () => Effect.succeed([]),
    read: Effect.sync(() => [...stores.decisions.values()]),
    write: (decisions) =>
      fenced(hasPlace, (message) => new DecisionsError({ message }), faults.request({
        apply: () => {
          for (const decision of decisions) stores.decisions.set(identityOf(decision), decision)
        }
      }, (message) => new DecisionsError({ message })))
  })

const checkpointsLayer = ({ faults, hasPlace, stores }: Simulated) => {
  const toError = (message: string) => new CheckpointError({ message })
  return Layer.succeed(CheckpointStore, {
    save: (_name, part) =>
      fenced(hasPlace, toError, Effect.suspend(() => {
        const chunks = [...pack(part)]
        return faults.request({
          apply: () => {
            // Torn in the writing, or rotten since: its checksum tells.
            const kept = faults.happens(0.03) ? chunks.map((chunk) => damaged(chunk, faults.below(chunk.length))) : chunks
            stores.checkpoints = extended(stores.checkpoints, part.isBase, kept)
          }
        }, toError)
      })),
    load: (name) =>
      Effect.suspend(() => newestIntact(name, stores.checkpoints)).pipe(
        // Where both are damaged a user computes everything again.
        Effect.catchTag("CheckpointError", () => Effect.sync(() => {
          stores.checkpoints = []
          return Option.none()
        }))
      ),
    heads: Effect.sync(() => new Map()),
    remove: () => Effect.sync(() => void (stores.checkpoints = []))
  })
}

/** A bit of one byte is another. */
const damaged = (chunk: Uint8Array, at: number): Uint8Array => chunk.map((byte, index) => index === at ? byte ^ 4 : byte)

const fenced = <A, E>(hasPlace: () => boolean, toError: (message: string) => E, request: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => hasPlace() ? request : Effect.fail(toError("planted: another has the place")))

const sinkLayer = ({ faults, stores }: Simulated) => {
  const read = Effect.sync(() => [...stores.panes.values()])
  return Layer.succeed(ResultSink, {
    write: (panes) => {
      const encoded = panes.map(Pane.encode)
      const keep = (pane: Pane.Encoded) => stores.keepPane(pane)
      const apply = () => encoded.forEach(keep)
      return faults.request({ apply, half: halfOf(encoded, keep), mayComeLate: true }, (message) => new ResultSinkError({ message }))
    },
    read: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    recall: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    remove: () => Effect.void
  })
}

const lettersLayer = ({ faults, stores }: Simulated) =>
  Layer.succeed(DeadLetters, {
    write: (letters) => {
      const keep = (letter: (typeof letters)[number]) => stores.keepLetter(letter)
      const apply = () => letters.forEach(keep)
      return faults.request({ apply, half: halfOf(letters, keep), mayComeLate: true }, (message) => new DeadLettersError({ message }))
    },
    read: () => Effect.sync(() => [...stores.letters.values()]),
    remove: () => Effect.void
  })
