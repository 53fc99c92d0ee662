/** What a command reads: one feed into one topic, or several sources, each into a topic of its own. */
import { Effect, Layer, Option, Stream } from "effect"
import { existsSync, statSync } from "node:fs"
import * as FileFeed from "../adapters/file/FileFeed.ts"
import * as Ingest from "../streams/engine/Ingest.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import type { Column } from "../streams/pipeline/Column.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import { EventLog } from "../streams/ports/EventLog.ts"
import { Feed } from "../streams/ports/Feed.ts"
import type { Sources } from "../streams/records/Router.ts"
import * as Feeds from "./Feeds.ts"
import * as FirstTime from "./FirstTime.ts"
import * as Pipelines from "./Pipelines.ts"
import { type Problem, usage } from "./terminal/Problem.ts"

export type Reading =
  | { readonly _tag: "one"; readonly feed: Exclude<Feeds.FeedName, Feeds.SourceFile> }
  /** Each file has the events of a source. */
  | { readonly _tag: "files"; readonly files: ReadonlyArray<Feeds.SourceFile> }
  /** Of each event a field names the source. */
  | { readonly _tag: "by-field"; readonly feed: Exclude<Feeds.FeedName, Feeds.SourceFile>; readonly field: string }

export type Several = Exclude<Reading, { readonly _tag: "one" }>

/** Refuses feeds that cannot be read together, before anything is opened. */
export const of = Effect.fnUntraced(function*(input: {
  readonly feeds: ReadonlyArray<Feeds.FeedName>
  readonly sourceField: Option.Option<string>
}): Effect.fn.Return<Reading, Problem> {
  const files = input.feeds.filter(Feeds.isSourceFile)
  const [feed = "auto", ...others] = input.feeds.flatMap((feed) => Feeds.isSourceFile(feed) ? [] : [feed])
  if (others.length > 0 || (files.length > 0 && files.length < input.feeds.length)) {
    return yield* usage("--feed is given more than once: only files are read side by side, each as --feed file:SOURCE=PATH")
  }
  if (files.length === 0) {
    return Option.match(input.sourceField, {
      onNone: (): Reading => ({ _tag: "one", feed }),
      onSome: (field): Reading => ({ _tag: "by-field", feed, field })
    })
  }
  if (Option.isSome(input.sourceField)) return yield* usage("--source-field is for one feed with events of several sources: a file has those of the source that it is given for")
  const twice = files.find(({ source }, index) => files.findIndex((other) => other.source === source) < index)
  if (twice !== undefined) return yield* usage(`--feed file:${twice.source}=…: the source "${twice.source}" has two files; join them into one`)
  const absent = files.find(({ path }) => !existsSync(path) || statSync(path).isDirectory())
  if (absent !== undefined) return yield* usage(`--feed file:${absent.source}=${absent.path}: there is no such file`)
  return { _tag: "files", files }
})

/** The sources that are read, `null` where that is one topic, whatever source reads it. */
export const sourcesOf = (reading: Reading, pipelines: ReadonlyArray<AnyPipeline>): ReadonlyArray<string> | null => {
  switch (reading._tag) {
    case "one":
      return null
    case "files":
      return reading.files.map(({ source }) => source).sort()
    case "by-field":
      return Pipelines.sourcesOf(pipelines)
  }
}

/** Refuses a file that nobody reads. */
export const checkRead = (sources: ReadonlyArray<string> | null, pipelines: ReadonlyArray<AnyPipeline>): Effect.Effect<void, Problem> => {
  const read = Pipelines.sourcesOf(pipelines)
  const idle = sources?.find((source) => !read.includes(source))
  return idle === undefined
    ? Effect.void
    : Effect.fail(usage(`--feed file:${idle}=…: no pipeline reads the source "${idle}"; they read ${read.join(", ")}`))
}

/** The names or files of the feeds that are not files of a source. */
export const namesOf = (reading: Reading): ReadonlyArray<string> => reading._tag === "files" ? [] : [reading.feed]

/** The feed, as far as others ask it: of files each is read by itself, see {@link ingestion}. */
export const layer = (reading: Reading, input: Omit<Feeds.Choice, "feed">) =>
  reading._tag === "files" ? Layer.succeed(Feed, allFiles) : Feeds.layer({ ...input, feed: reading.feed })

const allFiles = Feed.of({ ...FileFeed.make({ path: "", name: "file" }), events: () => Stream.empty })

/** The way into a log of sources: into the partition of each record's key, where it is told what that is of a source. */
export const ingestion = (
  reading: Several,
  pipelines: ReadonlyArray<AnyPipeline>,
  keyedBy?: (source: string) => Sources
) =>
  Effect.gen(function*() {
    const { sources = [] } = yield* EventLog
    if (reading._tag === "by-field") return yield* Ingest.byField(reading.field, keyedBy)
    return Ingest.sideBySide(yield* Effect.forEach(sources, ({ log, name }) => {
      const path = reading.files.find(({ source }) => source === name)?.path ?? ""
      const feed = FirstTime.watched(pipelines)(FileFeed.make({ path, name, columns: columnsOf(name, pipelines) }))
      const ingest = keyedBy === undefined ? Ingest.whole : Ingest.byKey(keyedBy(name))
      return ingest.pipe(Effect.provideService(EventLog, log), Effect.provideService(Feed, feed))
    }))
  })

/** The fields of a source, as the pipelines that read it declare them. */
const columnsOf = (source: string, pipelines: ReadonlyArray<AnyPipeline>): ReadonlyArray<Column> => {
  const all = pipelines.flatMap(({ checked }) => Checked.inputsOf(checked)).map(({ events }) => events.definition).filter(({ name }) => name === source)
  return [...new Map(all.flatMap(({ columns }) => columns).reverse().map((column) => [column.name, column])).values()]
}

/** On Kafka a record's partition is that of its key, and what that is pipelines say. */
export const checkKeyed = (sources: ReadonlyArray<string>, pipelines: ReadonlyArray<AnyPipeline>): Effect.Effect<void, Problem> => {
  const read = Pipelines.sourcesOf(pipelines)
  const unread = sources.find((source) => !read.includes(source))
  return unread === undefined
    ? Effect.void
    : Effect.fail(usage(`what the key of an event of "${unread}" is, by which it has its place in Kafka, pipelines say: name one that reads it with --pipelines`))
}

/** A file of CSV has no types: they are those of a pipeline that reads it. */
export const checkTyped = (reading: Reading, pipelines: ReadonlyArray<AnyPipeline>): Effect.Effect<void, Problem> => {
  if (reading._tag !== "files") return Effect.void
  const untyped = reading.files.find(({ path, source }) => FileFeed.isCsv(path) && columnsOf(source, pipelines).length === 0)
  return untyped === undefined
    ? Effect.void
    : Effect.fail(usage(`--feed file:${untyped.source}=${untyped.path}: what the columns of a CSV file are, pipelines say: name one that reads "${untyped.source}" with --pipelines`))
}
