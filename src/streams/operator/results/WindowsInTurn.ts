/** The windows of a key one after another, whether there are rows in them or not. */
import { definitionOf, type WindowNode } from "../../pipeline/Checked.ts"
import * as Key from "../../pipeline/Key.ts"
import { RowCalendars } from "../windowed/RowCalendars.ts"
import * as WindowAssigner from "../windowed/WindowAssigner.ts"

export interface WindowsInTurn {
  /** The smallest end of a window after a time; NaN where there is none. */
  endAfter(key: string, time: number): number
  /** Start of the window that ends at `end`. */
  startOf(key: string, end: number): number
}

export const make = (node: WindowNode): WindowsInTurn => {
  const { window } = node
  if (window.kind !== "trading") {
    const assigner = WindowAssigner.make(window, null)
    return {
      endAfter: (_, time) => assigner.nextEnd(time, assigner.sliceStart(time)),
      startOf: (_, end) => assigner.windowStart(end)
    }
  }
  const calendars = new RowCalendars(window)
  const { by } = window.calendars
  const { key: fields } = definitionOf(node.input)
  const hoursOf = (key: string) => calendars.named(by === null ? null : fields.length === 1 ? key : Key.partOf(key, [fields.indexOf(by)]))
  return {
    endAfter: (key, time) => {
      const hours = hoursOf(key)
      return hours?.findAfter(time) === true ? hours.end : NaN
    },
    startOf: (key, end) => {
      const hours = hoursOf(key)
      return hours?.find(end - 1) === "in" ? hours.start : NaN
    }
  }
}
