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

/** What all of them are called together, where they have no name. */
export const nameOf = (topics: ReadonlyArray<SourceTopic>): string => topics.map(({ topic }) => topic).join("-")

/** Refuses a topic whose source nobody reads. */
export const checkRead = (topics: ReadonlyArray<SourceTopic> | null, read: ReadonlyArray<string>): Effect.Effect<void, Problem> => {
  const idle = topics?.find(({ source }) => !read.includes(source))
  return idle === undefined ? Effect.void : Effect.fail(usage(`--topic ${idle.source}=${idle.topic}: no pipeline reads the source "${idle.source}"; they read ${read.join(", ")}`))
}

/** In a folder the sources have topics of their own names. */
export const inFolder = ({ topic, topics }: Topics): Effect.Effect<Option.Option<string>, Problem> =>
  topics === null ? Effect.succeed(topic) : Effect.fail(usage("--topic SOURCE=TOPIC needs --log kafka: in a folder each source has a topic of its own name"))
