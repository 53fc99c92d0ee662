/**
 * What sources that a pipeline reads together wait for, beside the idle time-out: a side that has nothing to read holds the
 * others up no further than `maxDrift`, and of a side that is ahead no more than so many rows wait.
 */
import type { Decision } from "../records/Decision.ts"
import type { EventTime, Job } from "./Job.ts"

/** Rows of one source that are held at most while another one that is behind has still to be read. */
export const usualHeld = 1_000_000

/**
 * The decisions that are due where a run has an end, by offsets: a source that has been read to it is raised to the others of
 * its pipelines, less `maxDrift` milliseconds, and not for every batch of them. All such sources, unless told.
 */
export const endedSides = (
  job: Job,
  stopAt: ReadonlyArray<number>,
  maxDrift: number,
  sides: ReadonlyArray<EventTime> = job.eventTimes.filter((side) => isRead(side, stopAt))
): ReadonlyArray<Decision> =>
  sides.flatMap((side) => {
    const others = job.joinedWith(side).filter((other) => !isRead(other, stopAt))
    const reach = Math.min(...others.map(watermarkOf)) - maxDrift
    if (!Number.isFinite(reach)) return []
    return side.partitions.filter(({ watermark }) => watermark < reach - maxDrift / 4).map(({ next, partition }): Decision =>
      ({ _tag: "idle", partition, at: next, watermark: reach, eventTime: side.field, outOfOrderness: side.outOfOrderness }))
  })

/** The sources that have been read to their ends, and for which more rows of another one wait than may. */
export const holdingUp = (job: Job, ends: ReadonlyArray<number>, maxHeld: number): ReadonlyArray<EventTime> => {
  const counts = job.countsBySource
  const isFull = ({ source }: EventTime) => source !== null && (counts.get(source)?.held ?? 0) > maxHeld
  return job.eventTimes.filter((side) =>
    isRead(side, ends) && job.joinedWith(side).some((other) => isFull(other) && watermarkOf(other) > watermarkOf(side)))
}

/** Whether a source is to wait for others that are behind it, and that have not been read to the end of the run. */
export const isToWait = (job: Job, source: string, { maxHeld, stopAt }: {
  readonly maxHeld: number
  readonly stopAt: ReadonlyArray<number> | null
}): boolean => {
  if ((job.countsBySource.get(source)?.held ?? 0) <= maxHeld) return false
  return job.eventTimes.filter((side) => side.source === source).some((side) =>
    job.joinedWith(side).some((other) => watermarkOf(other) < watermarkOf(side) && (stopAt === null || !isRead(other, stopAt))))
}

const watermarkOf = ({ partitions }: EventTime): number => Math.min(...partitions.map(({ watermark }) => watermark))

export const isRead = ({ partitions }: EventTime, ends: ReadonlyArray<number>): boolean =>
  partitions.every(({ next, partition }) => next >= (ends[partition] ?? 0))
