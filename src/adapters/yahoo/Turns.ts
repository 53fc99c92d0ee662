/** Whose bars are asked for next, of the symbols that have minutes without one. */
import { Duration } from "effect"
import type { Priced } from "./Instrument.ts"
import * as Ledger from "./Ledger.ts"

interface Turn {
  /** When it was, in milliseconds since the epoch. */
  readonly at: number
  /** The newest minute that was without its bar. */
  readonly minute: number
  /** How long the next one is off, if it is still for that minute. */
  readonly wait: number
}

/** With quotes every five seconds 40 a minute: so there is always a request left for the quotes. */
const aPoll = 0.3
/** With quotes every five seconds not quite a minute, so that each minute is asked for as it is due. */
const pollsBetween = 11
const longest = 3_600_000

export const make = (interval: Duration.Duration) => {
  const shortest = pollsBetween * Duration.toMillis(interval)
  const quotes = new Map<string, Priced>()
  const turns = new Map<string, Turn>()
  return {
    /** How far apart they are, in milliseconds. */
    spacing: aPoll * Duration.toMillis(interval),
    /** How long nothing is asked for after a failure that passes, in milliseconds. */
    rest: shortest,
    /** Takes over the newest quotes. */
    update: (newest: ReadonlyArray<Priced>): void => {
      for (const quote of newest) quotes.set(quote.instrument.symbol, quote)
    },
    /**
     * The one that has waited longest, if there is one; each at most once a minute, and ever less often for a bar that does not
     * come, down to once an hour.
     */
    take: (ledger: Ledger.Ledger, now: number): Priced | undefined => {
      let chosen: { readonly quote: Priced; readonly turn: Turn; readonly waited: number } | undefined
      for (const [symbol, quote] of quotes) {
        const minute = Ledger.unreplaced(ledger, quote.instrument, now)
        if (minute === undefined) continue
        const last = turns.get(symbol)
        const isSame = last?.minute === minute
        const waited = now - (last?.at ?? -Infinity)
        if (waited < (isSame ? last.wait : shortest) || waited <= (chosen?.waited ?? -1)) continue
        chosen = { quote, waited, turn: { at: now, minute, wait: isSame ? Math.min(2 * last.wait, longest) : shortest } }
      }
      if (chosen !== undefined) turns.set(chosen.quote.instrument.symbol, chosen.turn)
      return chosen?.quote
    }
  }
}
