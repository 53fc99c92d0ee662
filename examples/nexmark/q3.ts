/**
 * Query 3, local item suggestion: auctions of category 10 whose seller lives in Oregon, Idaho or California. The original keeps
 * every person for ever; here auctions count that begin at most ten minutes after their seller came, so that the state has a bound.
 */
import { Events, Expr, Join, Pipeline } from "courant"
import { type Auction, auctions, type Person, persons } from "./model.ts"

const isNear = Expr.or(Expr.eq("state", "OR"), Expr.eq("state", "ID"), Expr.eq("state", "CA"))

export const pipeline = auctions.pipe(
  Events.where(Expr.eq("category", 10)),
  Events.keyBy("seller"),
  Join.interval(persons.pipe(Events.where(isNear)), { before: "10 minutes", select: { name: "name", city: "city", state: "state" } }),
  Pipeline.named("q3")
)

export const fold = ({ auctions, persons }: { readonly auctions: ReadonlyArray<Auction>; readonly persons: ReadonlyArray<Person> }) =>
  auctions.filter(({ category }) => category === 10).flatMap((auction) => persons.flatMap(({ city, dateTime, id, name, state }) => {
    if (id !== auction.seller || !["OR", "ID", "CA"].includes(state)) return []
    return dateTime > auction.dateTime || auction.dateTime - dateTime > 600_000 ? [] : [{ ...auction, name, city, state }]
  }))
