/**
 * What New York's exchange calls the weekdays on which it stays closed or closes early. The calendar knows which ones these are;
 * here is only what they are called, by the rules of https://www.nyse.com/markets/hours-calendars.
 */

interface Rule {
  readonly name: string
  /** First and last day of the year on which it may be observed, such as `0703`. */
  readonly from: string
  readonly to: string
}

const closed: ReadonlyArray<Rule> = [
  { name: "New Year's Day", from: "0101", to: "0102" },
  { name: "Martin Luther King Jr. Day", from: "0115", to: "0121" },
  { name: "Washington's Birthday", from: "0215", to: "0221" },
  { name: "Good Friday", from: "0320", to: "0423" },
  { name: "Memorial Day", from: "0525", to: "0531" },
  { name: "Juneteenth", from: "0618", to: "0620" },
  { name: "Independence Day", from: "0703", to: "0705" },
  { name: "Labor Day", from: "0901", to: "0907" },
  { name: "Thanksgiving Day", from: "1122", to: "1128" },
  { name: "Christmas Day", from: "1224", to: "1226" },
  // Of a year that begins on a Saturday, where the exchange has it.
  { name: "New Year's Day", from: "1231", to: "1231" }
]

/** What was no holiday, and is named by its own. */
const once: { readonly [date: string]: string } = {
  "2001-09-11": "Attacks of 11 September",
  "2001-09-12": "Attacks of 11 September",
  "2001-09-13": "Attacks of 11 September",
  "2001-09-14": "Attacks of 11 September",
  "2004-06-11": "Mourning for Ronald Reagan",
  "2007-01-02": "Mourning for Gerald Ford",
  "2012-10-29": "Hurricane Sandy",
  "2012-10-30": "Hurricane Sandy",
  "2018-12-05": "Mourning for George H. W. Bush",
  "2025-01-09": "Mourning for Jimmy Carter"
}

const early: ReadonlyArray<Rule> = [
  { name: "Day before Independence Day", from: "0702", to: "0703" },
  { name: "Day after Independence Day", from: "0705", to: "0705" },
  { name: "Day after Thanksgiving", from: "1123", to: "1129" },
  { name: "Christmas Eve", from: "1223", to: "1224" },
  { name: "Day after Christmas", from: "1226", to: "1226" },
  { name: "New Year's Eve", from: "1230", to: "1231" }
]

const named = (rules: ReadonlyArray<Rule>, date: string): string | null => {
  const day = date.slice(5).replace("-", "")
  return rules.find(({ from, to }) => day >= from && day <= to)?.name ?? null
}

/** Of a date such as `2024-07-04` on which New York's exchange has no session. */
export const closedName = (date: string): string | null => once[date] ?? named(closed, date)

/** Of one on which it closes early. */
export const earlyName = (date: string): string | null => named(early, date)
