/** What `--topic` names: one topic, or that of each of several sources beside a name for what is made of them. */
import { Effect, Option } from "effect"
import { byCodePoints } from "../streams/records/StringOrder.ts"
import { type Problem, usage } from "./terminal/Problem.ts"

/** The topic of a source. */
export interface SourceTopic {
  readonly source: string
  readonly topic: string
}

export interface Topics {
  readonly topic: Option.Option<string>
  /** In the order of the sources' names; `null` where there is one topic. */
  readonly topics: ReadonlyArray<SourceTopic> | null
}

export const of = Effect.fnUntraced(function*(
  given: ReadonlyArray<{ readonly source: string | null; readonly topic: string }>
): Effect.fn.Return<Topics, Problem> {
  const [topic, ...others] = given.flatMap(({ source, topic }) => source === null ? [topic] : [])
  if (others.length > 0) return yield* usage("--topic is given more than once: several are those of several sources, each as --topic SOURCE=TOPIC")
  const all = given.flatMap(({ source, topic }) => source === null ? [] : [{ source, topic }])
  const twice = all.find((one, index) => all.some((other, before) => before < index && (other.source === one.source || other.topic === one.topic)))
  if (twice !== undefined) return yield* usage(`--topic ${twice.source}=${twice.topic}: each source has one topic, and each topic one source`)
  if (all.some((one) => one.topic === topic)) {
    return yield* usage(`--topic ${topic}: the topic is one of several sources; name what is made of them otherwise, or leave the name out`)
  }
  return { topic: Option.fromUndefinedOr(topic), topics: all.length === 0 ? null : all.toSorted((a, b) => byCodePoints(a.source, b.source)) }
})

/** What all of them are called together: their names, joined, where they have none. */
export const named = ({ topic, topics }: Topics & { readonly topics: ReadonlyArray<SourceTopic> }): string =>
  Option.getOrElse(topic, () => topics.map(({ topic }) => topic).join("-"))

/** Refuses a topic whose source nobody reads. */
export const checkRead = (topics: ReadonlyArray<SourceTopic> | null, read: ReadonlyArray<string>): Effect.Effect<void, Problem> => {
  const idle = topics?.find(({ source }) => !read.includes(source))
  return idle === undefined ? Effect.void : Effect.fail(usage(`--topic ${idle.source}=${idle.topic}: no pipeline reads the source "${idle.source}"; they read ${read.join(", ")}`))
}

/** Those of the sources that are fed. Refuses sources without a topic, and topics that get nothing. */
export const fedOf = ({ topics }: Topics, sources: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<SourceTopic>, Problem> => {
  const missing = sources.filter((source) => topics?.every((other) => other.source !== source) ?? true)
  if (topics === null || missing.length > 0) {
    return Effect.fail(usage(`several sources go into a Kafka topic each: give ${missing.map((source) => `--topic ${source}=TOPIC`).join(" ")}`))
  }
  const idle = topics.find(({ source }) => !sources.includes(source))
  return idle === undefined
    ? Effect.succeed(topics)
    : Effect.fail(usage(`--topic ${idle.source}=${idle.topic}: the source "${idle.source}" is not fed; those that are: ${sources.join(", ")}`))
}

/** Refuses topics of sources where one feed goes into one topic. */
export const one = ({ topic, topics }: Topics): Effect.Effect<Option.Option<string>, Problem> =>
  topics === null
    ? Effect.succeed(topic)
    : Effect.fail(usage("--topic SOURCE=TOPIC is for several sources, each with --feed file:SOURCE=PATH, or with --source-field; of one feed give --topic TOPIC"))

/** In a folder the sources have topics of their own names. */
export const inFolder = ({ topic, topics }: Topics): Effect.Effect<Option.Option<string>, Problem> =>
  topics === null ? Effect.succeed(topic) : Effect.fail(usage("--topic SOURCE=TOPIC needs --log kafka: in a folder each source has a topic of its own name"))
