/** Stores that are broken on purpose: each breaks the law that is there to notice it. */
import { describe, expect, it } from "@effect/vitest"
import { BigDecimal, type Context, Effect, Layer, Option, Stream } from "effect"
import type { Checkpoint, Part } from "../../src/streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { AlertStore } from "../../src/streams/ports/AlertStore.ts"
import { type DeadLetter, DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import { Feed } from "../../src/streams/ports/Feed.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import * as Row from "../../src/streams/pipeline/Row.ts"
import { type Chunk, fromBytes, fromTexts, Kind, type Records, valueAt } from "../../src/streams/records/Records.ts"
import { type Query, ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { RowSink, select as selectRows } from "../../src/streams/ports/RowSink.ts"
import * as CheckpointStoreContract from "../../src/testing/CheckpointStoreContract.ts"
import * as AlertStoreContract from "../../src/testing/AlertStoreContract.ts"
import * as DeadLettersContract from "../../src/testing/DeadLettersContract.ts"
import * as EventLogContract from "../../src/testing/EventLogContract.ts"
import * as FeedContract from "../../src/testing/FeedContract.ts"
import { type DurableLaws, Effort, type Laws } from "../../src/testing/Law.ts"
import * as ResultSinkContract from "../../src/testing/ResultSinkContract.ts"
import * as RowSinkContract from "../../src/testing/RowSinkContract.ts"

/** The name of each broken layer, the layer, and the law that it breaks; other laws may notice it too. */
const broken = <S>(
  port: string,
  laws: Laws<S>,
  plants: { readonly [name: string]: readonly [layer: Layer.Layer<S>, statement: string] }
) =>
  describe(port, () => {
    for (const [name, [layer, statement]] of Object.entries(plants)) {
      it.live(`${name}: breaks "${statement}"`, () =>
        Effect.gen(function*() {
          const law = laws[statement]
          if (law === undefined) return expect.fail(`there is no law "${statement}"`)
          const effort = { runs: 400, patience: "200 millis" } as const
          const exit = yield* Effect.exit(Effect.provideService(law(layer), Effort, effort))
          expect(exit._tag).toBe("Failure")
        }), 20_000)
    }
  })

/** What the broken layers are made with breaks nothing by itself. */
const sound = <S>(port: string, laws: Laws<S>, layer: Layer.Layer<S>) =>
  it.live(`${port}: without a mistake every law holds`, () => Effect.forEach(Object.values(laws), (law) => law(layer)))

/** The memory layer with something changed. */
const changed = <I, S>(port: Context.Key<I, S>, memory: Layer.Layer<I>, change: (sound: S) => Partial<S>) =>
  Layer.effect(port, Effect.map(port, (sound) => ({ ...sound, ...change(sound) }))).pipe(Layer.provide(memory))

const log = (change: (sound: EventLog["Service"]) => Partial<EventLog["Service"]>) =>
  changed(EventLog, EventLog.layerMemory({ partitions: 2 }), change)

const ordered = "gives back every record in order, with its offset, kind and bytes"

const mapAppended = (change: (chunk: Chunk) => Chunk) =>
  log((sound) => ({ append: (partition, chunk) => sound.append(partition, change(chunk)) }))

const values = (chunk: Chunk) => Array.from({ length: chunk.length }, (_, i) => valueAt(chunk, i))

broken("EventLog", EventLogContract.laws, {
  "remembers where it ended": [
    log((sound) => {
      let known: ReadonlyArray<number> | null = null
      return {
        ends: Effect.suspend(() =>
          known === null ? Effect.tap(sound.ends, (ends) => Effect.sync(() => void (known = ends))) : Effect.succeed(known))
      }
    }),
    "is asked anew for its ends each time: they count an append when it has returned, and are never behind what was read"
  ],
  "goes by its name": [
    log(({ topic }) => ({ id: topic })),
    "has an id that no other log has"
  ],
  "drops the position": [
    mapAppended(({ bytes, ends, kinds, length, starts }) => ({ bytes, ends, kinds, length, starts })),
    "keeps the position of the last chunk that had one"
  ],
  "keeps the first position": [
    log((sound) => {
      let position = Option.none<string>()
      return {
        append: (partition, chunk) =>
          Effect.tap(sound.append(partition, chunk), () =>
            Effect.sync(() => {
              position = Option.orElse(position, () => Option.fromUndefinedOr(chunk.position))
            })),
        position: Effect.sync(() => position)
      }
    }),
    "keeps the position of the last chunk that had one"
  ],
  "takes a position along from an append that it refuses": [
    log((sound) => {
      let position = Option.none<string>()
      return {
        append: (partition, chunk) => {
          position = Option.orElse(Option.fromUndefinedOr(chunk.position), () => position)
          return sound.append(partition, chunk)
        },
        position: Effect.sync(() => position)
      }
    }),
    "an append that is refused leaves neither records nor a position"
  ],
  "puts records of an unknown partition into the first": [
    log((sound) => ({
      append: (partition, chunk) => sound.append(partition === 1 ? 1 : 0, chunk)
    })),
    "an append that is refused leaves neither records nor a position"
  ],
  "loses the kind of records": [
    mapAppended((chunk) => ({ ...chunk, kinds: new Uint8Array(chunk.length) })),
    ordered
  ],
  "takes a record without a value for an empty one": [
    mapAppended((chunk) => ({ ...chunk, ends: chunk.ends.map((end, i) => Math.max(end, chunk.starts[i] ?? 0)) })),
    ordered
  ],
  "keeps bytes as text": [
    mapAppended((chunk) => ({
      ...fromTexts(values(chunk).map((value) => Buffer.from(value).toString())),
      kinds: chunk.kinds
    })),
    ordered
  ],
  "takes the bytes between records for a part of them": [
    mapAppended((chunk) => ({ ...chunk, ends: chunk.ends.map((end, i) => chunk.starts[i + 1] ?? end) })),
    ordered
  ],
  "begins one record too late in the middle of a chunk": [
    log((sound) => ({ read: (from) => sound.read(from.map((offset) => offset === 0 ? 0 : offset + 1)) })),
    "read from any offset gives the tail of what reading from the beginning gives"
  ],
  "begins at the chunk that holds the offset": [
    log((sound) => ({ read: (from) => wholeChunks(sound, from) })),
    "read from any offset gives the tail of what reading from the beginning gives"
  ],
  "gives what lies before an offset that is past the end": [
    log((sound) => ({
      read: (from) =>
        Stream.unwrap(Effect.map(sound.ends, (ends) =>
          sound.read(from.map((offset, i) => Math.min(offset, ends[i] ?? 0)))))
    })),
    "a reader past the end waits for its offset"
  ],
  "does not follow": [
    log((sound) => ({
      read: (from) =>
        Stream.unwrap(Effect.map(sound.ends, (ends) => {
          const count = ends.reduce((sum, end, i) => sum + Math.max(0, end - (from[i] ?? 0)), 0)
          let seen = 0
          return count === 0 ? Stream.empty : sound.read(from).pipe(
            Stream.takeUntil((batch) => (seen += batch.length) >= count),
            Stream.concat(Stream.never)
          )
        }))
    })),
    "a reader follows what is appended later, in every partition"
  ],
  "gives each record to one reader only": [
    log((sound) => {
      const seen = new Set<number>()
      return {
        read: (from) =>
          sound.read(from).pipe(
            Stream.filter(({ offsets: [first = 0] }) => !seen.has(first) && seen.add(first).has(first))
          )
      }
    }),
    "two readers see the same, each from its own offset and at its own pace"
  ],
  "appends record by record": [
    log((sound) => ({
      append: Effect.fnUntraced(function*(partition, chunk) {
        const first = (yield* sound.ends)[partition] ?? 0
        for (const value of values(chunk)) {
          yield* sound.append(partition, fromBytes([value], [Kind.event]))
          yield* Effect.yieldNow
        }
        return first
      })
    })),
    "appends at the same time get offsets of their own, and none is torn apart"
  ],
  "stamps records when they are read": [
    log((sound) => ({
      read: (from) =>
        sound.read(from).pipe(
          Stream.map((batch) => ({ ...batch, appendedAt: batch.appendedAt.map(() => performance.now() + Date.now()) }))
        )
    })),
    "every read gives the same times of append, each record its own"
  ],
  "makes a record of an empty chunk": [
    mapAppended((chunk) => chunk.length === 0 ? fromTexts([""], Kind.event, chunk.position) : chunk),
    "a chunk without records appends nothing and may still move the position"
  ]
})

sound("EventLog", EventLogContract.laws, log(() => ({})))

/** Forgets to cut off the beginning of the first chunk. */
const wholeChunks = (sound: EventLog["Service"], from: ReadonlyArray<number>): ReturnType<typeof sound.read> =>
  sound.read(from.map(() => 0)).pipe(
    Stream.filter((batch: Records) => (batch.offsets[batch.length - 1] ?? 0) >= (from[batch.partition] ?? 0))
  )

/** A sink with each of its decisions open to be got wrong. */
const sink = (mistakes: {
  readonly identity?: (pane: Pane.Pane) => ReadonlyArray<unknown>
  readonly replaces?: (added: Pane.Pane, stored: Pane.Encoded) => boolean
  readonly deletes?: (pane: Pane.Pane) => boolean
  readonly written?: (pane: Pane.Pane) => Pane.Pane
  readonly asked?: (query: Query) => Query
  readonly found?: (panes: ReadonlyArray<Pane.Encoded>, query: Query) => ReadonlyArray<Pane.Encoded>
  readonly removes?: (pane: Pane.Encoded, pipeline: string) => boolean
}) =>
  Layer.sync(ResultSink, () => {
    const stored = new Map<string, Pane.Encoded>()
    return ResultSink.of({
      write: (panes) =>
        Effect.sync(() => {
          for (const pane of panes) {
            const id = JSON.stringify(
              mistakes.identity?.(pane) ?? [pane.pipeline, pane.key, pane.start, pane.end]
            )
            const before = stored.get(id)
            const replaces = before === undefined || (mistakes.replaces?.(pane, before) ?? Pane.replaces(pane, before))
            if (!replaces) continue
            if (mistakes.deletes?.(pane) ?? false) stored.delete(id)
            else stored.set(id, Pane.encode(mistakes.written?.(pane) ?? pane))
          }
        }),
      read: (query) =>
        Effect.gen(function*() {
          const sound = yield* ResultSink
          yield* sound.write([...stored.values()])
          const panes = yield* sound.read(mistakes.asked?.(query) ?? query)
          return mistakes.found?.(panes, query) ?? panes
        }).pipe(Effect.provide(ResultSink.layerMemory)),
      remove: (pipeline) =>
        Effect.sync(() => {
          for (const [id, pane] of stored) {
            if (mistakes.removes?.(pane, pipeline) ?? pane.pipeline === pipeline) stored.delete(id)
          }
        })
    })
  })

/** A sink that is a file of lines. */
const appending = Layer.sync(ResultSink, () => {
  const stored: Array<Pane.Encoded> = []
  return ResultSink.of({
    write: (panes) => Effect.sync(() => void stored.push(...panes.map(Pane.encode))),
    read: () => Effect.sync(() => [...stored]),
    remove: () => Effect.void
  })
})

const newestWins = "the newest pane of a window wins, in whatever order and batches panes come and however often"
const removed = "a pipeline that is removed leaves nothing, not even what it retracted, and the others alone"
const retracted = "a retracted window is gone, and only a newer pane brings it back"
const newestOfKeys = "the newest window of each key is found, whatever came in which order and is gone, a page at a time"
const asksFor = "a query gives what it asks for, in order, and its limit keeps the newest"

broken("ResultSink", ResultSinkContract.laws, {
  "is taken for every other": [
    changed(ResultSink, ResultSink.layerMemory, () => ({ stores: Effect.succeed([{ name: "a", id: "a" }]) })),
    "the stores behind it have ids that no others have"
  ],
  "takes the last write for the newest": [sink({ replaces: () => true }), newestWins],
  "keeps the first write": [sink({ replaces: () => false }), newestWins],
  "takes the higher revision for the newer": [sink({ replaces: (added, stored) => added.revision >= stored.revision }), newestWins],
  "takes an early pane for as good as a result": [sink({ replaces: (added, stored) => added.changes >= stored.changes }), newestWins],
  "keeps the first of equals": [sink({ replaces: (added, stored) => !Pane.replaces(stored, added) }), newestWins],
  "brings a retracted window back with what it was made of": [
    sink({ replaces: (added, stored) => stored.pane === "retracted" ? added.changes >= stored.changes : Pane.replaces(added, stored) }),
    retracted
  ],
  "tells windows apart by their start only": [
    sink({ identity: ({ key, pipeline, start }) => [pipeline, key, start] }),
    newestWins
  ],
  "removes nothing": [sink({ removes: () => false }), removed],
  "removes everything": [sink({ removes: () => true }), removed],
  "has no pipelines": [sink({ identity: ({ end, key, start }) => [key, start, end] }), newestWins],
  "appends": [appending, "any write may be replayed any number of times"],
  "forgets a window when it is retracted": [
    sink({ deletes: ({ pane }) => pane === "retracted" }),
    retracted
  ],
  "shows retracted windows": [
    sink({ written: (pane) => pane.pane === "retracted" ? { ...pane, pane: "late" } : pane }),
    retracted
  ],
  "takes the window that came last for the newest": [
    changed(ResultSink, ResultSink.layerMemory, (sound) => {
      const last = new Map<string, Pane.Pane>()
      return {
        write: (panes) => Effect.tap(sound.write(panes), () => Effect.sync(() => panes.forEach((pane) => last.set(`${pane.pipeline} ${pane.key}`, pane)))),
        newest: (query) =>
          Effect.map(sound.newest!(query), ({ panes, total }) =>
            ({ panes: panes.map((pane) => Pane.encode(last.get(`${pane.pipeline} ${pane.key}`) ?? pane)), total }))
      }
    }),
    newestOfKeys
  ],
  "counts the keys of a page for all": [
    changed(ResultSink, ResultSink.layerMemory, (sound) => ({
      newest: (query) => Effect.map(sound.newest!(query), ({ panes }) => ({ panes, total: panes.length }))
    })),
    newestOfKeys
  ],
  "limits to the oldest": [
    sink({ asked: (query) => ({ ...query, limit: Infinity }), found: (panes, { limit }) => panes.slice(0, limit) }),
    asksFor
  ],
  "limits before it filters": [
    sink({
      asked: ({ limit }) => limit === undefined ? {} : { limit },
      found: (panes, { key }) => panes.filter((pane) => pane.key === (key ?? pane.key))
    }),
    asksFor
  ],
  "includes the end of a range": [
    sink({ asked: (query) => query.to === undefined ? query : { ...query, to: query.to + 1 } }),
    asksFor
  ],
  "is ordered by key first": [
    sink({ found: (panes) => [...panes].sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0) }),
    asksFor
  ],
  "turns decimals into doubles": [
    sink({ written: (pane) => ({ ...pane, values: mapValues(pane, (value) =>
      BigDecimal.isBigDecimal(value) ? BigDecimal.toNumberUnsafe(value) : value) }) }),
    "decimals, nulls and texts of any kind come back as they were written"
  ],
  "leaves out nulls": [
    sink({ written: (pane) => ({ ...pane, values: Object.fromEntries(
      Object.entries(pane.values).filter(([, value]) => value !== null)) }) }),
    "decimals, nulls and texts of any kind come back as they were written"
  ],
  "loses the end of a large batch": [
    changed(ResultSink, ResultSink.layerMemory, (sound) => ({ write: (panes) => sound.write(panes.slice(0, 16_384)) })),
    "takes 20,000 panes at once, and none"
  ]
})

sound("ResultSink", ResultSinkContract.laws, sink({}))

const mapValues = (pane: Pane.Pane, change: (value: Pane.Value) => Pane.Value): Pane.Values =>
  Object.fromEntries(Object.entries(pane.values).map(([name, value]) => [name, change(value)]))

/** A sink of rows in memory with something changed. */
const rowSink = ({ identity = Row.identityOf, keepsFirst = false, removes = (row, gone) => row.pipeline === gone, select = selectRows, encode = Row.encode }: {
  readonly identity?: (row: Row.Row) => string
  readonly keepsFirst?: boolean
  readonly removes?: (row: Row.Encoded, pipeline: string) => boolean
  readonly select?: typeof selectRows
  readonly encode?: typeof Row.encode
}) =>
  Layer.sync(RowSink, () => {
    const rows = new Map<string, Row.Encoded>()
    return RowSink.of({
      write: (added) =>
        Effect.sync(() => {
          for (const row of added) if (!keepsFirst || !rows.has(identity(row))) rows.set(identity(row), encode(row))
        }),
      read: (query) => Effect.sync(() => select([...rows.values()], query)),
      remove: (pipeline) =>
        Effect.sync(() => {
          for (const [identity, row] of rows) if (removes(row, pipeline)) rows.delete(identity)
        })
    })
  })

const once = "a row that is written any number of times, in whatever batches, is there once"
const asked = "a query gives what it asks for, in order, and its limit keeps the newest"

let written = 0

broken("RowSink", RowSinkContract.laws, {
  "is taken for every other": [
    changed(RowSink, RowSink.layerMemory, () => ({ stores: Effect.succeed([{ name: "a", id: "a" }]) })),
    "the stores behind it have ids that no others have"
  ],
  "appends": [rowSink({ identity: () => String(written++) }), once],
  "keeps the first write": [rowSink({ keepsFirst: true }), "of two rows of one place the one that is written later stays"],
  "has no pipelines": [rowSink({ identity: ({ place }) => JSON.stringify(place) }), once],
  "knows one source": [rowSink({ identity: ({ pipeline, place: { offset, partition } }) => JSON.stringify([pipeline, partition, offset]) }), once],
  "knows one partition": [rowSink({ identity: ({ pipeline, place: { offset, source } }) => JSON.stringify([pipeline, source, offset]) }), once],
  "removes nothing": [rowSink({ removes: () => false }), "a pipeline that is removed leaves nothing, and the others alone"],
  "removes everything": [rowSink({ removes: () => true }), "a pipeline that is removed leaves nothing, and the others alone"],
  "removes by the beginning of a name": [
    rowSink({ removes: (row, gone) => gone.startsWith(row.pipeline) }),
    "a pipeline that is removed leaves nothing, and the others alone"
  ],
  "takes the end of a time for a part of it": [
    rowSink({ select: (rows, { to, ...query }) => selectRows(rows, { ...query, ...(to === undefined ? {} : { to: to + 1 }) }) }),
    asked
  ],
  "keeps the oldest": [
    rowSink({ select: (rows, { limit, ...query }) => selectRows(rows, query).slice(0, limit === undefined ? undefined : Math.max(0, limit)) }),
    asked
  ],
  "orders sources by code units": [
    rowSink({ select: (rows, query) => [...selectRows(rows, query)].sort((a, b) => a.time - b.time || (a.place.source < b.place.source ? -1 : a.place.source > b.place.source ? 1 : 0)) }),
    asked
  ],
  "forgets what is in structs": [
    rowSink({ encode: (row) => ({ ...Row.encode(row), values: { ...Row.encode(row).values, struct: {} } }) }),
    "decimals, nulls, structs and texts of any kind come back as they were written"
  ]
})

sound("RowSink", RowSinkContract.laws, rowSink({}))

/** Takes letters with the same identity for one. */
const lettersBy = (identity: (letter: DeadLetter) => string) =>
  changed(DeadLetters, DeadLetters.layerMemory, (sound) => {
    const stored = new Map<string, DeadLetter>()
    return {
      write: (letters) =>
        Effect.gen(function*() {
          const before = [...stored.values()]
          for (const letter of letters) stored.set(identity(letter), letter)
          yield* sound.remove(before)
          yield* sound.write([...stored.values()])
        })
    }
  })

const writtenTwice = "a letter that is written twice is there once, and no other is taken for it"

broken("DeadLetters", DeadLettersContract.laws, {
  "are told apart by their offset only": [lettersBy(({ offset }) => String(offset)), writtenTwice],
  "are told apart without their pipeline": [
    lettersBy(({ offset, partition, topic }) => JSON.stringify([topic, partition, offset])),
    writtenTwice
  ],
  "take no pipeline for the one called null": [
    lettersBy(({ offset, partition, pipeline, topic }) => `${topic}|${partition}|${offset}|${pipeline}`),
    writtenTwice
  ],
  "keep bytes as text": [
    changed(DeadLetters, DeadLetters.layerMemory, (sound) => ({
      write: (letters) =>
        sound.write(letters.map((letter) => ({ ...letter, bytes: Buffer.from(Buffer.from(letter.bytes).toString()) })))
    })),
    "a letter keeps its original bytes, and what is wrong with them"
  ],
  "share their bytes with the writer": [
    Layer.sync(DeadLetters, () => {
      let stored: ReadonlyArray<DeadLetter> = []
      return DeadLetters.of({
        write: (letters) => Effect.sync(() => void (stored = letters)),
        read: () => Effect.sync(() => stored),
        remove: () => Effect.void
      })
    }),
    "what is done to the bytes after writing does not touch the letter"
  ],
  "are limited before they are chosen by reason": [
    changed(DeadLetters, DeadLetters.layerMemory, (sound) => ({
      read: ({ limit, reason }) =>
        Effect.map(sound.read(limit === undefined ? {} : { limit }), (letters) =>
          letters.filter((letter) => letter.reason === (reason ?? letter.reason)))
    })),
    "are read in order, by reason, and the first so many"
  ],
  "are removed with all others of their record": [
    changed(DeadLetters, DeadLetters.layerMemory, (sound) => ({
      remove: (letters) =>
        Effect.flatMap(sound.read({}), (all) =>
          sound.remove(all.filter(({ offset, partition, topic }) =>
            letters.some((gone) => gone.topic === topic && gone.partition === partition && gone.offset === offset)
          )))
    })),
    "removing takes away those letters and no others"
  ]
})

sound(
  "DeadLetters",
  Object.fromEntries(Object.entries(DeadLettersContract.laws).filter(([statement]) => statement === writtenTwice)),
  lettersBy(({ offset, partition, pipeline, topic }) => JSON.stringify([topic, partition, offset, pipeline]))
)

const checkpoints = (change: (sound: CheckpointStore["Service"]) => Partial<CheckpointStore["Service"]>) =>
  changed(CheckpointStore, CheckpointStore.layerMemory, change)

/** A store in which the parts of a name are composed wrongly. */
const composing = (sectionsOf: (parts: ReadonlyArray<Part>) => Checkpoint["sections"]) =>
  checkpoints(() => {
    const stored = new Map<string, ReadonlyArray<Part>>()
    return {
      save: (name, part) => Effect.sync(() => void stored.set(name, [...stored.get(name) ?? [], { ...part, sections: [...part.sections] }])),
      load: (name) =>
        Effect.sync(() => {
          const parts = stored.get(name)
          return parts === undefined ? Option.none() : Option.some({ ...parts.at(-1)!.head, sections: sectionsOf(parts) })
        }),
      heads: Effect.sync(() => new Map([...stored].flatMap(([name, parts]) => { const last = parts.at(-1); return last === undefined ? [] : [[name, last.head] as const] }))),
      remove: (name) => Effect.sync(() => void stored.delete(name))
    }
  })

/** The sections after these parts, each of which changes those before it. */
const composed = (parts: ReadonlyArray<Part>): Checkpoint["sections"] => {
  const sections = new Map<string, Uint8Array>()
  for (const part of parts) {
    for (const [id, bytes] of part.sections) {
      if (bytes === null) sections.delete(id)
      else sections.set(id, bytes)
    }
  }
  return sections
}

const newestBase = (parts: ReadonlyArray<Part>) => parts.findLastIndex(({ isBase }) => isBase)

const soundChains = (parts: ReadonlyArray<Part>) => composed(parts.slice(newestBase(parts)))

const newestLaw = "gives the newest of many, each with what it says has changed"

/** A part whose sections may be changed as they are asked for. */
const mapSections = (part: Part, change: (id: string, bytes: Uint8Array | null) => readonly [string, Uint8Array | null]): Part =>
  ({ ...part, sections: { *[Symbol.iterator]() { for (const [id, bytes] of part.sections) yield change(id, bytes) } } })

sound(
  "CheckpointStore",
  Object.fromEntries(Object.entries(CheckpointStoreContract.laws).filter(([statement]) => !statement.startsWith("keeps a state of 5 million"))),
  composing(soundChains)
)

broken("CheckpointStore", CheckpointStoreContract.laws, {
  "gives the oldest": [composing((parts) => composed(parts.slice(0, 1))), newestLaw],
  "gives the newest base without what came after it": [composing((parts) => composed(parts.slice(newestBase(parts)).slice(0, 1))), newestLaw],
  "gives the last part alone": [composing((parts) => composed(parts.slice(-1))), newestLaw],
  "applies a base to what was there before": [composing(composed), newestLaw],
  "applies an increment to a former chain": [
    composing((parts) => {
      const base = newestBase(parts)
      const former = newestBase(parts.slice(0, base))
      return former === -1 || base === parts.length - 1 ? soundChains(parts) : composed([...parts.slice(former, base), ...parts.slice(base + 1)])
    }),
    newestLaw
  ],
  "drops removals": [checkpoints((sound) => ({
    save: (name, part) => sound.save(name, { ...part, sections: [...part.sections].filter(([, bytes]) => bytes !== null) })
  })), newestLaw],
  "keeps an empty section in place of one that is gone": [checkpoints((sound) => ({
    save: (name, part) => sound.save(name, mapSections(part, (id, bytes) => [id, bytes ?? new Uint8Array(0)]))
  })), newestLaw],
  "forgets the head of increments": [checkpoints((sound) => {
    let head: Part["head"]
    return {
      save: (name, part) => {
        if (part.isBase) head = part.head
        return sound.save(name, { ...part, head })
      }
    }
  }), newestLaw],
  "loses the former state when a save fails half way": [
    checkpoints((sound) => ({
      save: (name, part) => part.isBase ? Effect.andThen(sound.remove(name), sound.save(name, part)) : sound.save(name, part)
    })),
    "one that fails while it is written leaves what was saved before"
  ],
  "keeps what there was of a save that has failed": [
    checkpoints((sound) => ({
      save: (name, part) => {
        const written: Array<readonly [string, Uint8Array | null]> = []
        const sections = mapSections(part, (id, bytes) => {
          written.push([id, bytes])
          return [id, bytes]
        }).sections
        return Effect.onError(sound.save(name, { ...part, sections }), () => Effect.ignore(sound.save(name, { ...part, sections: written })))
      }
    })),
    "one that fails while it is written leaves what was saved before"
  ],
  "has one name": [
    checkpoints((sound) => ({ save: (_, part) => sound.save("the", part), load: () => sound.load("the") })),
    "keeps names apart, and tells them"
  ],
  "does not tell small letters from large ones": [
    checkpoints((sound) => ({
      save: (name, part) => sound.save(name.toLowerCase(), part),
      load: (name) => sound.load(name.toLowerCase())
    })),
    "keeps names apart, and tells them"
  ],
  "tells no names": [checkpoints(() => ({ heads: Effect.succeed(new Map()) })), "keeps names apart, and tells them"],
  "tells names of which nothing is left": [
    checkpoints((sound) => {
      const heads = new Map<string, Part["head"]>()
      return {
        save: (name, part) => Effect.andThen(sound.save(name, part), Effect.sync(() => void heads.set(name, part.head))),
        heads: Effect.sync(() => new Map(heads))
      }
    }),
    "forgets every checkpoint of a name that is removed, and of no other"
  ],
  "forgets the newest only": [
    checkpoints((sound) => {
      const former = new Map<string, Part>()
      const saved = new Map<string, Part>()
      return {
        save: (name, part) => {
          const before = saved.get(name)
          if (before !== undefined) former.set(name, before)
          saved.set(name, part)
          return sound.save(name, part)
        },
        remove: (name) => {
          const before = former.get(name)
          return before === undefined ? sound.remove(name) : Effect.andThen(sound.remove(name), sound.save(name, before))
        }
      }
    }),
    "forgets every checkpoint of a name that is removed, and of no other"
  ],
  "has room for sections of up to a million bytes": [
    checkpoints((sound) => ({
      save: (name, part) => sound.save(name, mapSections(part, (id, bytes) => [id, bytes?.subarray(0, 1 << 20) ?? null]))
    })),
    "keeps a state of 5 million bytes, and a section of as many"
  ],
  "loses line breaks": [
    checkpoints((sound) => ({
      save: (name, part) => sound.save(name, mapSections(part, (id, bytes) => [id.replaceAll("\n", " "), bytes]))
    })),
    "gives back what was saved, whatever the names and bytes"
  ],
  "takes bytes for text": [
    checkpoints((sound) => ({
      save: (name, part) =>
        sound.save(name, mapSections(part, (id, bytes) => [id, bytes === null ? null : Buffer.from(Buffer.from(bytes).toString())]))
    })),
    "gives back what was saved, whatever the names and bytes"
  ]
})

const feed = (change: (sound: Feed["Service"]) => Partial<Feed["Service"]>) =>
  changed(Feed, Feed.layerMemory([fromTexts(["a", "b"]), fromTexts(["c"]), fromTexts(["d"])]), change)

const tail = "events from a position on are the tail of the events from the beginning"

const given = "says that it has given all when it has been read to its end, unless it is stale"

broken("Feed", FeedContract.laws, {
  "does not know positions": [feed((sound) => ({ events: () => sound.events(Option.none()) })), tail],
  "repeats a record after a restart": [
    feed((sound) => ({
      events: (position) => sound.events(Option.map(position, (at) => String(Math.max(0, Number(at) - 1))))
    })),
    tail
  ],
  "does not end": [
    feed((sound) => ({ events: (position) => Stream.concat(sound.events(position), Stream.never) })),
    "ends, and gives chunks whose records lie within their bytes"
  ],
  "gives bounds that lie outside of its bytes": [
    feed((sound) => ({
      events: (position) => sound.events(position).pipe(Stream.map((chunk) => ({ ...chunk, bytes: new Uint8Array(1) })))
    })),
    "ends, and gives chunks whose records lie within their bytes"
  ],
  "never knows whether there is more": [
    feed(() => ({ hasGivenAll: Effect.never })),
    given
  ],
  "is never quiet": [
    feed(() => ({ hasGivenAll: Effect.succeed(false) })),
    given
  ],
  "takes an outage for silence": [
    feed(() => ({ freshness: Effect.succeed({ _tag: "stale", reason: "out of reach" }) })),
    given
  ],
  "has a name that no topic may have": [
    feed(() => ({ name: "my feed!" })),
    "has a name that can name a topic, and knows its freshness"
  ]
})

/** A place whose layer is empty again each time it is opened. */
const forgetful = <S>(port: string, laws: DurableLaws<S>, memory: Layer.Layer<S>) =>
  it.live(`${port}: a store that forgets when it is closed breaks every durable law`, () =>
    Effect.gen(function*() {
      for (const [statement, law] of Object.entries(laws)) {
        const exit = yield* Effect.exit(law(Effect.succeed(memory)))
        expect([statement, exit._tag]).toEqual([statement, "Failure"])
      }
      expect(Object.keys(laws).length).toBeGreaterThan(0)
    }))

forgetful("EventLog", EventLogContract.durableLaws, EventLog.layerMemory())
forgetful("ResultSink", ResultSinkContract.durableLaws, ResultSink.layerMemory)
forgetful("RowSink", RowSinkContract.durableLaws, RowSink.layerMemory)
forgetful("DeadLetters", DeadLettersContract.durableLaws, DeadLetters.layerMemory)
forgetful("AlertStore", AlertStoreContract.durableLaws, AlertStore.layerMemory)
forgetful("CheckpointStore", CheckpointStoreContract.durableLaws, CheckpointStore.layerMemory)
