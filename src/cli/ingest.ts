/** `courant ingest`: from a feed into the log, and nothing else. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { EventLog } from "../streams/EventLog.ts"
import { Feed } from "../streams/Feed.ts"
import * as Ingest from "../streams/Ingest.ts"
import * as Display from "./Display.ts"
import * as Feeds from "./Feeds.ts"
import * as Flags from "./Flags.ts"
import { say } from "./Problem.ts"
import * as Stores from "./Stores.ts"

export const command = Command.make(
  "ingest",
  { feed: Flags.feed, symbols: Flags.symbols, speed: Flags.speedOf(Infinity), data: Flags.data, topic: Flags.topic },
  Effect.fnUntraced(function*(input) {
    yield* withFeed(input.data, Option.getOrUndefined(input.topic)).pipe(Effect.provide(Feeds.layer(input)), Effect.scoped)
  })
).pipe(
  Command.withDescription("Appends a feed to the log until the feed ends. Whoever processes the log decides what it means."),
  Command.withShortDescription("A feed into the log"),
  Command.withExamples([
    { command: "courant ingest --feed yahoo --symbols AAPL,MSFT", description: "Keep today's ticks" },
    { command: "courant ingest --feed stdin --topic trades < ticks.ndjson", description: "Keep ticks of your own" }
  ])
)

const withFeed = Effect.fnUntraced(function*(data: string, wanted: string | undefined) {
  const feed = yield* Feed
  const topic = wanted ?? feed.name
  yield* append(topic).pipe(Effect.provide(Stores.layer({ log: "sqlite", sinks: [], data, topic })))
})

const append = Effect.fnUntraced(function*(topic: string) {
  const log = yield* EventLog
  const feed = yield* Feed
  const before = total(yield* log.ends)
  const state = feed.name === "stdin" ? "standard input" : `${feed.name}, ${Display.badge(yield* feed.freshness)},`
  say(`${state} into the topic ${topic}`)
  yield* Ingest.run.pipe(
    Effect.ensuring(Effect.ignore(Effect.map(log.ends, (ends) => say(`appended ${total(ends) - before} records to ${topic}`))))
  )
})

const total = (ends: ReadonlyArray<number>): number => ends.reduce((sum, end) => sum + end, 0)
