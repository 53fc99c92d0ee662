/** Query 8, monitor new users: people who have put something up for auction in the same ten seconds in which they came. */
import { Events, Expr, Join, Pipeline } from "courant"
import { type Auction, auctions, type Person, persons } from "./model.ts"

/** Half of ten seconds is taken away, since quotients are rounded. */
const tenSecondsOf = <const F extends "auctioned" | "dateTime">(field: F) =>
  Expr.divide(Expr.subtract(field, 5_000), 10_000, { scale: 0 })

export const pipeline = persons.pipe(
  Join.interval(auctions.pipe(Events.keyBy("seller")), { within: "10 seconds", select: { auctioned: "dateTime" } }),
  Events.derive({ came: tenSecondsOf("dateTime"), sold: tenSecondsOf("auctioned") }),
  Events.where(Expr.eq("came", Expr.field("sold"))),
  Events.distinct({ by: "id", within: "10 seconds" }),
  Pipeline.named("q8")
)

/** Who they are. */
export const fold = ({ auctions, persons }: { readonly auctions: ReadonlyArray<Auction>; readonly persons: ReadonlyArray<Person> }) =>
  persons.filter((person) => auctions.some((auction) => auction.seller === person.id && startOf(auction) === startOf(person)))

const startOf = ({ dateTime }: Auction | Person) => Math.floor(dateTime / 10_000)
