/** Query 21, add channel id: a number for each of the great channels, and for others the one in their link. */
import { Events, Expr, Pipeline } from "courant"
import { type Bid, bids } from "./model.ts"

const channel = Expr.lower("channel")

export const pipeline = bids.pipe(
  Events.derive({
    channelId: Expr.conditional(
      Expr.eq(channel, "apple"),
      Expr.literal("0"),
      Expr.conditional(
        Expr.eq(channel, "google"),
        Expr.literal("1"),
        Expr.conditional(
          Expr.eq(channel, "facebook"),
          Expr.literal("2"),
          Expr.conditional(Expr.eq(channel, "baidu"), Expr.literal("3"), Expr.extract("url", /(&|^)channel_id=([^&]*)/, { group: 2 }))
        )
      )
    )
  }),
  Events.where(Expr.isNotNull("channelId")),
  Pipeline.named("q21")
)

const ids = new Map([["apple", "0"], ["google", "1"], ["facebook", "2"], ["baidu", "3"]])

export const fold = (bid: Bid) => {
  const channelId = ids.get(bid.channel.toLowerCase()) ?? /(&|^)channel_id=([^&]*)/.exec(bid.url)?.[2]
  return channelId === undefined ? null : { ...bid, channelId }
}
