/** What a price is in, as its source names it: `USD`, `KRW`, `USDT`, or a part of one, such as `GBp` for pence. */
import { Schema } from "effect"

export const Currency = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9]{1,12}$/, { expected: "a currency of 1 to 12 letters and digits, such as USD or GBp" })
)

/** How many decimals a source shows prices with. A price may have more: nothing is rounded to it. */
export const ShownDecimals = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 }))
