/**
 * Marks at bars, by shape and place: a dot below one that was revised, a ring below one that is provisional, a triangle above one
 * that something else is told of.
 *
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {{ slots: ReadonlyArray<Slot>, told: ReadonlySet<number>, colors: import("./colors.js").Colors }} Marked
 *   `told` are the times of bars that have something to tell
 */

const radius = 2.5
const apart = 7

/** @param {() => Marked | null} marked */
export const barMarks = (marked) => {
  let attached = null
  const renderer = {
    draw: (target) => {
      const what = marked()
      if (attached === null || what === null) return
      target.useMediaCoordinateSpace(({ context }) => drawMarks(context, attached.chart.timeScale(), attached.series, what))
    }
  }
  const view = { zOrder: () => "top", renderer: () => renderer }
  return {
    attached: (parameters) => attached = parameters,
    detached: () => attached = null,
    paneViews: () => [view]
  }
}

const drawMarks = (context, scale, series, { colors, slots, told }) => {
  const visible = scale.getVisibleLogicalRange()
  if (visible === null) return
  const last = Math.min(Math.ceil(visible.to), slots.length - 1)
  context.lineWidth = 1.5
  context.fillStyle = context.strokeStyle = colors.revised
  for (let i = Math.max(Math.floor(visible.from), 0); i <= last; i++) {
    const { bar, time } = slots[i]
    if (bar === null || bar.drawn === null || (bar.state !== "provisional" && bar.revisions === 0 && !told.has(time))) continue
    const x = scale.logicalToCoordinate(i)
    const [top, bottom] = [series.priceToCoordinate(bar.drawn.high), series.priceToCoordinate(bar.drawn.low)]
    if (x === null || top === null || bottom === null) continue
    if (bar.state === "provisional") circle(context, x, bottom + apart, false)
    // A bar that forms again, or waits for more, was revised all the same.
    if (bar.revisions > 0) circle(context, x, bottom + apart + (bar.state === "provisional" ? apart : 0), true)
    if (told.has(time)) triangle(context, x, top - apart)
  }
}

const circle = (context, x, y, isFull) => {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  if (isFull) context.fill()
  else context.stroke()
}

const triangle = (context, x, y) => {
  context.beginPath()
  context.moveTo(x - radius - 1, y - radius - 1)
  context.lineTo(x + radius + 1, y - radius - 1)
  context.lineTo(x, y + radius)
  context.fill()
}
