/** Whether a pipeline can have a window from one time to another, and which ones there are around it. */
import type { Window } from "../../../streams/pipeline/Window.ts"
import { RowCalendars } from "../../../streams/operator/windowed/RowCalendars.ts"
import type { TradingHours } from "../../../streams/operator/windowed/TradingHours.ts"
import * as WindowAssigner from "../../../streams/operator/windowed/WindowAssigner.ts"

interface Bounds {
  readonly start: number
  readonly end: number
}

/** What is wrong with bounds in words; `null` where a window may have them. Sessions and windows of rows hang on the data. */
export const misfit = (window: Window, { end, start }: Bounds): string | null => {
  if (end <= start) return `end: ${end} is not after the start, ${start}`
  switch (window.kind) {
    case "session":
      return end - start >= window.gap ? null : `end: a session lasts ${window.gap} ms at least, and this is ${end - start} ms`
    case "count":
      return null
    case "trading": {
      const calendars = new RowCalendars(window).all
      const fits = calendars.some((hours) => hours.find(start) === "in" && hours.start === start && hours.end === end)
      return fits ? null : toldOf({ start, end }, calendars.flatMap((hours) => tradedAround(hours, start)))
    }
    default: {
      const windows = WindowAssigner.make(window, null)
      const slice = windows.sliceStart(start)
      const fits = windows.nextEnd(end - 1, slice) === end && windows.windowStart(end) === start
      return fits ? null : toldOf({ start, end }, around(windows, start))
    }
  }
}

/** The first and the last one that hold a time, and the one behind. */
const around = (windows: WindowAssigner.WindowAssigner, time: number): ReadonlyArray<Bounds> => {
  const slice = windows.sliceStart(time)
  const behind = windows.sliceEnd(slice)
  const ends = [windows.nextEnd(slice, slice), windows.lastEnd(slice), windows.lastEnd(behind)]
  return ends.flatMap((end) => Number.isNaN(end) ? [] : [{ start: windows.windowStart(end), end }])
}

/** The one that holds a time, or the next, and the one behind. */
const tradedAround = (hours: TradingHours, time: number): ReadonlyArray<Bounds> => {
  const found: Array<Bounds> = []
  for (let after = time; found.length < 2 && hours.findAfter(after); after = hours.end) found.push({ start: hours.start, end: hours.end })
  return found
}

/** Windows that are named. */
const most = 3

const toldOf = ({ end, start }: Bounds, near: ReadonlyArray<Bounds>): string => {
  const all = [...new Set(near.map((bounds) => `from ${bounds.start} to ${bounds.end}`))].slice(0, most)
  const there = all.length === 0 ? "its calendar knows none then" : `near it are those ${all.join(" and ")}`
  return `start and end: there is no window from ${start} to ${end}; ${there}`
}
