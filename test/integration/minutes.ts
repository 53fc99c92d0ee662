/** A market whose minutes go by as fast as they are written: each chunk closes windows. */
import { Effect } from "effect"
import { begin, ingest } from "./market.ts"

/** How many ticks a minute has. */
export const perMinute = 200

/** The ticks of one minute, up to 4 seconds out of order, and one in a hundred a minute late. */
export const minuteOf = (minute: number, random: () => number): ReadonlyArray<string> =>
  Array.from({ length: perMinute }, (_, i) => {
    const late = random() < 0.01 ? 60_000 : 0
    return JSON.stringify({
      symbol: `S${Math.floor(20 * random())}`,
      time: begin + minute * 60_000 + i * (60_000 / perMinute) - Math.floor(4_000 * random()) - late,
      price: (100 + Math.floor(1_000 * random()) / 100).toFixed(2),
      size: 1 + Math.floor(100 * random())
    })
  })

/** Appends minute after minute, with a pause between two, until it is over, and gives the number of ticks. */
export const trickle = Effect.fnUntraced(function*(random: () => number, isOver: () => boolean) {
  let minutes = 0
  for (; !isOver(); minutes++) {
    yield* ingest(minuteOf(minutes, random))
    yield* Effect.sleep("5 millis")
  }
  return minutes * perMinute
})
