/** The ports of a process over stores that outlive it, each request with whatever may go wrong with it. */
import { Effect, Layer, Option, Stream } from "effect"
import { CheckpointError } from "../../streams/ports/Checkpoint.ts"
import { newestIntact, pack } from "../../streams/ports/CheckpointParts.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { DeadLetters, DeadLettersError } from "../../streams/ports/DeadLetters.ts"
import { Decisions, DecisionsError } from "../../streams/ports/Decisions.ts"
import { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import { identityOf } from "../../streams/records/Decision.ts"
import { type Chunk, type Kind, type Records, valueAt } from "../../streams/records/Records.ts"
import type { Faults, Request } from "./Faults.ts"
import type { Process } from "./Process.ts"
import type { Stored, StoredLog } from "./StoredLog.ts"
import type { Stores } from "./Stores.ts"
import type { World } from "./World.ts"

/** A process and what it has to do with. */
export interface Simulated {
  readonly world: World
  readonly stores: Stores
  readonly faults: Faults
  readonly process: Process
  readonly complain: (problem: string) => void
  /** Whether it still has its place: what has lost it writes nothing any more, but for what is on its way. */
  readonly hasPlace: () => boolean
}

/** What an event log does besides: whether its appends are prompt. */
export interface LogOptions {
  readonly topic: string
  readonly isPrompt: boolean
}

/**
 * One process at a time feeds a log from a feed that goes on where the log's position is: a folder is locked by its writer,
 * and docs/kafka.md asks for it of a topic. In a world with two every line is in the log twice, as nowhere else, so this tells
 * of it; and a run that still appends when its successor has begun is a fault of the program.
 */
export const logLayer = ({ complain, faults, process }: Simulated, log: StoredLog, { isPrompt, topic }: LogOptions) => {
  const request = <A>(request: Request<A>) => faults.request(process, { isPrompt, ...request }, (message) => new EventLogError({ message }))
  // Those that are added later are found by who starts after that.
  const partitions = log.partitions.length
  return Layer.succeed(EventLog, {
    topic,
    id: topic,
    partitions,
    append: (partition: number, chunk: Chunk) =>
      request({
        name: "append",
        isWrite: true,
        apply: () => {
          if (log.fedBy !== process) complain("a process appends to a log that another feeds by now")
          const first = log.append(partition, storedOf(chunk, process.currentTimeMillisUnsafe()))
          if (chunk.position !== undefined) log.position = chunk.position
          return first
        }
      }),
    read: (from: ReadonlyArray<number>): Stream.Stream<Records, EventLogError> =>
      Stream.suspend(() => {
        const reading = new Reading({ faults, log, partitions, from })
        return Stream.fromIterableEffectRepeat(Effect.gen(function*() {
          while (true) {
            const found = reading.some()
            if (found.length > 0) return found
            yield* Effect.callback<void>((resume) => {
              const wake = () => process.schedule(() => resume(Effect.void))
              // It may have been taken off its turn since it looked.
              if (reading.isBehind) wake()
              else log.onAppend(wake)
            })
          }
        }))
      }),
    ends: Effect.suspend(() => request({ name: "ends", apply: () => log.ends.slice(0, partitions) })),
    position: Effect.suspend(() =>
      request({
        name: "position",
        apply: () => {
          log.fedBy = process
          return Option.fromUndefinedOr(log.position)
        }
      }))
  })
}

const storedOf = (chunk: Chunk, appendedAt: number): ReadonlyArray<Stored> =>
  Array.from({ length: chunk.length }, (_, index) => ({
    bytes: valueAt(chunk, index).slice(),
    // The bytes of a chunk are those of the kinds that there are.
    kind: chunk.kinds[index] as Kind,
    appendedAt
  }))

/** One reader of a log: it prefers one partition, as fetches do that are answered by brokers of different speeds. */
class Reading {
  readonly #faults: Faults
  readonly #log: StoredLog
  readonly #next: Array<number>
  readonly #preferred: number
  readonly #largest: number

  constructor({ faults, from, log, partitions }: {
    readonly faults: Faults
    readonly log: StoredLog
    readonly partitions: number
    readonly from: ReadonlyArray<number>
  }) {
    this.#faults = faults
    this.#log = log
    this.#next = Array.from({ length: partitions }, (_, partition) => from[partition] ?? 0)
    this.#preferred = faults.below(partitions)
    this.#largest = 1 + faults.below(16)
  }

  get isBehind(): boolean {
    return this.#behind.length > 0
  }

  get #behind(): ReadonlyArray<number> {
    return this.#next.flatMap((next, partition) => next < this.#log.partitions[partition]!.length ? [partition] : [])
  }

  /** A batch each of some partitions, in any order. */
  some(): ReadonlyArray<Records> {
    const behind = this.#behind
    const first = behind.includes(this.#preferred) ? this.#preferred : behind[this.#faults.below(behind.length)]
    return first === undefined ? [] : [this.#batch(first), ...behind.flatMap((other) => other !== first && this.#faults.below(3) === 0 ? [this.#batch(other)] : [])]
  }

  /** Now and then with a record that was read before. */
  #batch(partition: number): Records {
    const from = this.#next[partition]!
    const have = this.#log.partitions[partition]!.length - from
    const start = from > 0 && this.#faults.happens(0.05) ? from - 1 : from
    const end = from + 1 + this.#faults.below(Math.min(have, this.#largest))
    this.#next[partition] = end
    return this.#log.records(partition, start, end)
  }
}

/** Whoever has read what was decided goes on from there: nobody before it decides any more. */
export const decisionsLayer = ({ complain, faults, hasPlace, process, stores }: Simulated) => {
  const toError = (message: string) => new DecisionsError({ message })
  const readAll = () => {
    if (hasPlace()) stores.decidedBy = process
    return [...stores.decisions.values()]
  }
  return Layer.succeed(Decisions, {
    processor: "simulated",
    readOf: () => Effect.succeed([]),
    read: faults.request(process, { name: "decisions", apply: readAll }, toError),
    write: (decisions) =>
      whileInPlace(hasPlace, toError, (isRefused) =>
        faults.request(process, {
          name: "decide",
          isWrite: true,
          apply: () => {
            if (isRefused()) return
            if (stores.decidedBy !== process) complain("a process decides where another has begun")
            for (const decision of decisions) stores.decisions.set(identityOf(decision), decision)
          }
        }, toError))
  })
}

/** Of what only who has a place may write: the store refuses it, however late it comes. */
export const whileInPlace = <E>(
  hasPlace: () => boolean,
  toError: (message: string) => E,
  write: (isRefused: () => boolean) => Effect.Effect<void, E>
): Effect.Effect<void, E> =>
  Effect.suspend(() => {
    let wasRefused = false
    const isRefused = () => wasRefused = !hasPlace()
    if (isRefused()) return Effect.fail(toError("planted: another has the place"))
    return Effect.andThen(write(isRefused), Effect.suspend(() => wasRefused ? Effect.fail(toError("planted: another has the place")) : Effect.void))
  })

export const checkpointsLayer = ({ faults, hasPlace, process, stores }: Simulated) => {
  const toError = (message: string) => new CheckpointError({ message })
  return Layer.succeed(CheckpointStore, {
    save: (name, part) =>
      whileInPlace(hasPlace, toError, (isRefused) => {
        const saved = stores.checkpointsOf(name)
        // Where it belongs is said when it is begun: one that comes late is no part of what was begun after it.
        const place = saved.next(part.isBase)
        const chunks = [...pack(part)]
        return faults.request(process, {
          name: "save",
          isWrite: true,
          apply: () => {
            // Rotten since: its checksum tells.
            const kept = faults.happens(0.03) ? chunks.map((chunk) => damaged(chunk, faults.below(chunk.length))) : chunks
            if (!isRefused()) saved.keep(place, kept, part.head)
          },
          // Torn in the writing.
          half: () => {
            if (!isRefused()) saved.keep(place, chunks.map((chunk) => chunk.subarray(0, faults.below(chunk.length))), null)
          }
        }, toError)
      }),
    load: (name) =>
      faults.request(process, { name: "load", apply: () => stores.checkpointsOf(name).chains }, toError).pipe(
        Effect.flatMap((chains) => newestIntact(name, chains)),
        // Where both are damaged a user computes everything again.
        Effect.catchIf((error) => error.message.includes("damaged"), () => Effect.sync(() => {
          stores.checkpointsOf(name).clear()
          return Option.none()
        }))
      ),
    heads: Effect.sync(() => stores.heads),
    remove: (name) => Effect.sync(() => stores.checkpointsOf(name).clear())
  })
}

/** A bit of one byte is another. */
const damaged = (chunk: Uint8Array, at: number): Uint8Array => chunk.map((byte, index) => index === at ? byte ^ 4 : byte)

export const lettersLayer = ({ faults, hasPlace, process, stores }: Simulated) =>
  Layer.succeed(DeadLetters, {
    write: (letters) => {
      const keep = (letter: (typeof letters)[number]) => {
        if (!hasPlace()) stores.overtakenLetters.add(letter)
        stores.keepLetter(letter)
      }
      const apply = () => letters.forEach(keep)
      const request = { name: "letters", isWrite: true, mayComeLate: true, apply, half: halfOf(letters, keep) }
      return faults.request(process, request, (message) => new DeadLettersError({ message }))
    },
    read: () => Effect.sync(() => [...stores.letters.values()]),
    remove: () => Effect.void
  })

/** The first half of a list that has one. */
export const halfOf = <A>(all: ReadonlyArray<A>, each: (one: A) => void): (() => void) | undefined =>
  all.length < 2 ? undefined : () => all.slice(0, all.length >> 1).forEach(each)
