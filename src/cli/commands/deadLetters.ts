/** `courant dead-letters`: what could not be used, to look at, to take away, and to try again. */
import { Clock, Console, Effect, Layer, Option, Schema, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as Database from "../../adapters/sqlite/Database.ts"
import * as SqliteDeadLetters from "../../adapters/sqlite/SqliteDeadLetters.ts"
import * as SqliteEventLog from "../../adapters/sqlite/SqliteEventLog.ts"
import { type DeadLetter, DeadLetters, type Query } from "../../streams/ports/DeadLetters.ts"
import { Reason } from "../../streams/records/Refusal.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as AppendClock from "../../streams/records/AppendClock.ts"
import { RecordReader } from "../../streams/records/RecordReader.ts"
import { fromBytes, Kind } from "../../streams/records/Records.ts"
import { Router, type Sources } from "../../streams/records/Router.ts"
import * as Flags from "../Flags.ts"
import * as Kafka from "../kafka/Kafka.ts"
import * as Pipelines from "../Pipelines.ts"
import { type Problem, problem, say, usage } from "../terminal/Problem.ts"
import * as Stores from "../Stores.ts"
import * as Topics from "../Topics.ts"

const reason = Flag.Literals("reason", Reason.literals).pipe(
  Flag.withDescription("Only records refused for this reason"),
  Flag.optional
)

const limit = Flag.Int("limit").pipe(Flag.withDescription("At most this many (default: 100)"), Flag.withDefault(100))

const where = {
  log: Flags.keptLog,
  data: Flags.data,
  topics: Flags.anyTopics,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout,
  reason
}

type Choice = Command.Command.Config.Infer<typeof where>

/** A topic, and its dead letters. */
interface Place {
  readonly topic: string
  /** To look at. */
  readonly letters: Layer.Layer<DeadLetters, Error>
  /** The topic of each of several sources; `null` where there is one topic. */
  readonly sources: ReadonlyArray<Topics.SourceTopic> | null
  /** To go back into the log of a topic, which is told by the sources what an event is; `null` where there is no log any more. */
  readonly lettersAndLog: ((topic: string, sources: Sources) => Layer.Layer<DeadLetters | EventLog, Error>) | null
}

const placesOf = (choice: Choice): Effect.Effect<ReadonlyArray<Place>, Problem> =>
  choice.log === "kafka" ? onKafka(choice) : inFolder(choice)

/** The topic that was named, or all: those of the folder, and those of runs whose log was in memory. */
const inFolder = Effect.fnUntraced(function*({ data, topics: given }: Choice) {
  const topic = yield* Effect.flatMap(Topics.of(given), Topics.inFolder)
  const memory = Stores.dataOfMemory(data)
  const isWanted = (name: string) => Option.isNone(topic) || name === topic.value
  const kept = Stores.topicsIn(data).filter(isWanted)
  const passed = Stores.topicsIn(memory).filter(isWanted)
  if (kept.length + passed.length === 0) yield* Stores.chooseTopic(data, Option.getOrUndefined(topic))
  const places = yield* Effect.forEach(kept, (topic) => keptIn({ data, topic }))
  return [...places, ...passed.map((topic) => passedIn({ data: memory, topic }))]
})

const keptIn = Effect.fnUntraced(function*(folder: { readonly data: string; readonly topic: string }) {
  const sources = yield* Effect.mapError(Stores.sourcesIn(folder), ({ message }) => problem(message))
  const place: Place = {
    topic: folder.topic,
    sources: sources?.map((source) => ({ source, topic: source })) ?? null,
    letters: SqliteDeadLetters.layer.pipe(Layer.provide(databaseOf(folder, true))),
    lettersAndLog: (topic) =>
      Layer.mergeAll(SqliteEventLog.layer({ topic }), SqliteDeadLetters.layer).pipe(Layer.provide(databaseOf(folder, false)))
  }
  return place
})

const databaseOf = (folder: Parameters<typeof Stores.folderOf>[0], readOnly: boolean) =>
  Database.Database.layer({ folder: Stores.folderOf(folder), readOnly })

/** Its log has gone with the run. */
const passedIn = (folder: { readonly data: string; readonly topic: string }): Place => ({
  topic: folder.topic,
  sources: null,
  letters: SqliteDeadLetters.layer.pipe(Layer.provide(databaseOf(folder, true))),
  lettersAndLog: null
})

const onKafka = Effect.fnUntraced(function*(choice: Choice) {
  const given = yield* Topics.of(choice.topics)
  const { topics } = given
  const topic = topics === null ? yield* Kafka.givenTopic(given.topic) : Topics.named({ ...given, topics })
  const connection = yield* Kafka.optionsOf(choice)
  const { letters, lettersAndLog } = yield* Effect.promise(() => import("../kafka/KafkaStores.ts"))
  const all = { connection, topic, of: topics?.map(({ topic }) => topic) ?? [topic] }
  const place: Place = {
    topic,
    sources: topics,
    letters: letters(all),
    lettersAndLog: (log, sources) => lettersAndLog({ ...all, log, sources })
  }
  return [place]
})

const queryOf = ({ reason }: Choice, limit?: number): Query => ({
  ...Option.match(reason, { onNone: () => ({}), onSome: (reason) => ({ reason }) }),
  ...(limit === undefined ? {} : { limit })
})

const lettersOf = (choice: Choice, { letters }: Place, limit?: number) =>
  Effect.flatMap(DeadLetters, (store) => store.read(queryOf(choice, limit))).pipe(Effect.provide(letters))

const list = Command.make(
  "list",
  { ...where, limit, json: Flags.json },
  Effect.fnUntraced(function*(input) {
    let left = input.limit
    for (const place of yield* placesOf(input)) {
      const letters = yield* lettersOf(input, place, left)
      left -= letters.length
      for (const letter of letters) yield* Console.log(input.json ? toJson(letter) : toLine(letter))
    }
    if (left === input.limit) say("no dead letters")
  })
).pipe(
  Command.withDescription("Shows dead letters: where each one was in the log, why it was refused, and its bytes"),
  Command.withExamples([
    { command: "courant dead-letters list --reason not-json", description: "Lines that are not JSON" },
    {
      command: "courant dead-letters list --log kafka --brokers 127.0.0.1:9092 --topic ticks",
      description: "The dead letters of a Kafka topic"
    }
  ])
)

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const toLine = (letter: DeadLetter): string => {
  const { bytes, detail, offset, partition, pipeline, reason, topic } = letter
  const place = refusedPane(letter) ?? `${topic}/${partition}/${offset}`
  return `${place}  ${reason}${pipeline === null ? "" : ` (${pipeline})`}: ${detail}\n    ${
    JSON.stringify(text(bytes.subarray(0, 200)))
  }`
}

const decodePane = Schema.decodeUnknownOption(Schema.fromJsonString(Pane.Encoded))

/** Where a pane was to go and which one it is, in place of the name under which its letter is kept. */
const refusedPane = ({ bytes, reason, topic }: DeadLetter): string | undefined => {
  if (reason !== "refused") return undefined
  const pane = Option.getOrUndefined(decodePane(text(bytes)))
  if (pane === undefined) return undefined
  // Up to the first bar that is not escaped.
  const sink = /^(?:\\.|[^|\\])*/.exec(topic)?.[0] ?? topic
  return `${sink}  ${JSON.stringify(pane.key)} ${new Date(pane.start).toISOString()} revision ${pane.revision}`
}

const toJson = (letter: DeadLetter): string =>
  JSON.stringify({ ...letter, bytes: undefined, text: text(letter.bytes), base64: Buffer.from(letter.bytes).toString("base64") })

const exportAll = Command.make(
  "export",
  where,
  Effect.fnUntraced(function*(input) {
    const stdio = yield* Stdio.Stdio
    for (const place of yield* placesOf(input)) {
      const letters = yield* lettersOf(input, place)
      // A late event has one letter for each pipeline that refused it, and is exported once.
      const records = new Map(letters.map(({ bytes, offset, partition, topic }) => [`${topic}/${partition}/${offset}`, bytes]))
      const lines = [...records.values()].map((bytes) => Buffer.concat([bytes, newline]))
      yield* Stream.fromIterable(lines).pipe(Stream.run(stdio.stdout({ endOnDone: false })))
    }
  })
).pipe(
  Command.withDescription("Writes the original bytes to stdout, one record per line, to be fixed elsewhere"),
  Command.withExamples([
    { command: "courant dead-letters export --reason invalid-field > broken.ndjson", description: "Save the records to a file" },
    { command: "courant ingest --feed stdin --topic recorded < fixed.ndjson", description: "Append the fixed records to the log" }
  ])
)

const newline = Buffer.from("\n")

const retry = Command.make(
  "retry",
  { ...where, pipelines: Flags.pipelinesOfSource },
  Effect.fnUntraced(function*(input) {
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), {}, "any")
    for (const place of yield* placesOf(input)) {
      const { lettersAndLog, sources: several, topic } = place
      if (lettersAndLog === null) {
        say(`${topic}: its log was in memory; the records go on from: courant dead-letters export --topic ${topic}`)
        continue
      }
      if (several === null) yield* Effect.andThen(Pipelines.checkSources(pipelines, null), checkOneTopic(input, place))
      const retried = several === null
        ? [{ topic, sources: Kafka.sourcesOf(pipelines) }]
        : Kafka.withSources(several.filter(({ source }) => Pipelines.sourcesOf(pipelines).includes(source)), pipelines)
      if (retried.length === 0) say(`${topic}: its sources are ${(several ?? []).map(({ source }) => source).join(", ")}; name pipelines that read them with --pipelines`)
      for (const { sources, topic } of retried) {
        yield* retryTopic(topic, queryOf(input), sources).pipe(Effect.provide(lettersAndLog(topic, sources)))
      }
    }
  })
).pipe(
  Command.withDescription(
    "Appends the records that can be used now to the log again, and deletes those letters; the next run counts them like " +
      "any other event: those whose time has come by now, and those that can be decoded now and are no longer in the log. " +
      "What can be decoded where it stands stays, since a pipeline that decodes it reads the log from its beginning. Late events stay, since their windows have closed, and so do records that only one of several pipelines " +
      "refused, since the others have them. Panes that a sink refused stay too: once the sink accepts them, courant process " +
      "--restart writes all of them again"
  ),
  Command.withShortDescription("Appends the records that can be used now to the log again, and deletes those letters"),
  Command.withExamples([
    { command: "courant dead-letters retry", description: "Events whose time was ahead of the clock" },
    { command: "courant dead-letters retry --pipelines ./sensors.ts", description: "Records of your own Schema" },
    {
      command: "courant dead-letters retry --log kafka --brokers 127.0.0.1:9092 --topic ticks",
      description: "Back into a Kafka topic, each to the partition of its key"
    },
    {
      command: "courant dead-letters retry --log kafka --brokers 127.0.0.1:9092 --topic market --topic trades=my-trades --topic quotes=my-quotes --pipelines ./market.ts",
      description: "Of several sources, each into its topic"
    }
  ])
)

/** What several topics are called together on Kafka is no topic that letters could go back into. */
const checkOneTopic = Effect.fnUntraced(function*(choice: Choice, place: Place) {
  if (choice.log !== "kafka") return
  const others = (yield* lettersOf(choice, place)).filter((letter) => letter.reason !== "refused" && letter.topic !== place.topic)
  if (others.length === 0) return
  const topics = [...new Set(others.map(({ topic }) => topic))].sort()
  return yield* usage(`the dead letters of ${place.topic} are those of several topics (${topics.join(", ")}): give the topic of each source too, with --topic SOURCE=TOPIC`)
})

/**
 * A record that one pipeline cannot decode and another can is a letter of the one. Appended again it would count twice in
 * the other.
 */
const isTakenByOthers = ({ pipeline, reason }: DeadLetter): boolean => pipeline !== null && !hopeless.includes(reason)

/** When it was appended decides, and its place in the log keeps that: the same bytes may be taken further on. */
const isOfItsTime = ({ reason }: DeadLetter): boolean => reason === "time-ahead" || reason === "not-milliseconds"

/** Late events, whose windows have closed; what had nothing to cancel; panes; what is not whole, though it may look so; and what names no source. */
const hopeless: ReadonlyArray<Reason> = ["late", "nothing-to-cancel", "refused", "too-long", "unknown-source"]

const retryTopic = Effect.fnUntraced(function*(topic: string, query: Query, sources: Sources) {
  const store = yield* DeadLetters
  const log = yield* EventLog
  // A folder of several sources has the letters of all. The panes that a sink refused are kept under its own name.
  const letters = (yield* store.read(query)).filter((letter) => letter.topic === topic || letter.reason === "refused")
  const now = yield* Clock.currentTimeMillis
  const beginnings = yield* log.beginnings ?? Effect.succeed([])
  const isInLog = ({ offset, partition }: DeadLetter) => offset >= (beginnings[partition] ?? 0)
  const reader = new RecordReader(sources.source)
  const router = new Router(log.partitions, sources)
  let decoded = 0
  let inPlace = 0
  for (const group of inChunks(letters)) {
    const whole = chunkOf(group)
    const decodable = group.filter((letter, index) =>
      !hopeless.includes(letter.reason) && !isTakenByOthers(letter) && reader.read(whole, index) &&
      AppendClock.refusalOf(reader.time, now, -Infinity, Infinity) === null)
    const readable = decodable.filter((letter) => isOfItsTime(letter) || !isInLog(letter))
    inPlace += decodable.length - readable.length
    if (readable.length === 0) continue
    // First into the log, then out of the letters: a crash in between appends twice rather than never.
    yield* Effect.forEach(router.route(chunkOf(readable)), ({ chunk, partition }) => log.append(partition, chunk))
    yield* store.remove(readable)
    decoded += readable.length
  }
  say(`${topic}: ${decoded} of ${letters.length} dead letters are in the log again`)
  if (inPlace > 0) say(`${topic}: ${inPlace} can be decoded where they stand in the log, where a pipeline that decodes them reads them as it computes from the beginning; appended again they would count twice`)
  const refused = letters.filter(({ reason }) => reason === "refused").length
  const taken = letters.filter(isTakenByOthers).length
  if (taken > 0) say(`${topic}: ${taken} were refused by one pipeline and taken by others, which have them; once it takes them: courant process --restart`)
  if (refused > 0) say(`${topic}: ${refused} are panes that a sink refused; once it takes them: courant process --restart`)
})

const chunkOf = (of: ReadonlyArray<DeadLetter>) => fromBytes(of.map(({ bytes }) => bytes), of.map(() => Kind.event))

/** An append is one request, however many letters there are. */
const chunkBytes = 1_024 * 1_024

const inChunks = (letters: ReadonlyArray<DeadLetter>): ReadonlyArray<ReadonlyArray<DeadLetter>> => {
  const chunks: Array<Array<DeadLetter>> = []
  let size = Infinity
  for (const letter of letters) {
    if (size + letter.bytes.length > chunkBytes) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(letter)
    size += letter.bytes.length
  }
  return chunks
}

export const command = Command.make("dead-letters").pipe(
  Command.withDescription("Records that could not be used: list, export, retry"),
  Command.withExamples([
    { command: "courant dead-letters list", description: "What was refused, and why" },
    { command: "courant dead-letters export --reason invalid-field > broken.ndjson", description: "The records themselves" }
  ]),
  Command.withSubcommands([list, exportAll, retry])
)
