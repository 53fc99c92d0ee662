/** What the library is given of each place on the axis, in its own form. */

/** @typedef {import("./slots.js").Slot} Slot @typedef {import("./colors.js").Colors} Colors */

const clear = "rgba(0, 0, 0, 0)"

/** Points of a series, made again only of slots or colours that have changed. @param {(slot: Slot, colors: Colors) => object} point */
export const makePoints = (point) => {
  /** @type {ReadonlyArray<Slot>} */
  let before = []
  let made = []
  let painted
  /** @param {ReadonlyArray<Slot>} slots @param {Colors} colors */
  return (slots, colors) => {
    if (painted !== colors) [before, painted] = [[], colors]
    made = slots.map((slot, i) => slot === before[i] ? made[i] : point(slot, colors))
    before = slots
    return made
  }
}

/** A candle that forms is hollow, one that is provisional paler. @param {Slot} slot @param {Colors} colors */
export const candlePoint = ({ bar, time }, colors) => {
  if (bar === null || bar.drawn === null) return { time: time / 1_000 }
  const { close, high, low, open } = bar.drawn
  const color = colorOf(bar, colors)
  return { time: time / 1_000, open, high, low, close, color: bar.state === "forming" ? clear : color, borderColor: color, wickColor: color }
}

/** @param {import("./bars.js").Bar} bar @param {Colors} colors */
export const colorOf = ({ drawn, state }, colors) => {
  const falls = drawn !== null && drawn.close < drawn.open
  return state === "provisional" ? colors[falls ? "volume-down" : "volume-up"] : colors[falls ? "down" : "up"]
}

/** @param {Slot} slot @param {Colors} colors */
export const volumePoint = ({ bar, time }, colors) => {
  if (bar === null) return { time: time / 1_000 }
  const falls = bar.drawn !== null && bar.drawn.close < bar.drawn.open
  return { time: time / 1_000, value: Number(bar.volume ?? 0), color: colors[falls ? "volume-down" : "volume-up"] }
}

/** Where only the place counts. @param {Slot} slot */
export const emptyPoint = ({ time }) => ({ time: time / 1_000 })

/** @type {WeakMap<object, object>} */
const histograms = new WeakMap()

/** @param {ReadonlyArray<import("./indicators.js").Point>} points */
export const histogramPoints = (points) => points.map((point) => {
  let its = histograms.get(point)
  if (its === undefined) histograms.set(point, its = { time: point.time / 1_000, value: point.value })
  return its
})

/**
 * Brings a series to the wanted points: by single updates where little has changed, as nearly always, else as a whole.
 * Points are compared as objects, so those that have not changed have to be the same ones.
 */
export const shownIn = (series) => {
  let current = []
  return (wanted) => {
    let same = 0
    while (same < current.length && same < wanted.length && current[same] === wanted[same]) same++
    if (same === wanted.length && same === current.length) return
    const changed = changedIn(current, wanted, same)
    if (changed === null) series.setData(wanted)
    else for (const at of changed) series.update(wanted[at], at < current.length - 1)
    current = wanted
  }
}

/** More than these are cheaper to set as a whole. */
const most = 20

/** Which of the wanted points are new or changed, where no time of before has gone or come between. */
const changedIn = (current, wanted, same) => {
  if (current.length === 0 || wanted.length < current.length || wanted.length > current.length + most) return null
  const changed = []
  for (let at = same; at < wanted.length; at++) {
    if (at < current.length && current[at].time !== wanted[at].time) return null
    if (current[at] !== wanted[at]) changed.push(at)
    if (changed.length > most) return null
  }
  return changed
}
