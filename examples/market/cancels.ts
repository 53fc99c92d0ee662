/** What was traded once cancelled trades are taken back: a cancel counts against the volume, and so against the VWAP. */
import { Schema } from "effect"
import { Aggregate, Decimal, Events, Expr, Pipeline, Source, Window } from "courant"

const reports = Source.make("reports", {
  schema: Schema.Struct({
    symbol: Schema.String,
    /** Of a cancel, the time of the trade that it takes back. */
    time: Schema.Int,
    price: Decimal.Decimal({ scale: 4, limit: 1_000_000 }),
    size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 })),
    kind: Schema.Literals(["trade", "cancel"])
  }),
  key: "symbol",
  eventTime: "time",
  outOfOrderness: "5 seconds"
})

export const pipeline = reports.pipe(
  Events.derive({ signed: Expr.conditional(Expr.eq("kind", "cancel"), Expr.negate("size"), "size") }),
  Window.tumbling("1 minute"),
  Aggregate.into({
    volume: Aggregate.sum("signed"),
    vwap: Aggregate.weightedMean("price", "signed"),
    cancels: Aggregate.where(Expr.eq("kind", "cancel"))(Aggregate.count)
  }),
  Pipeline.allowedLateness("15 minutes"),
  Pipeline.named("cancels")
)
