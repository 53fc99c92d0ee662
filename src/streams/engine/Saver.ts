/**
 * Saves the checkpoints of a run while the run goes on. The state is looked at when one begins, and written beside the work
 * that follows; the next begins when that is over, and not before nineteen times the time have gone by that this one has
 * taken from the work: so checkpoints cost a twentieth of it at most, however large the state.
 */
import { Clock, Deferred, Duration, Effect, Metric } from "effect"
import type { CheckpointError } from "../ports/Checkpoint.ts"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { EventLog } from "../ports/EventLog.ts"
import { Decisions, type DecisionsError } from "../ports/Decisions.ts"
import { fingerprintsOf, type Job } from "./Job.ts"
import { marksOf } from "./Marks.ts"
import * as Resumption from "./Resumption.ts"
import { histogram } from "./Run.ts"
import { sourcesIn } from "./SavedOffsets.ts"
import type { Section } from "./Snapshot.ts"

export interface Options {
  /** Under this name they are kept. */
  readonly name: string
  readonly job: Job
  /** Milliseconds between two of them at least. */
  readonly every: number
  /** How often one is marked in the log of decisions; see `Engine.Options`. */
  readonly markEvery: Duration.Input | undefined
}

export interface Saver {
  /**
   * Begins a checkpoint of what so many batches have led to, if one is due and there is anything new. Called where the
   * panes and rows of all that was taken are in their sinks.
   */
  readonly saveIfDue: (taken: number) => Effect.Effect<void>
  /** Waits for the one that is being written, and saves what it does not cover. */
  readonly saveLast: (taken: number) => Effect.Effect<void, CheckpointError | DecisionsError>
  /** Never ends, unless one cannot be written. */
  readonly failed: Effect.Effect<never, CheckpointError | DecisionsError>
}

/** What was taken from the work is at most one part of so many. */
const share = 20

const savingTime = histogram("courant_checkpoint_duration_seconds", "Saving offsets and state, beside the work that goes on")
const blockingTime = Metric.histogram("courant_checkpoint_blocking_seconds", {
  description: "The longest time for which a checkpoint has kept the work from going on",
  boundaries: Metric.exponentialBoundaries({ start: 0.001, factor: 2, count: 12 })
})
const savedBytes = Metric.counter("courant_checkpoint_bytes_total", { description: "State written into checkpoints", incremental: true })

export const make = Effect.fnUntraced(function*({ every, job, markEvery, name }: Options) {
  const store = yield* CheckpointStore
  const log = yield* EventLog
  const decisions = yield* Decisions
  const clock = yield* Clock.Clock
  const sinks = yield* Resumption.storeIds
  const failed = yield* Deferred.make<never, CheckpointError | DecisionsError>()
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const sizes = { base: 0, since: 0 }
  let isBaseDue = true
  let [covered, dueAt] = [0, now()]
  let markAt = markEvery === undefined ? Infinity : now()
  /** Done when the one that is being written is over; `null` where none is. */
  let writing: Deferred.Deferred<void> | null = null

  /** Looks at the state, and gives what is left to do. */
  const begin = (taken: number): Effect.Effect<void, CheckpointError | DecisionsError> => {
    const isBase = isBaseDue
    const begunAt = now()
    const sections = new Timed(job.checkpoint(isBase), now)
    const marks = begunAt < markAt ? [] : marksOf(job)
    sections.spend(now() - begunAt)
    const head = { pipelines: fingerprintsOf(job.pipelines), savedAt: clock.currentTimeMillisUnsafe(), processor: decisions.processor, log: log.id, ...sourcesIn(log), sinks, offsets: job.offsets }
    return Effect.gen(function*() {
      // Whatever ends it early has taken sections that nobody has kept.
      isBaseDue = true
      yield* store.save(name, { head, isBase, sections }).pipe(Effect.trackDuration(savingTime, Duration.toSeconds))
      sizes.base = isBase ? sections.bytes : sizes.base
      sizes.since = isBase ? 0 : sizes.since + sections.bytes
      isBaseDue = sizes.since > sizes.base
      covered = taken
      if (marks.length > 0) {
        markAt = begunAt + Duration.toMillis(markEvery ?? Duration.infinity)
        yield* decisions.write(marks)
      }
      dueAt = Math.max(begunAt + every, now() + sections.spent * (share - 1))
      yield* Metric.update(blockingTime, sections.longest / 1_000)
      yield* Metric.update(savedBytes, sections.bytes)
    })
  }

  const saver: Saver = {
    saveIfDue: (taken) =>
      Effect.suspend(() => {
        if (writing !== null || covered === taken || now() < dueAt) return Effect.void
        const over = Deferred.makeUnsafe<void>()
        // Before it is begun: it may be over before anybody hears that it was.
        writing = over
        const written = begin(taken).pipe(
          Effect.catch((error) => Deferred.fail(failed, error)),
          Effect.ensuring(Effect.suspend(() => {
            writing = null
            return Deferred.succeed(over, undefined)
          }))
        )
        return Effect.asVoid(Effect.forkDetach(Effect.interruptible(written)))
      }).pipe(Effect.uninterruptible),
    saveLast: (taken) =>
      Effect.suspend(() => writing === null ? Effect.void : Deferred.await(writing)).pipe(
        Effect.andThen(Effect.suspend(() => covered === taken ? Effect.void : begin(taken)))
      ),
    failed: Deferred.await(failed)
  }
  return saver
})

/** Sections, and what it takes to make them. */
class Timed implements Iterable<Section> {
  readonly #sections: Iterable<Section>
  readonly #now: () => number
  bytes = 0
  /** Milliseconds, of all and of the longest. */
  spent = 0
  longest = 0

  constructor(sections: Iterable<Section>, now: () => number) {
    this.#sections = sections
    this.#now = now
  }

  spend(time: number): void {
    this.spent += time
    this.longest = Math.max(this.longest, time)
  }

  *[Symbol.iterator](): Generator<Section> {
    const sections = this.#sections[Symbol.iterator]()
    while (true) {
      const begunAt = this.#now()
      const { done, value } = sections.next()
      this.spend(this.#now() - begunAt)
      if (done === true) return
      this.bytes += value[1]?.length ?? 0
      yield value
    }
  }
}
