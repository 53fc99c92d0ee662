/** Minutes of which only samples of the price have been fed, or nothing, and not yet Yahoo's own bar. Pure. */
import { Schema } from "effect"
import { minute } from "../../domain/Bar.ts"

/**
 * Runs of minutes, short enough for a position: the number of the first minute since the epoch, and what has been fed of it and
 * of those after it, in units; {@link gap} where nothing of a minute has been seen, null where its volume is of an earlier session.
 */
export const Samples = Schema.Array(Schema.NonEmptyArray(Schema.NullOr(Schema.Int)))

export type Samples = typeof Samples.Type

export const gap = -1

/** Volumes by the starts of minutes, oldest first. */
export type Minutes = ReadonlyMap<number, number | null>

export const minutesOf = (samples: Samples = []): Map<number, number | null> =>
  new Map(samples.flatMap(([first, ...volumes]) =>
    volumes.map((volume, index): [number, number | null] => [((first ?? 0) + index) * minute, volume])))

/** The entry's part for these minutes; without any there is none. */
export const ofMinutes = (minutes: Minutes): { readonly samples?: Samples } => {
  const runs: Array<[number | null, ...Array<number | null>]> = []
  let next = Number.NaN
  for (const [start, volume] of [...minutes].sort(([a], [b]) => a - b)) {
    const number = start / minute
    if (number === next) runs.at(-1)!.push(volume)
    else runs.push([number, volume])
    next = number + 1
  }
  return runs.length === 0 ? {} : { samples: runs }
}

export const startOf = (time: number): number => Math.floor(time / minute) * minute

/** What has been fed of a session's minute. */
export const volumeOf = (volume: number | null | undefined): number => Math.max(0, volume ?? 0)

/** What all records of a symbol's minute are called, and by which its bar replaces them. */
export const idOf = (start: number): string => `yahoo/${new Date(start).toISOString().slice(0, 16)}Z`
