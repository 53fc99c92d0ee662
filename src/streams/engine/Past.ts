/**
 * The log in the order in which it became known: by the time of append, over all its partitions, with each decision where it
 * was taken. A record is known when it and all before it in its partition were appended, so that what was known at a time is a
 * beginning of each partition. Nothing is changed, and what is appended meanwhile is not read. A run begins at the beginning of
 * the log, or where another one has left a snapshot.
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
import { decidedBy, type PastSnapshot } from "./PastSnapshots.ts"
import { jobOf } from "./TakingUp.ts"

export interface Options<S extends PastSnapshot = PastSnapshot, E = never, R = never> extends Pick<EngineOptions, "maxTimeAhead" | "pipelines"> {
  /** Only what was known at this time, in milliseconds since the epoch; by default all. */
  readonly until?: number
  /** Sees the rows that come to the last windows of each pipeline. */
  readonly watch?: Watch
  /** Sees what has become of the rows of these windows that take back others. */
  readonly watchTaken?: WatchTaken
  /** Where it may begin: the first of these that is of this log as it is, with the decisions that are known. */
  readonly from?: ReadonlyArray<S>
  /** Told with which of them it begins, which the job has by then; `null` with none. */
  readonly onBegin?: (snapshot: S | null, job: Job) => void
  /** Comes by between pieces, where a snapshot can be made. */
  readonly atRest?: (rest: Rest) => Effect.Effect<void, E, R>
  /** Whether nothing behind is of interest. */
  readonly isOver?: (job: Job) => boolean
}

/** A moment between two pieces. */
export interface Rest {
  /** Records that were taken, those before a snapshot among them. */
  readonly read: number
  readonly snapshot: Effect.Effect<PastSnapshot>
}

/** What is to be taken next, and when it became known. Records that became known at several times are in several pieces. */
export interface Piece {
  readonly part: Records | Decision
  readonly knownAt: number
}

/** Hands over piece by piece, each to be taken by the job before the next. Gives the job at the end. */
export const run = Effect.fnUntraced(function*<E, R, S extends PastSnapshot = PastSnapshot, E2 = never, R2 = never>(
  options: Options<S, E2, R2>,
  take: (piece: Piece, job: Job) => Effect.Effect<void, E, R>
) {
  const log = yield* EventLog
  const until = options.until ?? Infinity
  const job = jobOf(options, log)
  const decisions = (yield* (yield* Decisions).read).flatMap((decision) => asKnownAt(decision, until) ?? [])
  const agenda = new Agenda(decisions, log.partitions)
  const beginnings = yield* log.beginnings ?? Effect.succeed([])
  const begun = options.from?.find((each) => isUsable(each, { decisions, beginnings, until }) && job.restore(each.sections)) ?? null
  if (begun !== null) agenda.skip(begun.offsets, begun.readAt)
  options.onBegin?.(begun, job)
  const partitions = yield* openAll(log, beginnings, begun)
  const position = new Position(begun)
  for (let next = earliest(partitions); next !== null && next.knownAt <= until; next = earliest(partitions)) {
    position.readAt = next.knownAt
    for (const part of agenda.weave(next.take(next.knownAt), () => job.offsets, next.knownAt)) {
      yield* take(position.pieceOf(part), job)
    }
    yield* next.fill
    if (options.isOver?.(job) === true) return job
    if (options.atRest !== undefined) yield* options.atRest(position.rest({ job, partitions, decisions }))
  }
  for (const decision of agenda.due(job.offsets)) yield* take(position.pieceOf(decision), job)
  return job
}, Effect.scoped)

/** How far a run has come. */
class Position {
  /** When the records that were read last became known. */
  readAt: number
  #knownAt: number
  readonly #lastAts: Map<number, number>
  #hasEnded: boolean

  constructor(begun: PastSnapshot | null) {
    this.readAt = begun?.readAt ?? -Infinity
    this.#knownAt = begun?.knownAt ?? -Infinity
    this.#lastAts = new Map(begun?.lastAts)
    this.#hasEnded = begun?.hasEnded ?? false
  }

  pieceOf(part: Records | Decision): Piece {
    const knownAt = "_tag" in part ? takenAt(part) ?? this.readAt : this.readAt
    this.#knownAt = Math.max(this.#knownAt, knownAt)
    if (!("_tag" in part)) this.#lastAts.set(part.partition, knownAt)
    else if (part._tag === "end") this.#hasEnded = true
    return { part, knownAt }
  }

  rest({ decisions, job, partitions }: { readonly job: Job; readonly partitions: ReadonlyArray<Partition>; readonly decisions: ReadonlyArray<Decision> }): Rest {
    return {
      read: job.offsets.reduce((sum, offset) => sum + offset, 0),
      snapshot: Effect.map(sectionsOf(job), (sections) => ({
        sections,
        offsets: job.offsets,
        knownAts: partitions.map(({ knownAt }) => knownAt),
        lastAts: new Map(this.#lastAts),
        readAt: this.readAt,
        knownAt: this.#knownAt,
        reached: Math.max(-Infinity, ...job.timelines.flatMap((timeline) => timeline.partitions.map(({ latest, watermark }) => Math.max(latest, watermark)))),
        hasEnded: this.#hasEnded,
        decided: decidedBy(decisions, this.#knownAt)
      }))
    }
  }
}

const sectionsOf = Effect.fnUntraced(function*(job: Job) {
  const sections = new Map<string, Uint8Array>()
  for (const [id, bytes] of job.checkpoint(true)) {
    if (bytes !== null) sections.set(id, bytes)
    yield* Effect.yieldNow
  }
  return sections
})

interface Known {
  readonly decisions: ReadonlyArray<Decision>
  readonly beginnings: ReadonlyArray<number>
  readonly until: number
}

/** Whether it is of a beginning of this log, all of what follows is still there, and what was decided is what is known of it now. */
const isUsable = ({ decided, knownAt, offsets }: PastSnapshot, { beginnings, decisions, until }: Known): boolean =>
  knownAt <= until && offsets.every((offset, partition) => offset >= (beginnings[partition] ?? 0) || offset === 0) &&
  decided === decidedBy(decisions, knownAt)

/** Of partitions that became known at one time the first is the next. */
const earliest = (partitions: ReadonlyArray<Partition>): Partition | null => {
  let found: Partition | null = null
  for (const partition of partitions) {
    if (!partition.isAtEnd && (found === null || partition.knownAt < found.knownAt)) found = partition
  }
  return found
}

const openAll = Effect.fnUntraced(function*(log: EventLog["Service"], beginnings: ReadonlyArray<number>, begun: PastSnapshot | null) {
  const ends = yield* log.ends
  return yield* Effect.forEach(ends, (end, partition) => {
    const from = Math.max(beginnings[partition] ?? 0, begun?.offsets[partition] ?? 0)
    return open(log, ends, { partition, from, end, knownAt: begun?.knownAts[partition] ?? -Infinity })
  })
})

interface Bounds {
  readonly partition: number
  readonly from: number
  readonly end: number
  /** When what comes before became known. */
  readonly knownAt: number
}

const open = Effect.fnUntraced(function*(log: EventLog["Service"], ends: ReadonlyArray<number>, bounds: Bounds) {
  const { end, from, partition } = bounds
  if (from >= end) return new Partition(Effect.die("a broken invariant: a partition without records was read"), bounds)
  // The others have nothing to read before their ends.
  const records = log.read(ends.with(partition, from)).pipe(Stream.filter((records) => records.partition === partition && records.length > 0))
  const opened = new Partition(yield* Stream.toPull(records), bounds)
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
  knownAt: number

  constructor(pull: Pull.Pull<ReadonlyArray<Records>, EventLogError, void>, { end, from, knownAt }: Bounds) {
    this.#pull = pull
    this.#next = from
    this.#end = end
    this.knownAt = knownAt
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
