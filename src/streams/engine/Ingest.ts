/** From a feed into the log, and nothing else: a feed that ended can be told from one that goes on. */
import { Deferred, Effect, Stream } from "effect"
import { EventLog, type EventLogError } from "../ports/EventLog.ts"
import { Feed, type FeedError } from "../ports/Feed.ts"
import { numberOf } from "../ports/SourceLogs.ts"
import { type Chunk, join } from "../records/Records.ts"
import { type Part, Router, type Sources } from "../records/Router.ts"
import { SourceSorter } from "../records/SourceSorter.ts"

/** The way of a feed into the log. */
export interface Ingestion {
  /** Appends what the feed gives from where the log's last chunk left it, until the feed ends. */
  readonly run: Effect.Effect<void, EventLogError | FeedError>
  /**
   * Asks the feed whether there is more, and comes back when what it had is in the log, or a part of it where there is
   * always more; `false` where the feed cannot be asked.
   */
  readonly isQuiet: Effect.Effect<boolean>
}

/** Into the first partition. */
export const whole: Effect.Effect<Ingestion, never, EventLog | Feed> = Effect.gen(function*() {
  const log = yield* EventLog
  return yield* ingestionOf((chunks, transit) =>
    Stream.runForEach(chunks, (chunk) =>
      Effect.andThen(log.append(0, chunk), transit.keep(1))))
})

/**
 * The same over all partitions of the log, each record to that of its key. What the feed has given while the log took
 * what came before goes into it together: spread over many partitions, small chunks would cost a request each.
 *
 * A chunk's part in each partition is whole or not there, the whole chunk is not: where this ends in between, the next
 * run appends the chunk again, and the parts that had come through are in the log twice.
 */
export const byKey = Effect.fnUntraced(function*(sources: Sources) {
  const { partitions } = yield* EventLog
  const router = new Router(partitions, sources)
  return yield* inParts((chunk) => router.route(chunk))
})

const inParts = Effect.fnUntraced(function*(partsOf: (chunk: Chunk) => ReadonlyArray<Part>) {
  const log = yield* EventLog
  const append = ({ chunk, partition }: Part) => log.append(partition, chunk)
  const appendAll = (chunk: Chunk) => {
    const parts = partsOf(chunk)
    const last = parts.at(-1)
    // The position comes with the last part, when the others are there.
    return Effect.forEach(parts.slice(0, -1), append, { concurrency: "unbounded", discard: true }).pipe(
      Effect.andThen(last === undefined ? Effect.void : append(last))
    )
  }
  return yield* ingestionOf((chunks, transit) =>
    chunks.pipe(
      Stream.buffer({ capacity: readAhead }),
      Stream.runForEachArray((chunks) =>
        Effect.forEach(together(chunks), appendAll, { discard: true }).pipe(
          Effect.andThen(transit.keep(chunks.length))
        ))
    ))
})

/** Several ways into the log, each from its own feed, as one: it has ended when all have. */
export const sideBySide = (all: ReadonlyArray<Ingestion>): Ingestion => ({
  run: Effect.forEach(all, ({ run }) => run, { concurrency: "unbounded", discard: true }),
  isQuiet: Effect.map(Effect.forEach(all, ({ isQuiet }) => isQuiet, { concurrency: "unbounded" }), (heard) => heard.every(Boolean))
})

/**
 * From one feed over a log of several sources, each record to the one that its field names: to the partition of its key
 * where it is known what that is, and else into the first. A record that names none is in the first of the first source,
 * where it becomes a dead letter.
 */
export const byField = Effect.fnUntraced(function*(field: string, keyedBy?: (source: string) => Sources) {
  const { sources = [] } = yield* EventLog
  const sorter = new SourceSorter(field, sources.map(({ name }) => name))
  const routers = keyedBy && sources.map(({ log, name }) => new Router(log.partitions, keyedBy(name)))
  return yield* inParts((chunk) =>
    sorter.sort(chunk).flatMap(({ chunk, partition: source }) =>
      (routers?.[source]?.route(chunk) ?? [{ chunk, partition: 0 }]).map((part): Part =>
        ({ ...part, partition: numberOf(part.partition, source, sources.length) }))))
})

/** Runs {@link whole}. */
export const run = Effect.flatMap(whole, ({ run }) => run)

/** Runs {@link byKey}. */
export const routed = (sources: Sources) => Effect.flatMap(byKey(sources), ({ run }) => run)

type Append = (chunks: Stream.Stream<Chunk, FeedError>, transit: Transit) => Effect.Effect<void, EventLogError | FeedError>

const ingestionOf = Effect.fnUntraced(function*(append: Append) {
  const feed = yield* Feed
  const log = yield* EventLog
  const transit = new Transit()
  const ingestion: Ingestion = {
    run: Effect.flatMap(log.position, (position) =>
      append(Stream.tap(feed.events(position), () => transit.give), transit)),
    // A feed that always has more is heard as well as one that has given all.
    isQuiet: Effect.suspend(() => Effect.raceFirst(feed.hasGivenAll, Effect.as(transit.isGiven(1), true))).pipe(
      Effect.tap((isHeard) => isHeard ? Effect.suspend(() => transit.isKept) : Effect.void)
    )
  }
  return ingestion
})

/** Chunks that the feed has given and the log has not taken yet. */
class Transit {
  readonly #given = new Count()
  readonly #kept = new Count()

  readonly give = Effect.sync(() => this.#given.add(1))

  readonly keep = (chunks: number) => Effect.sync(() => this.#kept.add(chunks))

  /** Waits until so many more have been given. */
  isGiven(more: number): Effect.Effect<void> {
    return this.#given.reaches(this.#given.value + more)
  }

  /** Waits until the log has taken those that have been given by now. */
  get isKept(): Effect.Effect<void> {
    return this.#kept.reaches(this.#given.value)
  }
}

/** A number that goes up, and those who wait for it. */
class Count {
  value = 0
  #changed: Deferred.Deferred<void> | null = null

  add(more: number): void {
    this.value += more
    if (this.#changed !== null) Deferred.doneUnsafe(this.#changed, Effect.void)
    this.#changed = null
  }

  reaches(value: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.value >= value) return Effect.void
      this.#changed ??= Deferred.makeUnsafe()
      return Effect.andThen(Deferred.await(this.#changed), this.reaches(value))
    })
  }
}

/** How many chunks wait while others are appended. */
const readAhead = 16

/** So much is appended together, unless one chunk has more: within what every log takes at once. */
const mostRecords = 4_096
const mostBytes = 262_144

const together = (chunks: ReadonlyArray<Chunk>): ReadonlyArray<Chunk> => {
  const groups: Array<Array<Chunk>> = []
  let records = Infinity
  let bytes = 0
  let isPositioned = false
  for (const chunk of chunks) {
    records += chunk.length
    bytes += sizeOf(chunk)
    // A position must not come with records that lie behind it: the feed would give them again.
    const isBehind = isPositioned && chunk.position === undefined
    isPositioned = chunk.position !== undefined
    if (records > mostRecords || bytes > mostBytes || isBehind) {
      groups.push([])
      records = chunk.length
      bytes = sizeOf(chunk)
    }
    groups.at(-1)?.push(chunk)
  }
  return groups.map(join)
}

const sizeOf = ({ ends, length, starts }: Chunk): number => {
  let size = 0
  for (let i = 0; i < length; i++) size += Math.max(0, ends[i]! - starts[i]!)
  return size
}
