/**
 * What is to be said of the days of symbols: a tick without its exchange, or with one that is written otherwise, counts for the
 * sessions of another calendar. So a symbol has two days at once, and each is a part of what was traded.
 */
import { calendarsByCode } from "../domain/YahooExchanges.ts"
import type { Pane } from "../streams/pipeline/Pane.ts"

/** So many symbols are named in a run. */
const most = 5

export class SymbolDays {
  /** By symbol the exchange of the day that was told last. */
  readonly #exchanges = new Map<string, string | null>()
  readonly #told = new Set<string>()

  /** What panes tell that was not said before. */
  noted(panes: ReadonlyArray<Pane>): ReadonlyArray<string> {
    return panes.flatMap((pane) => {
      const { exchange } = pane.pipeline === "day" && pane.pane !== "retracted" ? pane.values : {}
      return exchange === null || typeof exchange === "string" ? this.#note(pane.key, exchange) : []
    })
  }

  #note(symbol: string, exchange: string | null): ReadonlyArray<string> {
    const before = this.#exchanges.get(symbol)
    this.#exchanges.set(symbol, exchange)
    if (this.#told.size >= most || this.#told.has(symbol)) return []
    const why = before === undefined || calendarOf(before) === calendarOf(exchange) ? misspelt(exchange) ?? unsaid(symbol, exchange) : twice(before, exchange)
    if (why === null) return []
    this.#told.add(symbol)
    return [`${symbol} ${why}: give each tick and bar of a symbol the same "exchange", see the pipeline day in the documentation`]
  }
}

/** As the pipeline `day` has it. */
const calendarOf = (exchange: string | null): string =>
  exchange === null ? "XNYS" : Object.hasOwn(calendarsByCode, exchange) ? calendarsByCode[exchange]! : "UTC"

const twice = (before: string | null, exchange: string | null): string =>
  `has days of two calendars, ${[before, exchange].map((each) => `${calendarOf(each)} ${each === null ? "without an exchange" : `by ${JSON.stringify(each)}`}`).join(" and ")}`

/** Yahoo's names of coins, currencies and futures, which are traded at other hours than those of an exchange of shares. */
const unsaid = (symbol: string, exchange: string | null): string | null =>
  exchange === null && /(?:-[A-Z]{3,4}|=X|=F)$/.test(symbol) ? "has days of New York's sessions alone, since it says no exchange" : null

const misspelt = (exchange: string | null): string | null => {
  const upper = exchange?.toUpperCase()
  if (exchange === null || upper === undefined || calendarOf(exchange) !== "UTC" || !Object.hasOwn(calendarsByCode, upper)) return null
  return `has days of UTC, since no calendar knows ${JSON.stringify(exchange)}; there is ${upper}`
}
