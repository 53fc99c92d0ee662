/**
 * Says once where the first tick of a feed has a time in another unit. Every number may be one of milliseconds, so that the event
 * is taken; but no market has ticks of the first weeks of 1970, where dates, years and seconds are.
 */
import { Effect, Option, Schema, Stream } from "effect"
import { ticks } from "../analytics/ticks.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import type { Feed } from "../streams/ports/Feed.ts"
import { type Chunk, valueAt } from "../streams/records/Records.ts"
import * as Instants from "./Instants.ts"
import { say } from "./terminal/Problem.ts"

/** Sources of one's own may count from 0. */
export const watched = (pipelines: ReadonlyArray<AnyPipeline>) => (feed: Feed["Service"]): Feed["Service"] => {
  if (!pipelines.some(readsTicks)) return feed
  const events: Feed["Service"]["events"] = (position) => {
    let isFirst = true
    return Stream.tap(feed.events(position), (chunk) => Effect.sync(() => {
      if (!isFirst || chunk.length === 0) return
      isFirst = false
      const told = oddTimeIn(chunk)
      if (told !== null) say(told)
    }))
  }
  return { ...feed, events }
}

const readsTicks = ({ checked }: AnyPipeline): boolean =>
  Checked.inputsOf(checked).some(({ events }) => events.definition.columns === ticks.definition.columns)

const decodeTime = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ time: Schema.Int })))

const oddTimeIn = (chunk: Chunk): string | null => {
  const time = Option.getOrNull(decodeTime(new TextDecoder().decode(valueAt(chunk, 0))))?.time
  const odd = time === undefined ? null : Instants.oddIn(String(time))
  if (time === undefined || odd === null) return null
  const meant = odd === "seconds" ? "multiply it by 1,000" : odd === "microseconds" ? "divide it by 1,000" : "such as 1732545000000"
  return `the first event's time ${time} looks like ${odd}; in milliseconds it is ${new Date(time).toISOString()}: give "time" in whole milliseconds since the epoch, ${meant}`
}
