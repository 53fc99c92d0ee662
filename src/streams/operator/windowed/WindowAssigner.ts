/**
 * Where the windows of a pipeline lie. Time is cut into slices that no window cuts through;
 * a window is a run of slices. The arithmetic is Spark's: the remainder of a time before
 * the epoch is taken from below.
 */
import { DateTime } from "effect"
import { greatestCommonDivisor } from "../../pipeline/check/Windows.ts"
import type { Unit, Window } from "../../pipeline/Window.ts"

export interface WindowAssigner {
  /** True where every window is one slice. */
  readonly single: boolean
  /** Start of the slice that holds a time. */
  sliceStart(time: number): number
  sliceEnd(start: number): number
  /** The smallest end after a time of a window that holds the slice; NaN where there is none. */
  nextEnd(after: number, sliceStart: number): number
  /** The largest end of a window that holds the slice. */
  lastEnd(sliceStart: number): number
  /** Start of the window that ends at `end`. */
  windowStart(end: number): number
}

export const floorTo = (time: number, size: number, offset: number): number => {
  const remainder = (time - offset) % size
  return time - (remainder < 0 ? remainder + size : remainder)
}

/** `inner` are the windows that these merge, which are their slices. */
export const make = (window: Window, inner: Window | null): WindowAssigner => {
  switch (window.kind) {
    case "tumbling": {
      const slice = inner?.kind === "tumbling" ? inner.size : window.size
      const offset = inner?.kind === "tumbling" ? inner.offset : window.offset
      return hopping({ size: window.size, advance: window.size, offset: window.offset, slice, sliceOffset: offset })
    }
    case "hopping":
      return hopping({ ...window, slice: greatestCommonDivisor(window.size, window.advance), sliceOffset: window.offset })
    case "cumulative":
      return cumulative(window.size, window.step, window.offset)
    case "calendar":
      return calendar(window.unit, window.timeZone)
    case "session":
    case "count":
    case "trading":
      throw new TypeError(`${window.kind} windows have no grid: they depend on the data`)
  }
}

const hopping = (options: {
  readonly size: number
  readonly advance: number
  readonly offset: number
  readonly slice: number
  readonly sliceOffset: number
}): WindowAssigner => {
  const { advance, offset, size, slice, sliceOffset } = options
  return {
    single: slice === size,
    sliceStart: (time) => floorTo(time, slice, sliceOffset),
    sliceEnd: (start) => start + slice,
    nextEnd: (after, sliceStart) => {
      // A window holds the slice when it starts at or before it and ends at or after its end.
      const earliest = floorTo(sliceStart + slice - size + advance - 1, advance, offset)
      const open = after === -Infinity ? earliest : floorTo(after - size, advance, offset) + advance
      const start = Math.max(earliest, open)
      return start <= sliceStart ? start + size : NaN
    },
    lastEnd: (sliceStart) => floorTo(sliceStart, advance, offset) + size,
    windowStart: (end) => end - size
  }
}

const cumulative = (size: number, step: number, offset: number): WindowAssigner => ({
  single: size === step,
  sliceStart: (time) => floorTo(time, step, offset),
  sliceEnd: (start) => start + step,
  nextEnd: (after, sliceStart) => {
    const own = sliceStart + step
    const end = after < own ? own : floorTo(after, step, offset) + step
    return end <= floorTo(sliceStart, size, offset) + size ? end : NaN
  },
  lastEnd: (sliceStart) => floorTo(sliceStart, size, offset) + size,
  windowStart: (end) => floorTo(end - 1, size, offset)
})

/** Days, weeks and months of a time zone. Boundaries are looked up once and remembered. */
const calendar = (unit: Unit, timeZone: string): WindowAssigner => {
  const ends = new Map<number, number>()
  const starts = new Map<number, number>()
  let start = NaN
  let end = NaN
  const locate = (time: number): void => {
    if (time >= start && time < end) return
    const first = DateTime.startOf(DateTime.makeZonedUnsafe(time, { timeZone }), unit, { weekStartsOn: 1 })
    start = DateTime.toEpochMillis(first)
    end = DateTime.toEpochMillis(DateTime.startOf(DateTime.add(first, oneAndABit[unit]), unit, { weekStartsOn: 1 }))
    // A handful of windows is ever open at a time; a calendar of years need not be remembered.
    if (ends.size > 1_000) {
      ends.clear()
      starts.clear()
    }
    ends.set(start, end)
    starts.set(end, start)
  }
  const endOf = (from: number): number => {
    const known = ends.get(from)
    if (known !== undefined) return known
    locate(from)
    return end
  }
  return {
    single: true,
    sliceStart: (time) => {
      locate(time)
      return start
    },
    sliceEnd: endOf,
    nextEnd: (after, sliceStart) => endOf(sliceStart) > after ? endOf(sliceStart) : NaN,
    lastEnd: endOf,
    windowStart: (to) => {
      const known = starts.get(to)
      if (known !== undefined) return known
      locate(to - 1)
      return start
    }
  }
}

/** Far enough to land in the next unit whatever the clock does in between. */
const oneAndABit = {
  day: { hours: 30 },
  week: { days: 8 },
  month: { days: 32 }
} as const
