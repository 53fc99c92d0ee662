/**
 * Points of a line with its breaks: where the market was closed before a point, nothing leads to it. Points that have not changed
 * stay the same ones.
 *
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {{ time: number, value: number }} Point
 */
export const makeBreaks = () => {
  /** @type {Array<{ time: number, value: number, begins: boolean, point: Point }>} */
  let before = []

  /** @param {ReadonlyArray<Point>} points each of a slot @param {ReadonlyArray<Slot>} slots */
  return (points, slots) => {
    let at = -1
    before = points.map((point, i) => {
      // Both are in the order of time, so the next place is found by walking on.
      let begins = i === 0
      do {
        at++
        if (slots[at]?.afterClosed) begins = true
      } while (at < slots.length - 1 && slots[at].time < point.time)
      const same = before[i]
      return same?.point === point && same.begins === begins ? same : { time: point.time / 1_000, value: point.value, begins, point }
    })
    return before
  }
}
