/**
 * What is behind the candles: hours before and after the session, opening and closing bell, where the market was closed, and which
 * days are short or were left out.
 *
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {import("./sessions.js").Span} Span
 * @typedef {{ slots: ReadonlyArray<Slot>, spans: ReadonlyArray<Span>, notes: ReadonlyArray<{ from: number, to: number, text: string }>,
 *   isIntraday: boolean, colors: import("./colors.js").Colors, font: string }} Background
 */
import { slotAt } from "./slots.js"

/**
 * One for each pane of the chart.
 * @param {() => Background | null} background @param {boolean} withNotes whether it is the pane in which notes stand
 */
export const shading = (background, withNotes) => {
  let chart = null
  const renderer = {
    draw: () => {},
    drawBackground: (target) => {
      const what = background()
      if (chart === null || what === null || what.slots.length === 0) return
      target.useMediaCoordinateSpace(({ context, mediaSize }) => drawAll(context, mediaSize, chart.timeScale(), what, withNotes))
    }
  }
  const view = { zOrder: () => "bottom", renderer: () => renderer }
  return {
    attached: (parameters) => chart = parameters.chart,
    detached: () => chart = null,
    paneViews: () => [view]
  }
}

const drawAll = (context, { height, width }, scale, { colors, font, isIntraday, notes, slots, spans }, withNotes) => {
  const visible = scale.getVisibleLogicalRange()
  if (visible === null) return
  const first = Math.max(Math.floor(visible.from), 0)
  const last = Math.min(Math.ceil(visible.to), slots.length - 1)
  if (first > last) return
  const half = scale.options().barSpacing / 2
  const edge = (index) => scale.logicalToCoordinate(index) - half
  const lines = isIntraday ? stretchesIn(slots, spans, first, last) : []
  for (const { kind, start, stop } of lines) {
    if (kind === "regular") continue
    const [left, right] = [edge(start), edge(stop + 1)]
    context.fillStyle = colors.hours
    context.fillRect(left, 0, right - left, height)
  }
  context.lineWidth = 1
  // The bell stands where regular trading begins and ends, a closed market as a separator.
  for (const { from, kind, start, stop } of lines) {
    if (kind !== "regular") continue
    if ((start > 0 || slots[start].time === from) && start >= first) vertical(context, edge(start), height, colors.bell, [2, 3])
    if (stop < slots.length - 1 && stop <= last) vertical(context, edge(stop + 1), height, colors.bell, [2, 3])
  }
  for (let i = first; i <= last; i++) if (isIntraday && slots[i].afterClosed) vertical(context, edge(i), height, colors.bell, [])
  if (!withNotes || !isIntraday) return
  context.font = font
  context.fillStyle = colors.muted
  for (const { at, line, text } of placedNotes(notes, slots)) {
    const left = edge(at)
    if (left < width && left > -400) context.fillText(text, Math.max(left, 0) + 4, height - 8 - 14 * line)
  }
}

const vertical = (context, x, height, color, dash) => {
  context.strokeStyle = color
  context.setLineDash(dash)
  context.beginPath()
  context.moveTo(Math.round(x) + 0.5, 0)
  context.lineTo(Math.round(x) + 0.5, height)
  context.stroke()
  context.setLineDash([])
}

/** Each span that has a slot in view, with its first and last one of all. */
const stretchesIn = (slots, spans, first, last) => spans.flatMap(({ from, kind, to }) => {
  if (to <= slots[first].time || from > slots[last].time) return []
  const start = slotAt(slots, from - 1) + 1
  const stop = slotAt(slots, to - 1)
  return start > stop ? [] : [{ from, kind, start, stop }]
})

/**
 * A half day stands at its first bar, a closed one at the first bar after it, several of one place above one another.
 * @param {Background["notes"]} notes @param {ReadonlyArray<Slot>} slots
 */
export const placedNotes = (notes, slots) => {
  const lines = new Map()
  return notes.flatMap(({ from, text, to }) => {
    const at = slotAt(slots, from - 1) + 1
    if (at >= slots.length || (at === 0 && slots[0].time >= to)) return []
    const line = lines.get(at) ?? 0
    lines.set(at, line + 1)
    return [{ at, line, text }]
  })
}
