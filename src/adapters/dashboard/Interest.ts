/** What a viewer of the live events looks at: what it does not look at is not sent to it. */
import { Result } from "effect"
import type { Pane } from "../../streams/pipeline/Pane.ts"
import type { Description } from "./Description.ts"

/** The windows of one key. */
export interface Followed {
  readonly pipeline: string
  readonly key: string
}

/** Of each key of a pipeline the newest window, and of that these values. */
export interface Watched {
  readonly pipeline: string
  readonly fields: ReadonlyArray<string>
}

export interface Interest {
  /** The same for viewers that look at the same. */
  readonly id: string
  /** Names of what is told: whatever goes to one of these is heard. */
  readonly topics: ReadonlySet<string>
  readonly follow: ReadonlyArray<Followed>
  readonly watch: ReadonlyArray<Watched>
  /** Windows of all pipelines. */
  readonly isOfAll: boolean
}

export const followTopic = ({ key, pipeline }: Followed): string => `follow ${pipeline} ${key}`
export const watchTopic = ({ fields, pipeline }: Watched): string => `watch ${pipeline} ${JSON.stringify(fields)}`
/** For programs that know neither: every window, or every window of a key. */
export const everything = "everything"
export const keyTopic = (key: string): string => `key ${key}`

/** All that the windows of a pane are told as. */
export const topicsOf = (pane: Pane): ReadonlyArray<string> => [followTopic(pane), keyTopic(pane.key), everything]

export const of = (follow: ReadonlyArray<Followed>, watch: ReadonlyArray<Watched>): Interest => {
  const topics = new Set([...follow.map(followTopic), ...watch.map(watchTopic)])
  return { id: JSON.stringify([...topics].sort()), topics, follow, watch, isOfAll: false }
}

/** That of a program which knows neither. */
export const inAll = (key: string | undefined): Interest => {
  const topic = key === undefined ? everything : keyTopic(key)
  return { id: topic, topics: new Set([topic]), follow: [], watch: [], isOfAll: true }
}

/** Between a pipeline and a key: no name of a pipeline has it. */
const beforeKey = "~"
const beforeFields = ":"
const betweenFields = ","

/** As a viewer asks, in parameters that have been decoded; what is wrong with them in a line. */
export const parse = (
  { follow, watch }: { readonly follow: ReadonlyArray<string>; readonly watch: ReadonlyArray<string> },
  pipelines: ReadonlyArray<Description>
): Result.Result<Interest, string> =>
  Result.gen(function*() {
    const followed = yield* Result.all(follow.map((text) => followedIn(text, pipelines)))
    const watched = yield* Result.all(watch.map((text) => watchedIn(text, pipelines)))
    return of(followed, watched)
  })

const followedIn = (text: string, pipelines: ReadonlyArray<Description>): Result.Result<Followed, string> => {
  const at = text.indexOf(beforeKey)
  const pipeline = at === -1 ? text : text.slice(0, at)
  if (!pipelines.some(({ name }) => name === pipeline)) return unknownPipeline("follow", pipeline, pipelines)
  return at === -1
    ? Result.fail(`follow: "${text}" has no key; write PIPELINE${beforeKey}KEY`)
    : Result.succeed({ pipeline, key: text.slice(at + 1) })
}

const watchedIn = (text: string, pipelines: ReadonlyArray<Description>): Result.Result<Watched, string> => {
  const at = text.indexOf(beforeFields)
  const name = at === -1 ? text : text.slice(0, at)
  const pipeline = pipelines.find((each) => each.name === name)
  if (pipeline === undefined) return unknownPipeline("watch", name, pipelines)
  const known = pipeline.values.map((value) => value.name)
  return Result.map(at === -1 ? Result.succeed(known) : fieldsIn(text.slice(at + 1), name, known), (fields) => ({ pipeline: name, fields }))
}

const unknownPipeline = (parameter: string, name: string, pipelines: ReadonlyArray<Description>): Result.Result<never, string> =>
  Result.fail(`${parameter}: no pipeline "${name}" runs here; there are ${pipelines.map((each) => each.name).join(", ")}`)

/** A name may have commas in it: the longest that there is counts. */
const fieldsIn = (text: string, pipeline: string, known: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, string> => {
  if (text === "") return Result.succeed([])
  const fields: Array<string> = []
  for (let parts = text.split(betweenFields); parts.length > 0;) {
    const count = parts.findLastIndex((_, index) => known.includes(parts.slice(0, index + 1).join(betweenFields))) + 1
    if (count === 0) return Result.fail(`watch: the pipeline "${pipeline}" has no value "${parts[0]}"; it has ${known.join(", ")}`)
    fields.push(parts.slice(0, count).join(betweenFields))
    parts = parts.slice(count)
  }
  return Result.succeed(fields)
}
