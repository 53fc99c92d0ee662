/**
 * Several logs as one: each has the records of one source. Its partitions are those of all, numbered in turn: partition p of
 * source s of n is `p * n + s`. So a source that gets partitions renumbers none, and numbers that a source does not reach stand
 * for partitions without records.
 */
import { Effect, Option, Schema, Stream } from "effect"
import type { Decision, End, Gap, Idle } from "../records/Decision.ts"
import type { Records } from "../records/Records.ts"
import { byCodePoints } from "../records/StringOrder.ts"
import { Decisions, type DecisionsError } from "./Decisions.ts"
import { EventLog, EventLogError, type SourceLog } from "./EventLog.ts"

/** The source to which a partition of all belongs, by its number, of so many. */
export const sourceAt = (partition: number, sources: number): number => partition % sources

/** What the partition is called among those of its source. */
export const within = (partition: number, sources: number): number => Math.floor(partition / sources)

/** The number among all of a partition of a source. */
export const numberOf = (partition: number, source: number, sources: number): number => partition * sources + source

/** How many numbers there are. */
export const partitionsOf = (sources: ReadonlyArray<{ readonly partitions: number }>): number =>
  sources.length * Math.max(0, ...sources.map(({ partitions }) => partitions))

/** What is there of each partition of each source, by the number among all; `missing` where there is none. */
export const numbered = <A>(bySource: ReadonlyArray<ReadonlyArray<A>>, missing: A): ReadonlyArray<A> =>
  Array.from({ length: partitionsOf(bySource.map(({ length }) => ({ partitions: length }))) }, (_, partition) =>
    bySource[sourceAt(partition, bySource.length)]?.[within(partition, bySource.length)] ?? missing)

/** What is there by the numbers among all, of one source. */
export const ofSource = <A>(all: ReadonlyArray<A>, source: number, sources: number): ReadonlyArray<A> =>
  all.filter((_, partition) => sourceAt(partition, sources) === source)

/** The sources of a log, each with its log; one without a name where whatever reads it may read all of it. */
export const sourcesOf = (log: EventLog["Service"]): ReadonlyArray<{ readonly name: string | null; readonly log: EventLog["Service"] }> =>
  log.sources ?? [{ name: null, log }]

/** Where a partition stands in the topics: that of its source, and what it is called there. */
export const placeOf = ({ sources, topic }: EventLog["Service"], partition: number): { readonly topic: string; readonly partition: number } => {
  const source = sources?.[sourceAt(partition, sources.length)]
  return sources === undefined || source === undefined ? { topic, partition } : { topic: source.log.topic, partition: within(partition, sources.length) }
}

/** In the order of their names, whatever order they are given in. `topic` names all of them together. */
export const compose = (topic: string, given: ReadonlyArray<SourceLog>): EventLog["Service"] => {
  const sources = [...given].sort((a, b) => byCodePoints(a.name, b.name))
  const logs = sources.map(({ log }) => log)
  const count = sources.length
  const partitions = partitionsOf(logs)
  const beginnings = Effect.map(
    Effect.forEach(logs, (log) => log.beginnings ?? Effect.succeed(Array.from({ length: log.partitions }, () => 0))),
    (all) => padded(numbered(all, 0), partitions)
  )
  let positions: number | null = null
  return EventLog.of({
    topic,
    id: sources.map(({ log, name }) => `${name}=${log.id}`).join("+"),
    partitions,
    sources,
    append: Effect.fnUntraced(function*(partition, chunk) {
      const log = logs[sourceAt(partition, count)]
      const own = within(partition, count)
      if (log === undefined || own >= log.partitions) return yield* new EventLogError({ message: `topic ${topic} has no partition ${partition}` })
      if (chunk.position === undefined) return yield* log.append(own, chunk)
      if (positions === null) {
        const before = Option.match(yield* newestPosition(logs), { onNone: () => 0, onSome: ([number]) => number })
        positions = Math.max(positions ?? 0, before)
      }
      return yield* log.append(own, { ...chunk, position: encodePosition([++positions, chunk.position]) })
    }),
    read: (from) =>
      Stream.mergeAll(logs.map((_, source) => readOf(sources, source, from)), { concurrency: "unbounded", bufferSize: 1 }),
    ends: Effect.map(Effect.forEach(logs, ({ ends }) => ends), (all) => padded(numbered(all, 0), partitions)),
    ...(logs.some(({ beginnings }) => beginnings !== undefined) ? { beginnings } : {}),
    position: Effect.map(newestPosition(logs), Option.map(([, position]) => position))
  })
}

/** A position among those of all sources: which of them is the newest no log knows by itself. */
const Position = Schema.fromJsonString(Schema.Tuple([Schema.Int, Schema.String]))
const encodePosition = Schema.encodeSync(Position)
const decodePosition = Schema.decodeUnknownOption(Position)

/** Of what was appended through all of them. A source that is fed by itself has a position of its own, which says nothing here. */
const newestPosition = (logs: ReadonlyArray<EventLog["Service"]>) =>
  Effect.map(Effect.forEach(logs, ({ position }) => position), (all) =>
    all.flatMap((position) => Option.toArray(Option.flatMap(position, decodePosition))).reduce<Option.Option<readonly [number, string]>>(
      (newest, position) => Option.isSome(newest) && newest.value[0] > position[0] ? newest : Option.some(position), Option.none()))

/** The records of one source from its offsets among all on, in the numbering of all. */
export const readOf = (sources: ReadonlyArray<SourceLog>, source: number, from: ReadonlyArray<number>): Stream.Stream<Records, EventLogError> => {
  const { log } = sources[source]!
  return log.read(ofSource(from, source, sources.length)).pipe(
    Stream.map((records): Records => ({ ...records, partition: numberOf(records.partition, source, sources.length) }))
  )
}

/** A source that gets partitions while it is read has them when it is opened anew. */
const padded = (all: ReadonlyArray<number>, partitions: number): ReadonlyArray<number> =>
  Array.from({ length: partitions }, (_, partition) => all[partition] ?? 0)

/**
 * The decisions over several logs, each kept with the source that it is about: so they stay what they are whatever other
 * sources a later run reads. Of an end each source has its own part, and each part says which end it belongs to.
 */
export const decisionsOf = (names: ReadonlyArray<string>, stores: ReadonlyArray<Decisions["Service"]>): Decisions["Service"] => {
  const count = stores.length
  // What a store gives again as it is, is given again as it was.
  const numberedOnce = new WeakMap<Decision, Idle | Gap>()
  const endsOnce = new Map<string, End>()
  const together = (read: (store: Decisions["Service"]) => Effect.Effect<ReadonlyArray<Decision>, DecisionsError>) =>
    Effect.map(Effect.forEach(stores, read), (all) => joined(all))
  return Decisions.of({
    processor: stores[0]?.processor ?? "",
    read: together(({ read }) => read),
    readOf: (processor) => together(({ readOf }) => readOf(processor)),
    write: (decisions) => {
      const parts = decisions.flatMap((decision) => partsOf(decision, names))
      return Effect.forEach(stores, (store, source) => {
        const own = parts.filter((part) => part.source === source).map(({ decision }) => decision)
        return own.length === 0 ? Effect.void : store.write(own)
      }, { discard: true })
    }
  })

  function joined(all: ReadonlyArray<ReadonlyArray<Decision>>): ReadonlyArray<Decision> {
    const ends = new Map<string, { readonly of: Whole; readonly takenAt: End["takenAt"]; readonly at: Array<ReadonlyArray<number> | null> }>()
    const others = all.flatMap((decisions, source) =>
      decisions.flatMap((decision): ReadonlyArray<Idle | Gap> => {
        if (decision._tag !== "end") {
          const known = numberedOnce.get(decision) ?? { ...decision, partition: numberOf(decision.partition, source, count) }
          numberedOnce.set(decision, known)
          return [known]
        }
        const { at, of = {}, takenAt } = decision
        const found = ends.get(JSON.stringify(of)) ?? { of, takenAt, at: names.map(() => null) }
        ends.set(JSON.stringify(of), found)
        found.at[source] = at
        return []
      }))
    // One of which not every part was written has not been taken.
    const isWhole = (of: Whole, at: ReadonlyArray<ReadonlyArray<number> | null>) =>
      names.every((name, source) => of[name] === undefined || at[source] !== null)
    return [...others, ...[...ends].flatMap(([name, { at, of, takenAt }]): ReadonlyArray<Decision> => {
      if (!isWhole(of, at)) return []
      const known = endsOnce.get(name) ?? { _tag: "end", at: numbered(at.map((part) => part ?? []), 0), ...(takenAt === undefined ? {} : { takenAt }) }
      endsOnce.set(name, known)
      return [known]
    })]
  }
}

/** What an end says of every source. */
type Whole = NonNullable<End["of"]>

interface PartOfDecision {
  readonly source: number
  readonly decision: Decision
}

const partsOf = (decision: Decision, names: ReadonlyArray<string>): ReadonlyArray<PartOfDecision> => {
  if (decision._tag !== "end") {
    const partition = within(decision.partition, names.length)
    return [{ source: sourceAt(decision.partition, names.length), decision: { ...decision, partition } }]
  }
  const of = decision.of ?? Object.fromEntries(names.map((name, source) => [name, ofSource(decision.at, source, names.length)]))
  return names.map((name, source) => ({ source, decision: { ...decision, at: of[name] ?? [], of } }))
}
