/** A pipeline that is no market's, and results of it, for looking at the page. */
import { Schema } from "effect"
import * as Decimal from "../../src/domain/Decimal.ts"
import { Aggregate, Pipeline, Source, Window } from "../../src/streams/pipeline/index.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import type { DeadLetter } from "../../src/streams/ports/DeadLetters.ts"
import { decimal, pane } from "./session.ts"

const Order = Schema.Struct({ shop: Schema.String, placedAt: Schema.Int, amount: Decimal.Decimal({ scale: 2, limit: 1_000_000 }) })

export const takings = Source.make("orders", { schema: Order, key: "shop", eventTime: "placedAt", outOfOrderness: "30 seconds" }).pipe(
  Window.tumbling("1 hour"),
  Aggregate.into({ orders: Aggregate.count, takings: Aggregate.sum("amount"), largest: Aggregate.max("amount") }),
  Pipeline.allowedLateness("6 hours"),
  Pipeline.named("takings")
)

const hour = 3_600_000
/** 13:00 in UTC, 09:00 in New York. */
export const nine = Date.UTC(2026, 9, 5, 13)

export const hourOf = (shop: string, index: number, orders: number, sum: string, over: Partial<Pane> = {}): Pane =>
  pane("takings", shop, nine + index * hour, nine + (index + 1) * hour, {
    orders, takings: decimal(sum), largest: decimal((Number(sum) / 2).toFixed(2))
  }, { changes: orders, ...over })

/** Twelve shops, of which the names do not say which sold most, with five hours each. */
export const shops = ["Basel", "Bern", "Chur", "Genève", "Lausanne", "Lugano", "Luzern", "Olten", "St. Gallen", "Winterthur", "Zug", "Zürich"]

export const fiveHours = shops.flatMap((shop, at) =>
  Array.from({ length: 5 }, (_, index) => hourOf(shop, index, 10 + (at * 5) % 12, `${1_000 + at * 7 + index * 311}.25`)))

export const notJson: DeadLetter = {
  topic: "orders", partition: 0, offset: 7, pipeline: null, reason: "not-json", detail: "the record is not a JSON object", bytes: Buffer.from("shop,amount")
}

export const late: DeadLetter = {
  topic: "orders", partition: 0, offset: 9, pipeline: "takings", reason: "late", detail: "its window was final",
  bytes: Buffer.from(JSON.stringify({ shop: "Bern", placedAt: nine, amount: "4.00" }))
}
