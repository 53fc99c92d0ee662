/**
 * The log as a job reads it. Of several sources the next batch is that of the partition whose event time has come least far,
 * of those that have records: so two sources of which one has years of history and the other a day go through event time
 * together. One that is further ahead than `maxDrift` waits while another has records that are still to come; of each source
 * a few batches are held, so that the one that waits does not fill the memory. A source that has nothing to read holds
 * nobody up.
 */
import { Deferred, Duration, Effect, Option, Queue, Stream } from "effect"
import { EventLog, type EventLogError, type SourceLog } from "../ports/EventLog.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import { ofSource, readOf } from "../ports/SourceLogs.ts"
import type { Records } from "../records/Records.ts"
import type { Job } from "./Job.ts"

/** How far in event time one source is read ahead of another that has records. */
export const usualDrift: Duration.Input = "10 minutes"

/** How long what the log has said of its ends is taken for true, in milliseconds. */
const endsStand = 250

/** From where the job is, or from other offsets. */
export const read = (
  log: EventLog["Service"],
  job: Job,
  { from = job.offsets, isRead = () => true, isToWait = () => false, maxDrift = usualDrift }: {
    readonly from?: ReadonlyArray<number>
    /** Which sources are read, by their numbers; all by default. */
    readonly isRead?: (source: number) => boolean
    /** Whether one is to wait, by its name, however far event time has come in it; none by default. */
    readonly isToWait?: (source: string) => boolean
    readonly maxDrift?: Duration.Input | undefined
  } = {}
): Stream.Stream<Records, EventLogError> => {
  const { sources } = log
  if (sources === undefined) return log.read(from)
  return Stream.unwrap(Effect.map(
    openAll(sources, from, isRead),
    (readers) => Stream.fromEffectRepeat(nextOf({ log, job, readers, isToWait, maxDrift: Duration.toMillis(maxDrift) }))
  ))
}

/** A source on its way into the job: what comes next of it waits here. */
interface Reader {
  readonly source: number
  readonly batches: Queue.Queue<Records>
  next: Records | null
}

interface Readers {
  readonly all: ReadonlyArray<Reader>
  /** Has something when there may be more to take. */
  readonly arrivals: Queue.Queue<void>
  /** Fails when one of them cannot be read. */
  readonly failed: Deferred.Deferred<never, EventLogError>
}

const openAll = Effect.fnUntraced(function*(sources: ReadonlyArray<SourceLog>, from: ReadonlyArray<number>, isRead: (source: number) => boolean) {
  const arrivals = yield* Queue.sliding<void>(1)
  const failed = yield* Deferred.make<never, EventLogError>()
  const all: Array<Reader> = []
  for (const source of sources.keys()) {
    if (!isRead(source)) continue
    const batches = yield* Queue.bounded<Records>(1)
    const fill = readOf(sources, source, from).pipe(
      Stream.runForEach((records) => Effect.andThen(Queue.offer(batches, records), Queue.offer(arrivals, undefined))),
      Effect.catchCause((cause) => Deferred.failCause(failed, cause))
    )
    yield* Effect.forkScoped(fill)
    all.push({ source, batches, next: null })
  }
  const readers: Readers = { all, arrivals, failed }
  return readers
})

interface Reading {
  readonly log: EventLog["Service"]
  readonly job: Job
  readonly readers: Readers
  readonly isToWait: (source: string) => boolean
  readonly maxDrift: number
}

const nextOf = (reading: Reading): Effect.Effect<Records, EventLogError> => {
  const { job, log, readers: { all, arrivals, failed } } = reading
  const isToWait = ({ source }: Reader) => reading.isToWait(log.sources![source]!.name)
  const unread = unreadOf(reading)
  return Effect.gen(function*() {
    while (true) {
      // Also where the others have enough to read.
      if (Deferred.isDoneUnsafe(failed)) return yield* Deferred.await(failed)
      for (const reader of all) reader.next ??= Option.getOrNull(yield* Queue.poll(reader.batches))
      const { partitions } = job
      const slowest = all.reduce<Reader | null>((found, reader) =>
        reader.next === null || isToWait(reader) || (found !== null && watermarkOf(found, partitions) <= watermarkOf(reader, partitions)) ? found : reader, null)
      if (slowest === null) {
        // One that is to wait goes on when those that hold it up are raised.
        const isWaiting = all.some(({ next }) => next !== null)
        const more = Effect.raceFirst(Queue.take(arrivals), Deferred.await(failed))
        yield* isWaiting ? Effect.raceFirst(more, Effect.sleep(endsStand)) : more
        continue
      }
      const limit = watermarkOf(slowest, partitions) - reading.maxDrift
      const lagging = all.filter(({ next, source }) =>
        next === null && ofSource(partitions, source, sourcesOf(reading)).some(({ watermark }) => watermark < limit))
      if (lagging.length === 0 || !(yield* unread(lagging, limit))) {
        const { next } = slowest
        slowest.next = null
        return next!
      }
      yield* Effect.raceFirst(Queue.take(arrivals), Effect.raceFirst(Effect.sleep(endsStand), Deferred.await(failed)))
    }
  })
}

const sourcesOf = ({ log }: Reading): number => log.sources?.length ?? 1

/** How far event time has come in the partition that the next batch is of. */
const watermarkOf = ({ next }: Reader, partitions: Job["partitions"]): number =>
  next === null ? Infinity : partitions[next.partition]?.watermark ?? -Infinity

/** Whether sources have records to read in partitions whose event time has not come so far. */
const unreadOf = ({ job, log }: Reading) => {
  let ends: ReadonlyArray<number> = []
  let askedAt = -Infinity
  return Effect.fnUntraced(function*(lagging: ReadonlyArray<Reader>, limit: number) {
    const isUnread = () => {
      const { partitions } = job
      return lagging.some(({ source }) =>
        ofSource(partitions, source, log.sources?.length ?? 1).some(({ next, partition, watermark }) =>
          watermark < limit && next < (ends[partition] ?? 0)))
    }
    if (isUnread()) return true
    const now = yield* MonotonicTime.millis
    if (now < askedAt + endsStand) return false
    ends = yield* log.ends
    askedAt = now
    return isUnread()
  })
}
