/**
 * What a split makes of prices: a feed that has gone through a split of four for one says 4 with every price from then
 * on. Price times factor can be compared over the split. Nothing that was logged before it is changed. One that is not above 0
 * counts for none.
 */
import { Decimal } from "./Decimal.ts"

export const SplitFactor = Decimal({ scale: 8, limit: 1_000_000 })
