/** The trading day so far, by the calendar of the exchange. */
import { Aggregate, Expr, Panes, Pipeline, Window } from "../streams/pipeline/index.ts"
import { bars, priceForming, ticks } from "./ticks.ts"

/**
 * One pane a calendar day and symbol. `variation` is the change of the close against that
 * of the day before, in per cent, whatever splits were in between: compared is what the close would be without any. A day that is known as a daily bar enters whole, so that
 * the first day of a log has something to be compared with.
 */
export const dayIn = (timeZone: string) =>
  ticks.pipe(
    Window.calendar("day", { timeZone }),
    Aggregate.into({
      open: priceForming(Aggregate.first("price")),
      high: priceForming(Aggregate.max("price")),
      low: priceForming(Aggregate.min("price")),
      close: priceForming(Aggregate.last("price")),
      mean: priceForming(Aggregate.mean("price")),
      volume: Aggregate.sum("size"),
      splitFactor: priceForming(Aggregate.last("splitFactor"))
    }),
    Pipeline.acceptPreAggregated(bars, {
      open: "open",
      high: "high",
      low: "low",
      close: "close",
      volume: "volume",
      splitFactor: "splitFactor"
    }),
    Panes.derive({ adjustedClose: Expr.multiply("close", Expr.coalesce("splitFactor", Expr.literal(1))) }),
    Pipeline.percentChange("variation", "adjustedClose"),
    Pipeline.named("day")
  )

/** New York: where the exchanges of the symbols that courant shows by default are. */
export const day = dayIn("America/New_York")
