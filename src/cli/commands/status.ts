/** `courant status`: which of several processes is active, and how far it is. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import type { Standing } from "../kafka/KafkaStatus.ts"
import * as Flags from "../Flags.ts"
import * as Kafka from "../kafka/Kafka.ts"
import { say } from "../terminal/Problem.ts"
import * as Topics from "../Topics.ts"

const flags = {
  topics: Flags.topics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeoutOf(5),
  json: Flags.json
}

export const command = Command.make(
  "status",
  flags,
  Effect.fnUntraced(function*(input) {
    const given = yield* Topics.of(input.topics)
    const { topics } = given
    const topic = topics === null ? yield* Kafka.givenTopic(given.topic, "status") : Topics.named({ ...given, topics })
    const connection = yield* Kafka.optionsOf(input)
    const { connect } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
    const { standings } = yield* Effect.promise(() => import("../kafka/KafkaStatus.ts"))
    const found = yield* Effect.provide(standings(topic, topics), connect({ connection }))
    if (found.length === 0) say(`no process has been active over ${topic} yet`)
    for (const standing of found) yield* Console.log(input.json ? JSON.stringify(standing) : line(standing))
  })
).pipe(
  Command.withDescription(
    "Says for each group of processes over a Kafka topic which one is active, since when, and how many records it has still to " +
      "process. The group of a process is courant-TOPIC-PIPELINES. It changes nothing."
  ),
  Command.withExamples([
    { command: "courant status --brokers 127.0.0.1:9092 --topic ticks", description: "For people" },
    { command: "courant status --brokers 127.0.0.1:9092 --topic ticks --json", description: "For another program" }
  ])
)

const line = ({ active, group, lag, lagBySource, last, renewed, since, unknown }: Standing): string => {
  const sources = Object.entries(lagBySource ?? {}).map(([source, lag]) => `${source} ${lag ?? "none"}`)
  const who = active === null
    ? `nobody is active; the last one was ${last}, until ${time(renewed)}`
    : `${active} is active since ${time(since)}`
  const none = unknown === "topics"
    ? "its lag is not known, since there is no topic of this name: give those of its sources, each as --topic SOURCE=TOPIC"
    : "no offsets are committed"
  return `${group}: ${who}; ${lag === null ? none : `lag ${lag} records`}${sources.length === 0 ? "" : ` (${sources.join(", ")})`}`
}

const time = (millis: number): string => new Date(millis).toISOString()
