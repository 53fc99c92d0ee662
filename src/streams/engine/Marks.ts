/**
 * How far event time has come, as decisions at the place up to which a job has read. To a run that has read what came
 * before they say nothing new; to one that begins there they say what is late.
 */
import type { Decision } from "../records/Decision.ts"
import type { Job } from "./Job.ts"

/** One for each partition and field that event times are read from, where there has been an event. */
export const marksOf = ({ eventTimes }: Job): ReadonlyArray<Decision> =>
  eventTimes.flatMap(({ field, outOfOrderness, partitions }) =>
    partitions.flatMap(({ next, partition, watermark }): ReadonlyArray<Decision> =>
      Number.isFinite(watermark) ? [{ _tag: "idle", partition, at: next, watermark, eventTime: field, outOfOrderness }] : []))
