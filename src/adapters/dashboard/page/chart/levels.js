/** Levels of alerts: lines across the chart, each with its words. */
import { levelLook, makePriceLine } from "./frame.js"

/** @param {any} series */
export const makeLevels = (series) => {
  /** @type {Map<string, ReturnType<typeof makePriceLine>>} */
  const lines = new Map()
  return {
    /** @param {ReadonlyArray<{ id: string, price: number, title: string }>} levels @param {string} color */
    show: (levels, color) => {
      const wanted = new Set(levels.map(({ id }) => id))
      for (const [id, line] of lines) {
        if (wanted.has(id)) continue
        line.show(null, color)
        lines.delete(id)
      }
      for (const { id, price, title } of levels) {
        const line = lines.get(id) ?? makePriceLine(series, { ...levelLook, title })
        lines.set(id, line)
        line.show(price, color)
      }
    }
  }
}
