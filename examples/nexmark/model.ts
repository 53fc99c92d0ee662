/**
 * The Nexmark benchmark's model (Tucker, Tufte, Papadimos, Maier, 2002): people put things up for auction, and people bid.
 * Each of the three is a topic of its own. Prices are whole cents.
 */
import { Schema } from "effect"
import { Source } from "courant"

/** Beyond every price that the generator makes; what is multiplied with 908 thousandths still fits a double exactly. */
const Cents = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))

export const Person = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  emailAddress: Schema.String,
  creditCard: Schema.String,
  city: Schema.String,
  state: Schema.String,
  dateTime: Schema.Int,
  extra: Schema.String
})
export type Person = typeof Person.Type

export const Auction = Schema.Struct({
  id: Schema.Int,
  itemName: Schema.String,
  description: Schema.String,
  initialBid: Cents,
  reserve: Cents,
  dateTime: Schema.Int,
  expires: Schema.Int,
  seller: Schema.Int,
  category: Schema.Int,
  extra: Schema.String
})
export type Auction = typeof Auction.Type

export const Bid = Schema.Struct({
  auction: Schema.Int,
  bidder: Schema.Int,
  price: Cents,
  channel: Schema.String,
  url: Schema.String,
  dateTime: Schema.Int,
  extra: Schema.String
})
export type Bid = typeof Bid.Type

const times = { eventTime: "dateTime", outOfOrderness: "4 seconds" } as const

export const persons = Source.make("persons", { schema: Person, key: "id", ...times })
export const auctions = Source.make("auctions", { schema: Auction, key: "id", ...times })
export const bids = Source.make("bids", { schema: Bid, key: "auction", ...times })
