/** `courant dead-letters`: what could not be used, to look at, to take away, and to try again. */
import { Console, Effect, Layer, Option, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as Database from "../adapters/sqlite/Database.ts"
import * as SqliteDeadLetters from "../adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteEventLog from "../adapters/sqlite/SqliteEventLog.ts"
import { ticks } from "../analytics/ticks.ts"
import { type DeadLetter, DeadLetters, type Query, Reason } from "../streams/DeadLetters.ts"
import { EventLog } from "../streams/EventLog.ts"
import { RecordReader } from "../streams/RecordReader.ts"
import { fromBytes, Kind } from "../streams/Records.ts"
import type { Definition } from "../streams/Source.ts"
import * as Flags from "./Flags.ts"
import * as Pipelines from "./Pipelines.ts"
import { problem, say } from "./Problem.ts"
import * as Stores from "./Stores.ts"

const reason = Flag.Literals("reason", Reason.literals).pipe(
  Flag.withDescription("Only those refused for this reason"),
  Flag.optional
)

const limit = Flag.Int("limit").pipe(Flag.withDescription("At most so many"), Flag.withDefault(100))

const json = Flag.Boolean("json").pipe(Flag.withDescription("One JSON object a line"), Flag.withDefault(false))

interface Choice {
  readonly data: string
  readonly topic: Option.Option<string>
  readonly reason: Option.Option<Reason>
}

const storeOf = (data: string, topic: string, readOnly: boolean) =>
  Database.Database.layer({ folder: Stores.folderOf({ data, topic }), readOnly })

/** The topics to look through: the one that was named, or all. */
const topicsOf = Effect.fnUntraced(function*({ data, topic }: Choice) {
  if (Option.isSome(topic)) return [yield* Stores.chooseTopic(data, topic.value)]
  const topics = Stores.topicsIn(data)
  if (topics.length === 0) return yield* problem(`there is nothing in ${data} yet; start with: courant run`)
  return topics
})

const queryOf = ({ reason }: Choice, limit?: number): Query => ({
  ...Option.match(reason, { onNone: () => ({}), onSome: (reason) => ({ reason }) }),
  ...(limit === undefined ? {} : { limit })
})

const lettersOf = (choice: Choice, topic: string, limit?: number) =>
  Effect.flatMap(Effect.service(DeadLetters), (store) => store.read(queryOf(choice, limit))).pipe(
    Effect.provide(SqliteDeadLetters.layer.pipe(Layer.provide(storeOf(choice.data, topic, true))))
  )

const list = Command.make(
  "list",
  { data: Flags.data, topic: Flags.topic, reason, limit, json },
  Effect.fnUntraced(function*(input) {
    let left = input.limit
    for (const topic of yield* topicsOf(input)) {
      const letters = yield* lettersOf(input, topic, left)
      left -= letters.length
      for (const letter of letters) yield* Console.log(input.json ? toJson(letter) : toLine(letter))
    }
    if (left === input.limit) say("no dead letters")
  })
).pipe(
  Command.withDescription("Shows dead letters: where each stood, why it was refused, and its bytes"),
  Command.withExamples([{ command: "courant dead-letters list --reason not-json", description: "Lines that are no JSON" }])
)

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const toLine = ({ bytes, detail, offset, partition, pipeline, reason, topic }: DeadLetter): string =>
  `${topic}/${partition}/${offset}  ${reason}${pipeline === null ? "" : ` (${pipeline})`}: ${detail}\n    ${
    JSON.stringify(text(bytes.subarray(0, 200)))
  }`

const toJson = (letter: DeadLetter): string =>
  JSON.stringify({ ...letter, bytes: undefined, text: text(letter.bytes), base64: Buffer.from(letter.bytes).toString("base64") })

const exportAll = Command.make(
  "export",
  { data: Flags.data, topic: Flags.topic, reason },
  Effect.fnUntraced(function*(input) {
    const stdio = yield* Stdio.Stdio
    for (const topic of yield* topicsOf(input)) {
      const letters = yield* lettersOf(input, topic)
      // A late event has one letter for each pipeline that refused it, and is exported once.
      const records = new Map(letters.map((letter) => [`${letter.partition}/${letter.offset}`, letter.bytes]))
      const lines = [...records.values()].map((bytes) => Buffer.concat([bytes, newline]))
      yield* Stream.fromIterable(lines).pipe(Stream.run(stdio.stdout({ endOnDone: false })))
    }
  })
).pipe(
  Command.withDescription("Writes the original bytes to stdout, one record a line, for mending elsewhere"),
  Command.withExamples([
    { command: "courant dead-letters export --reason invalid-field > broken.ndjson", description: "Take them away" },
    { command: "courant ingest --feed stdin --topic recorded < mended.ndjson", description: "And bring them back" }
  ])
)

const newline = Buffer.from("\n")

const retry = Command.make(
  "retry",
  { data: Flags.data, topic: Flags.topic, reason, pipelines: Flags.pipelines },
  Effect.fnUntraced(function*(input) {
    const [first] = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), {})
    const source = first?.source.definition ?? ticks.definition
    for (const topic of yield* topicsOf(input)) {
      yield* retryTopic(topic, input, source).pipe(
        Effect.provide(
          Layer.mergeAll(SqliteEventLog.layer({ topic }), SqliteDeadLetters.layer).pipe(
            Layer.provide(storeOf(input.data, topic, false))
          )
        )
      )
    }
  })
).pipe(
  Command.withDescription(
    "Appends to the log again what can be decoded by now, and forgets those letters; the next run counts them as any " +
      "other event. Late events stay: their windows have closed"
  ),
  Command.withExamples([
    { command: "courant dead-letters retry", description: "After an update that reads more" },
    { command: "courant dead-letters retry --pipelines ./sensors.ts", description: "Events of your own Schema" }
  ])
)

const chunkOf = (of: ReadonlyArray<DeadLetter>) => fromBytes(of.map(({ bytes }) => bytes), of.map(() => Kind.event))

const retryTopic = Effect.fnUntraced(function*(topic: string, choice: Choice, source: Definition) {
  const store = yield* DeadLetters
  const log = yield* EventLog
  const letters = yield* store.read(queryOf(choice))
  const reader = new RecordReader(source)
  const chunk = chunkOf(letters)
  const mended = letters.filter((letter, index) => letter.reason !== "late" && reader.read(chunk, index))
  for (const [partition, group] of Map.groupBy(mended, (letter) => letter.partition)) {
    // First into the log, then out of the letters: a crash in between appends twice rather than never.
    yield* log.append(partition, chunkOf(group))
    yield* store.remove(group)
  }
  say(`${topic}: ${mended.length} of ${letters.length} dead letters are in the log again`)
})

export const command = Command.make("dead-letters").pipe(
  Command.withDescription("What could not be used: list, export, retry"),
  Command.withExamples([
    { command: "courant dead-letters list", description: "What was refused, and why" },
    { command: "courant dead-letters export --reason invalid-field > broken.ndjson", description: "The lines themselves" }
  ]),
  Command.withSubcommands([list, exportAll, retry])
)
