/** A line that is broken where the market was closed: the library's own runs through. */
import { customSeriesDefaultOptions } from "../vendor/lightweight-charts.js"

/** @typedef {{ time: number, value?: number, begins?: boolean }} LinePoint `begins`: nothing leads to it from the point before */

/** Dashes of a line, in pixels. */
export const dashes = [6, 5]

/** What the library asks of a series that draws itself. */
export const brokenLine = () => {
  let data = { bars: [], visibleRange: null }
  let options = { color: "", lineWidth: 2, dash: [] }
  const renderer = {
    draw: (target, toCoordinate) =>
      target.useBitmapCoordinateSpace((scope) => {
        if (data.visibleRange !== null) drawLine(scope, data.bars, data.visibleRange, options, toCoordinate)
      })
  }
  return {
    renderer: () => renderer,
    update: (next, nextOptions) => [data, options] = [next, nextOptions],
    priceValueBuilder: ({ value }) => [value],
    conflationReducer: (first, second) => ({ ...second.data, begins: first.data.begins || second.data.begins }),
    isWhitespace: ({ value }) => value === undefined,
    defaultOptions: () => ({ ...customSeriesDefaultOptions, color: "gray", lineWidth: 2, dash: [] })
  }
}

const drawLine = ({ context, horizontalPixelRatio, verticalPixelRatio }, bars, { from, to }, { color, dash, lineWidth }, toCoordinate) => {
  context.save()
  context.strokeStyle = color
  context.fillStyle = color
  context.lineWidth = lineWidth * verticalPixelRatio
  context.lineJoin = "round"
  context.setLineDash(dash.map((length) => length * horizontalPixelRatio))
  context.beginPath()
  // One more on each side, so that the line leads out of view.
  const last = Math.min(to + 1, bars.length)
  let isOpen = false
  for (let i = Math.max(from - 1, 0); i < last; i++) {
    const { originalData: { begins, value }, x } = bars[i]
    const [left, top] = [x * horizontalPixelRatio, (toCoordinate(value) ?? 0) * verticalPixelRatio]
    if (isOpen && !begins) context.lineTo(left, top)
    else context.moveTo(left, top)
    isOpen = true
    // A single point between two breaks is a dot.
    if (begins && (bars[i + 1]?.originalData.begins ?? true)) context.rect(left - lineWidth / 2, top - lineWidth / 2, lineWidth, lineWidth)
  }
  context.stroke()
  context.restore()
}
