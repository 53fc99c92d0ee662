/**
 * At which prices most was traded: the volume of each price in half an hour, as an object in JSON. The states of a
 * function's own make the pipeline local.
 */
import { BigDecimal, Schema } from "effect"
import { Aggregate, Decimal, Pipeline, Window, ticks, updatesVolume } from "courant"

type Profile = { readonly [price: string]: Decimal.Decimal }

const plus = (profile: Profile, price: string, size: Decimal.Decimal): Profile =>
  ({ ...profile, [price]: BigDecimal.sum(profile[price] ?? BigDecimal.make(0n, 0), size) })

const written = (profile: Profile): ReadonlyArray<readonly [price: string, volume: string]> =>
  Object.entries(profile).map(([price, volume]) => [price, Decimal.format(volume)])

const volumeByPrice = Aggregate.custom({
  create: (): Profile => ({}),
  add: (profile, { price, size }: Pick<Pipeline.RowOf<typeof ticks>, "price" | "size">) => plus(profile, Decimal.format(price), size),
  merge: (left, right) => Object.entries(right).reduce((sum, [price, size]) => plus(sum, price, size), left),
  result: (profile) => JSON.stringify(Object.fromEntries(written(profile).toSorted(([a], [b]) => Number(a) - Number(b)))),
  state: Schema.Record(Schema.String, Schema.BigDecimalFromString)
})

export const pipeline = ticks.pipe(
  Window.tumbling("30 minutes"),
  Aggregate.into({ profile: updatesVolume(volumeByPrice) }),
  Pipeline.named("volume-profile")
)
