/**
 * The log in the order in which it became known: by the time of append, over all its partitions, with each decision where it
 * was taken. A record is known when it and all before it in its partition were appended, so that what was known at a time is a
 * beginning of each partition. Nothing is changed, and what is appended meanwhile is not read.
 */
import { Effect, Pull, Stream } from "effect"
import { Decisions } from "../ports/Decisions.ts"
import type { Options as EngineOptions } from "../ports/Engine.ts"
import { EventLog, type EventLogError } from "../ports/EventLog.ts"
import { asKnownAt, type Decision, takenAt } from "../records/Decision.ts"
import { type Records, slice } from "../records/Records.ts"
import { Agenda } from "./Agenda.ts"
import { Job } from "./Job.ts"
import type { Watch, WatchTaken } from "./OperatorGraph.ts"
import { jobOf } from "./TakingUp.ts"

export interface Options extends Pick<EngineOptions, "maxTimeAhead" | "pipelines"> {
  /** Only what was known at this time, in milliseconds since the epoch; by default all. */
  readonly until?: number
  /** Sees the rows that come to the last windows of each pipeline. */
  readonly watch?: Watch
  /** Sees what has become of the rows of these windows that take back others. */
  readonly watchTaken?: WatchTaken
}

/** What is to be taken next, and when it became known. Records that became known at several times are in several pieces. */
export interface Piece {
  readonly part: Records | Decision
  readonly knownAt: number
}

/** Hands over piece by piece, each to be taken by the job before the next. Gives the job at the end. */
export const run = Effect.fnUntraced(function*<E, R>(options: Options, take: (piece: Piece, job: Job) => Effect.Effect<void, E, R>) {
  const log = yield* EventLog
  const until = options.until ?? Infinity
  const job = jobOf(options, log)
  const decisions = (yield* (yield* Decisions).read).flatMap((decision) => asKnownAt(decision, until) ?? [])
  const agenda = new Agenda(decisions, log.partitions)
  const partitions = yield* openAll(log)
  let knownAt = -Infinity
  for (let next = earliest(partitions); next !== null && next.knownAt <= until; next = earliest(partitions)) {
    knownAt = next.knownAt
    for (const part of agenda.weave(next.take(knownAt), () => job.offsets, knownAt)) {
      yield* take({ part, knownAt: "_tag" in part ? takenAt(part) ?? knownAt : knownAt }, job)
    }
    yield* next.fill
  }
  for (const decision of agenda.due(job.offsets)) yield* take({ part: decision, knownAt: takenAt(decision) ?? knownAt }, job)
  return job
}, Effect.scoped)

/** Of partitions that became known at one time the first is the next. */
const earliest = (partitions: ReadonlyArray<Partition>): Partition | null => {
  let found: Partition | null = null
  for (const partition of partitions) {
    if (!partition.isAtEnd && (found === null || partition.knownAt < found.knownAt)) found = partition
  }
  return found
}

const openAll = Effect.fnUntraced(function*(log: EventLog["Service"]) {
  const ends = yield* log.ends
  const beginnings = yield* log.beginnings ?? Effect.succeed([])
  return yield* Effect.forEach(ends, (end, index) => open(log, ends, { partition: index, from: beginnings[index] ?? 0, end }))
})

interface Bounds {
  readonly partition: number
  readonly from: number
  readonly end: number
}

const open = Effect.fnUntraced(function*(log: EventLog["Service"], ends: ReadonlyArray<number>, { end, from, partition }: Bounds) {
  if (from >= end) return new Partition(Effect.die("a broken invariant: a partition without records was read"), end, end)
  // The others have nothing to read before their ends.
  const records = log.read(ends.with(partition, from)).pipe(Stream.filter((records) => records.partition === partition && records.length > 0))
  const opened = new Partition(yield* Stream.toPull(records), from, end)
  yield* opened.fill
  return opened
})

/** A partition on its way from its beginning to its end. */
class Partition {
  readonly #pull: Pull.Pull<ReadonlyArray<Records>, EventLogError, void>
  readonly #end: number
  #next: number
  #waiting: Array<Records> = []
  /** When what comes next became known. */
  knownAt = -Infinity

  constructor(pull: Pull.Pull<ReadonlyArray<Records>, EventLogError, void>, next: number, end: number) {
    this.#pull = pull
    this.#next = next
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#end
  }

  /** Waits until it is known what comes next. */
  readonly fill: Effect.Effect<void, EventLogError> = Effect.suspend(() => {
    if (this.isAtEnd) return Effect.void
    const [head] = this.#waiting
    if (head !== undefined) return Effect.sync(() => void (this.knownAt = Math.max(this.knownAt, head.appendedAt[0]!)))
    return this.#pull.pipe(
      Pull.catchDone(() => Effect.die("a broken invariant: a log has ended")),
      Effect.flatMap((more) => {
        this.#waiting.push(...more)
        return this.fill
      })
    )
  })

  /** The records that became known at that time. */
  take(knownAt: number): Records {
    const head = this.#waiting.shift()!
    let to = 1
    while (to < head.length && head.appendedAt[to]! <= knownAt && head.offsets[to]! < this.#end) to++
    if (to < head.length) this.#waiting.unshift(slice(head, to, head.length))
    this.#next = head.offsets[to - 1]! + 1
    return slice(head, 0, to)
  }
}
