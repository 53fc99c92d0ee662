/** How numbers and times are shown. */

const cache = new Map()

/** @param {string} id @param {() => Intl.NumberFormat} make @returns {Intl.NumberFormat} */
const cached = (id, make) => {
  const known = cache.get(id)
  if (known !== undefined) return known
  const made = make()
  cache.set(id, made)
  return made
}

export const missing = "—"

const minute = 60_000

/**
 * A value of a pane as a number to draw or show; `null` where there is none.
 * @param {unknown} value
 * @returns {number | null}
 */
export const number = (value) => {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}

/**
 * How many decimals most of these prices need, up to 8. A few prices between the ticks
 * must not widen every figure, nor the tail that a 32-bit source leaves (251.36000061).
 * @param {ReadonlyArray<number>} prices
 * @param {number | null} usual what their source shows, which is the least; 2 where it does not say
 * @returns {number}
 */
export const decimalsFor = (prices, usual) => {
  // A source that says what it shows gives the prices themselves.
  const tail = usual === null ? 1.2e-7 : 1e-15
  for (let decimals = usual ?? 2; decimals < 8; decimals++) {
    const factor = 10 ** decimals
    const rounded = (price) => Math.round(price * factor) / factor
    const fitting = prices.filter((price) => Math.abs(price - rounded(price)) <= Math.abs(price) * tail)
    if (fitting.length >= prices.length * 0.6) return decimals
  }
  return 8
}

/** @param {number | null} value @param {number} decimals */
export const price = (value, decimals) =>
  value === null ? missing : cached(`price ${decimals}`, () =>
    new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })).format(value)

/**
 * A number of any pipeline. A string has all of its digits, also those that a double has not.
 * @param {unknown} value @param {number} decimals
 */
export const figure = (value, decimals) =>
  cached(`price ${decimals}`, () =>
    new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })).format(value)

/** What an amount in a currency is called where its code does not say. */
const parts = { GBp: "pence", GBX: "pence", ZAc: "South African cents", ILA: "agorot" }

/** @param {unknown} currency */
export const currency = (currency) => typeof currency === "string" ? { code: currency, words: parts[currency] ?? currency } : { code: "", words: "" }

/** @param {number | null} value */
export const count = (value) =>
  value === null ? missing : cached("count", () => new Intl.NumberFormat("en-US")).format(value)

/** A volume: of large ones the last decimals say nothing. @param {number | null} value */
export const amount = (value) =>
  value === null ? missing : cached(`amount ${decimalsOf(value)}`, () =>
    new Intl.NumberFormat("en-US", { maximumFractionDigits: decimalsOf(value) })).format(value)

/** @param {number | null} value */
export const shortAmount = (value) =>
  value === null ? missing : cached(`short ${decimalsOf(value)}`, () =>
    new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: Math.abs(value) < 1 ? 8 : 2 })).format(value)

/** @param {number} amount */
const decimalsOf = (amount) => Math.abs(amount) < 1 ? 8 : Math.abs(amount) < 1_000 ? 4 : 2

/** Per cent with its sign: `+0.31 %`. @param {number | null} value */
export const percent = (value) =>
  value === null ? missing : `${cached("percent", () =>
    new Intl.NumberFormat("en-US", {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
      signDisplay: "exceptZero"
    })).format(value)} %`

/** The direction of a change as it is shown: what rounds to zero has none. @param {number | null} value */
export const direction = (value) => {
  const shown = value === null ? 0 : Number(value.toFixed(2))
  return shown > 0 ? "up" : shown < 0 ? "down" : "flat"
}

export const arrow = { up: "▲", down: "▼", flat: "" }

/** How long something lasts, in the largest unit that says it whole. @param {number} millis */
export const duration = (millis) => {
  const [size, one] = units.find(([size]) => millis >= size && millis % size === 0) ?? [1, "millisecond"]
  const count = millis / size
  return `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`
}

/** @type {ReadonlyArray<[number, string]>} */
const units = [[86_400_000, "day"], [3_600_000, "hour"], [60_000, "minute"], [1_000, "second"]]

/**
 * Times in the exchange's zone.
 * @param {string} timeZone IANA name
 */
export const clock = (timeZone) => {
  /** @param {Intl.DateTimeFormatOptions} options */
  const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", ...options })
  const minutes = format({ hour: "2-digit", minute: "2-digit" })
  const seconds = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" })
  const millis = format({ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 })
  const date = format({ day: "numeric", month: "short", year: "numeric" })
  const shortDate = format({ day: "numeric", month: "short" })
  const day = format({ weekday: "short", day: "numeric", month: "short" })
  // en-US knows EDT, en-GB only GMT-4.
  const zone = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "short" })
  /** @param {number} time */
  const zoneAt = (time) => zone.formatToParts(time).find(({ type }) => type === "timeZoneName")?.value ?? timeZone
  return {
    /** @param {number} time */
    minutes: (time) => minutes.format(time),
    /** @param {number} time */
    date: (time) => date.format(time),
    /** @param {number} time */
    shortDate: (time) => shortDate.format(time),
    /** @param {number} time */
    candle: (time) => `${day.format(time)}, ${minutes.format(time)} ${zoneAt(time)}`,
    /** @param {number} time */
    exact: (time) => `${date.format(time)}, ${seconds.format(time)} ${zoneAt(time)}`,
    /**
     * A window from its start to its end, as exact as its length asks for. Midnight is said as a date alone.
     * @param {number} start @param {number} end
     */
    window: (start, end) => {
      if (!isDate(start) || !isDate(end)) return "all of time"
      const length = end - start
      if (length >= 86_400_000 && minutes.format(start) === "00:00" && minutes.format(end) === "00:00") {
        return length <= 90_000_000 ? date.format(start) : `${date.format(start)} – ${date.format(end - 1)}`
      }
      const shown = start % 1_000 !== 0 || end % 1_000 !== 0 ? millis : start % minute !== 0 || end % minute !== 0 ? seconds : minutes
      const last = date.format(start) === date.format(end) || end - start < 86_400_000 ? "" : `${shortDate.format(end)}, `
      return `${shortDate.format(start)}, ${shown.format(start)} – ${last}${shown.format(end)}`
    },
    /** @param {number} time */
    millis: (time) => `${date.format(time)}, ${millis.format(time)} ${zoneAt(time)}`,
    /** @param {number} time */
    seconds: (time) => `${seconds.format(time)} ${zoneAt(time)}`,
    /** With its date where that is another than that of a time beside it. @param {number} time @param {number} other */
    beside: (time, other) => `${date.format(time) === date.format(other) ? "" : `${date.format(time)}, `}${seconds.format(time)} ${zoneAt(time)}`,
    /** @param {number} time */
    zone: (time) => zoneAt(time)
  }
}

/** Whether a time is one that a calendar has. The end of the data lies beyond. @param {number} time */
export const isDate = (time) => Math.abs(time) <= 8.64e15
