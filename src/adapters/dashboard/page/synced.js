/**
 * Brings a series of the chart library to the wanted points: by single updates where only its end has changed, as it nearly
 * always has, else as a whole.
 */
export const synced = (series) => {
  let current = []
  return {
    series,
    /** @param {ReadonlyArray<{ time: number, [name: string]: unknown }>} wanted in the order of time */
    sync: (wanted) => {
      let same = 0
      while (same < current.length && same < wanted.length && equal(current[same], wanted[same])) same++
      const grows = same === current.length
      const lastMoves = same === current.length - 1 && wanted[same]?.time === current[same].time
      if (same === current.length && same === wanted.length) return
      if (current.length > 0 && (grows || lastMoves)) {
        for (const point of wanted.slice(same)) series.update(point)
      } else {
        series.setData(wanted)
      }
      current = wanted
    }
  }
}

const equal = (a, b) => {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
