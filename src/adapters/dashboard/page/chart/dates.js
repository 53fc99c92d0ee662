/** The date of a time in a zone. Asking a zone is slow, and no clock is changed but at a quarter of an hour. */

const quarter = 900_000

/** Quarters of an hour whose dates are kept: those of more than a year of trading. */
const kept = 20_000

/** @param {string} timeZone @returns {(time: number) => string} such as `2024-07-03` */
export const makeDates = (timeZone) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" })
  /** @type {Map<number, string>} */
  const known = new Map()
  return (time) => {
    const at = Math.floor(time / quarter)
    const date = known.get(at) ?? format.format(time)
    if (known.size > kept) known.clear()
    known.set(at, date)
    return date
  }
}
