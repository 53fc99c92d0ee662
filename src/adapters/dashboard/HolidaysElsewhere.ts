/**
 * What closed weekdays are called where the date alone says it: days that are fixed, that go by Easter, or that are the first or last
 * Monday of a month. A day that is kept on another one instead has no name here, and neither has what is no such day.
 */

/** From the first to the last day on which it may be, as `0503`. */
interface Fixed {
  readonly name: string
  readonly from: string
  readonly to?: string
  /** The first year in which it is called so. */
  readonly since?: string
}

const newYear: Fixed = { name: "New Year's Day", from: "0101" }
const christmas: Fixed = { name: "Christmas Day", from: "1225" }
const boxing: Fixed = { name: "Boxing Day", from: "1226" }
const stStephen: Fixed = { name: "St Stephen's Day", from: "1226" }
const labour: Fixed = { name: "Labour Day", from: "0501" }

/** A Monday: two of a name are never in one week. */
const monday = (name: string, from: string, to: string): Fixed => ({ name, from, to })

const everywhere = [newYear, christmas]

const byExchange: { readonly [mic: string]: { readonly fixed: ReadonlyArray<Fixed>; readonly easter: ReadonlyArray<"Good Friday" | "Easter Monday"> } } = {
  XLON: {
    fixed: [
      ...everywhere, boxing, monday("Early May bank holiday", "0501", "0507"), monday("Spring bank holiday", "0525", "0531"),
      monday("Summer bank holiday", "0825", "0831")
    ],
    easter: ["Good Friday", "Easter Monday"]
  },
  XETR: { fixed: [...everywhere, labour], easter: ["Good Friday", "Easter Monday"] },
  XPAR: { fixed: [...everywhere, labour, boxing], easter: ["Good Friday", "Easter Monday"] },
  XAMS: { fixed: [...everywhere, labour, boxing], easter: ["Good Friday", "Easter Monday"] },
  XMIL: { fixed: [...everywhere, labour, stStephen], easter: ["Good Friday", "Easter Monday"] },
  XMAD: { fixed: [...everywhere, labour], easter: ["Good Friday", "Easter Monday"] },
  XSWX: { fixed: [...everywhere, labour, stStephen], easter: ["Good Friday", "Easter Monday"] },
  XSTO: { fixed: [...everywhere, labour], easter: ["Good Friday", "Easter Monday"] },
  XTSE: {
    fixed: [
      ...everywhere, boxing, monday("Family Day", "0215", "0221"), monday("Victoria Day", "0518", "0524"), { name: "Canada Day", from: "0701" },
      monday("Civic Holiday", "0801", "0807"), monday("Labour Day", "0901", "0907"), monday("Thanksgiving Day", "1008", "1014")
    ],
    easter: ["Good Friday"]
  },
  XTKS: {
    fixed: [
      newYear, { name: "National Foundation Day", from: "0211" }, { name: "Showa Day", from: "0429", since: "2007" },
      { name: "Constitution Memorial Day", from: "0503" }, { name: "Children's Day", from: "0505" }, { name: "Culture Day", from: "1103" },
      { name: "Labour Thanksgiving Day", from: "1123" }
    ],
    easter: []
  },
  XASX: { fixed: [...everywhere, boxing, { name: "Anzac Day", from: "0425" }], easter: ["Good Friday", "Easter Monday"] }
}

/** Of a date such as `2024-05-06` on which an exchange has no session. */
export const closedName = (mic: string, date: string): string | null => {
  const known = Object.hasOwn(byExchange, mic) ? byExchange[mic] : undefined
  if (known === undefined) return null
  const day = date.slice(5).replace("-", "")
  const ofEaster = known.easter.find((name) => date === easterDay(Number(date.slice(0, 4)), name === "Good Friday" ? -2 : 1))
  if (ofEaster !== undefined) return ofEaster
  const isMonday = new Date(date).getUTCDay() === 1
  const found = known.fixed.find(({ from, since = date, to = from }) => day >= from && day <= to && date >= since && (to === from || isMonday))
  return found?.name ?? null
}

/** So many days behind Easter Sunday, by the anonymous Gregorian rule (Meeus, Astronomical Algorithms, chapter 8). */
const easterDay = (year: number, days: number): string => {
  const [a, b, c] = [year % 19, Math.floor(year / 100), year % 100]
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - c % 4) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const day = h + l - 7 * m + 114
  return new Date(Date.UTC(year, Math.floor(day / 31) - 1, day % 31 + 1 + days)).toISOString().slice(0, 10)
}
