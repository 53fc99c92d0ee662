/** Which calendar an exchange of Yahoo's has. */
import * as Calendar from "./TradingCalendar.ts"

/**
 * By the codes that Yahoo gives exchanges (`exchange` of a quote, `exchangeName` of a chart). Exchanges that are not among them,
 * such as the German ones beside Xetra, have hours of their own that no calendar here knows; the pipeline `day` has days of UTC
 * for them.
 *
 * @example
 * ```ts
 * import { Aggregate, Pipeline, Source, Window, yahooExchanges } from "courant"
 * import { Schema } from "effect"
 *
 * const Quote = Schema.Struct({ symbol: Schema.String, exchange: Schema.String, time: Schema.Int, price: Schema.Finite })
 *
 * export const sessions = Source.make("quotes", { schema: Quote, key: "symbol", eventTime: "time" }).pipe(
 *   Window.trading({ by: "exchange", calendars: yahooExchanges }),
 *   Aggregate.into({ open: Aggregate.first("price"), close: Aggregate.last("price") }),
 *   Pipeline.named("sessions")
 * )
 * ```
 */
export const yahooExchanges: { readonly [code: string]: Calendar.Name } = {
  // Nasdaq, New York, American, Arca, Cboe; what is traded over the counter, indices and options.
  NMS: "XNYS",
  NGM: "XNYS",
  NCM: "XNYS",
  NIM: "XNYS",
  NYQ: "XNYS",
  NYS: "XNYS",
  ASE: "XNYS",
  PCX: "XNYS",
  BTS: "XNYS",
  PNK: "XNYS",
  OQB: "XNYS",
  OQX: "XNYS",
  OEM: "XNYS",
  SNP: "XNYS",
  DJI: "XNYS",
  OPR: "XNYS",
  // Toronto, its venture exchange, Cboe Canada, and the Canadian Securities Exchange; São Paulo.
  TOR: "XTSE",
  VAN: "XTSE",
  NEO: "XTSE",
  CNQ: "XTSE",
  SAO: "BVMF",
  LSE: "XLON",
  GER: "XETR",
  PAR: "XPAR",
  AMS: "XAMS",
  MIL: "XMIL",
  MCE: "XMAD",
  EBS: "XSWX",
  STO: "XSTO",
  JNB: "XJSE",
  JPX: "XTKS",
  HKG: "XHKG",
  // Shanghai and Shenzhen, Bombay and the National Stock Exchange, Korea's two markets: the same days and hours.
  SHH: "XSHG",
  SHZ: "XSHG",
  BSE: "XBOM",
  NSI: "XBOM",
  ASX: "XASX",
  KSC: "XKRX",
  KOE: "XKRX",
  // Futures of CME, CBOT, NYMEX and COMEX.
  CME: "GLOBEX",
  CBT: "GLOBEX",
  NYM: "GLOBEX",
  CMX: "GLOBEX",
  // Currencies and cryptocurrencies.
  CCY: "FX",
  CCC: "24/7"
}

/** What `exchange` of a tick or a bar may be: Yahoo's codes, the calendars' own names, and Nasdaq's, which has the hours of New York. */
export const calendarsByCode: { readonly [code: string]: Calendar.Name } = {
  ...Object.fromEntries(Calendar.names.map((name) => [name, name])),
  XNAS: "XNYS",
  ...yahooExchanges
}

const byType: { readonly [type: string]: Calendar.Name } = { CRYPTOCURRENCY: "24/7", CURRENCY: "FX", FUTURE: "GLOBEX" }

/** The calendar of a quote that does not say its exchange, by what is quoted and the exchange's time zone; days of UTC where no calendar fits. */
export const calendarOf = (type: string | undefined, timeZone: string): Calendar.Name =>
  (type === undefined ? undefined : byType[type]) ??
    [...new Set(Object.values(yahooExchanges))].find((name) => !Object.values(byType).includes(name) && Calendar.named(name).definition.timeZone === timeZone) ?? "24/7"
