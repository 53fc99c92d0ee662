/**
 * The laws of the port {@link EventLog}. `suite` tests a layer with them; a layer with two or
 * more partitions is tested more thoroughly than one with a single one.
 */
import { Arbitrary, Clock, Deferred, Effect, Fiber, type Layer, Option, Stream } from "effect"
import { EventLog, type EventLogError } from "../streams/ports/EventLog.ts"
import { type Chunk, fromBytes, fromTexts, Kind, type Records, valueAt } from "../streams/records/Records.ts"
import * as Identity from "./Identity.ts"
import {
  type DurableLaws,
  Effort,
  forAll,
  holds,
  LawBroken,
  type Laws,
  on,
  type Options,
  refused,
  same,
  testLaws
} from "./Law.ts"
import { integer } from "./Samples.ts"

export const suite = (name: string, fresh: Layer.Layer<EventLog, unknown>, options?: Options<EventLog>): void =>
  testLaws(`EventLog: ${name}`, laws, durableLaws, fresh, options)

export const laws: Laws<EventLog> = {
  "gives back every record in order, with its offset, kind and bytes": (fresh) =>
    forAll(scripts, (script) =>
      on(fresh, Effect.gen(function*() {
        const log = yield* EventLog
        const model = yield* appendAll(script)
        same(yield* log.ends, model.map((records) => records.length))
        same(yield* readAll(zeros(log)), model)
      }))),

  "is the same however the records were cut into chunks": (fresh) =>
    forAll(Arbitrary.all([entries, cuts, cuts]), ([records, cutsOfOne, cutsOfOther]) =>
      Effect.gen(function*() {
        const one = yield* on(fresh, storedInParts(cut(records, cutsOfOne)))
        const other = yield* on(fresh, storedInParts(cut(records, cutsOfOther)))
        same(one, other)
      })),

  "read from any offset gives the tail of what reading from the beginning gives": (fresh) =>
    forAll(Arbitrary.all([scripts, Arbitrary.array(fractions, { minLength: 1, maxLength: 8 })]), ([script, points]) =>
      on(fresh, Effect.gen(function*() {
        const model = yield* appendAll(script)
        const from = model.map((records, i) => Math.floor((points[i % points.length] ?? 0) * (records.length + 1)))
        same(yield* readAll(from), model.map((records, partition) => records.slice(from[partition])))
      }))),

  "has an id that no other log has": Identity.areItsOwn(Effect.map(EventLog, ({ id }) => [id])),

  "a reader past the end waits for its offset": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      yield* log.append(0, fromTexts(["a"]))
      const reader = yield* Effect.forkChild(take([3, ...zeros(log).slice(1)], 2))
      yield* pause
      yield* log.append(0, fromTexts(["b"]))
      yield* log.append(0, fromTexts(["c", "d", "e"]))
      same(texts(yield* Fiber.join(reader)), ["d", "e"])
    })),

  "a reader follows what is appended later, in every partition": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      yield* log.append(0, fromTexts(["before"]))
      const count = 1 + 10 * log.partitions
      const caughtUp = yield* Deferred.make<void>()
      const reader = yield* Effect.forkChild(take(zeros(log), count, caughtUp))
      yield* Deferred.await(caughtUp)
      for (let i = 0; i < 10; i++) {
        for (let partition = 0; partition < log.partitions; partition++) {
          yield* log.append(partition, fromTexts([`${partition}/${i}`]))
        }
        if (i % 3 === 0) yield* pause
      }
      const seen = texts(yield* Fiber.join(reader))
      for (let partition = 0; partition < log.partitions; partition++) {
        same(
          seen.filter((text) => text?.startsWith(`${partition}/`)),
          Array.from({ length: 10 }, (_, i) => `${partition}/${i}`)
        )
      }
    })),

  "two readers see the same, each from its own offset and at its own pace": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const expected = Array.from({ length: 60 }, (_, i) => String(i))
      const first = yield* Effect.forkChild(take(zeros(log), 60))
      const second = yield* Effect.forkChild(Effect.andThen(pause, take([25, ...zeros(log).slice(1)], 35)))
      for (let i = 0; i < 60; i += 3) {
        yield* log.append(0, fromTexts(expected.slice(i, i + 3)))
        if (i % 12 === 0) yield* Effect.yieldNow
      }
      same(texts(yield* Fiber.join(first)), expected)
      same(texts(yield* Fiber.join(second)), expected.slice(25))
    })),

  "appends at the same time get offsets of their own, and none is torn apart": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const firsts = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, i) => i),
        (i) => log.append(0, fromTexts([`${i}a`, `${i}b`, `${i}c`])),
        { concurrency: "unbounded" }
      )
      const stored = (yield* readAll(zeros(log)))[0] ?? []
      holds(stored.length === 120, `120 records were appended, ${stored.length} are there`)
      firsts.forEach((first, i) =>
        same(
          stored.slice(first, first + 3).map(({ value }) => value?.toString()),
          [`${i}a`, `${i}b`, `${i}c`]
        )
      )
    })),

  "is asked anew for its ends each time: they count an append when it has returned, and are never behind what was read": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const { ends } = log
      const last = log.partitions - 1
      for (let count = 1; count <= 5; count++) {
        yield* log.append(last, fromTexts([String(count)]))
        same((yield* ends)[last], count)
      }
      const reader = yield* Effect.forkChild(
        log.read(zeros(log)).pipe(
          Stream.mapEffect((batch) =>
            Effect.map(ends, (ends) => {
              const read = (batch.offsets[batch.length - 1] ?? 0) + 1
              holds(read <= (ends[batch.partition] ?? 0), `read up to ${read}, but the log ends at ${ends.join(", ")}`)
              return read
            })
          ),
          Stream.takeUntil((read) => read >= 10),
          Stream.runDrain
        )
      )
      for (let count = 6; count <= 10; count++) yield* log.append(last, fromTexts([String(count)]))
      const { patience } = yield* Effort
      yield* Fiber.join(reader).pipe(
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new LawBroken({ message: "not all has come" })) })
      )
    })),

  "keeps the position of the last chunk that had one": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const is = (expected: Option.Option<string>) =>
        Effect.map(log.position, (position) => same(position, expected))
      yield* is(Option.none())
      yield* log.append(0, fromTexts(["a"]))
      yield* is(Option.none())
      yield* log.append(0, fromTexts(["b"], Kind.event, "after b, \u{1F600} \"'\n"))
      yield* log.append(log.partitions - 1, fromTexts(["c"]))
      yield* is(Option.some("after b, \u{1F600} \"'\n"))
      yield* log.append(log.partitions - 1, fromTexts(["d"], Kind.event, "after d"))
      yield* is(Option.some("after d"))
    })),

  "a chunk without records appends nothing and may still move the position": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      yield* log.append(0, fromTexts(["a"]))
      same(yield* log.append(0, fromTexts([])), 1)
      same(yield* log.append(0, fromTexts([], Kind.event, "further on")), 1)
      same(yield* log.position, Option.some("further on"))
      yield* log.append(0, fromTexts(["b"]))
      same(texts(yield* take(zeros(log), 2)), ["a", "b"])
    })),

  "an append that is refused leaves neither records nor a position": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      yield* log.append(0, fromTexts(["a"], Kind.event, "after a"))
      const ends = yield* log.ends
      for (const partition of [-1, log.partitions, 0.5, Number.NaN]) {
        yield* refused(log.append(partition, fromTexts(["x"], Kind.event, "after x")), "EventLogError")
      }
      same(yield* log.ends, ends)
      same(yield* log.position, Option.some("after a"))
      same(texts(yield* take(zeros(log), 1)), ["a"])
    })),

  "every read gives the same times of append, each record its own": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const before = yield* Clock.currentTimeMillis
      for (const text of ["a", "b", "c"]) {
        yield* log.append(0, fromTexts([text]))
        yield* pause
      }
      const after = yield* Clock.currentTimeMillis
      const times = Effect.map(take(zeros(log), 3), (batches) => batches.flatMap((batch) => [...batch.appendedAt]))
      const first = yield* times
      same(yield* times, first)
      holds((first[0] ?? 0) < (first[2] ?? 0), `appended one after another, but at ${first.join(", ")}`)
      // A broker's clock may differ from ours, yet not by a minute.
      for (const time of first) holds(time > before - 60_000 && time < after + 60_000, `${time} is not about now`)
    })),

  "keeps a record of 1 MiB and a chunk of 10,000 records": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const log = yield* EventLog
      const large = new Uint8Array(1_024 * 1_024).map((_, i) => i % 251)
      const many = Array.from({ length: 10_000 }, (_, i) => String(i))
      yield* log.append(0, fromBytes([large], [Kind.event]))
      yield* log.append(0, fromTexts(many))
      const stored = (yield* readAll(zeros(log)))[0] ?? []
      holds(stored[0]?.value?.equals(large) ?? false, "the large record is not what was appended")
      same(stored.slice(1).map(({ value }) => value?.toString()), many)
    }))
}

export const durableLaws: DurableLaws<EventLog> = {
  "is known by the same id after closing and opening again": Identity.stay(Effect.map(EventLog, ({ id }) => [id])),

  "everything is still there after closing and opening again, and offsets go on": (place) =>
    forAll(Arbitrary.array(scripts, { minLength: 2, maxLength: 4 }), (sessions) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* place
        let model: ReadonlyArray<ReadonlyArray<Entry>> = []
        for (const script of sessions) {
          model = yield* on(store, Effect.gen(function*() {
            const log = yield* EventLog
            const earlier = model.length === 0 ? zeros(log).map(() => []) : model
            same(yield* readAll(zeros(log)), earlier)
            return yield* appendAll(script, earlier)
          }))
        }
        const position = Option.fromUndefinedOr(sessions.flat().findLast((step) => step.position !== null)?.position)
        yield* on(store, Effect.gen(function*() {
          const log = yield* EventLog
          same(yield* readAll(zeros(log)), model)
          same(yield* log.position, position)
        }))
      })))
}

/** A record of the log, in a form that can be compared; `value` is `null` where it has none. */
interface Entry {
  readonly offset: number
  readonly kind: number
  readonly value: Buffer | null
}

type NewEntry = Omit<Entry, "offset">

interface Step {
  readonly partition: number
  readonly entries: ReadonlyArray<NewEntry>
  readonly position: string | null
}

/** From 0 to below 1. */
const fractions = Arbitrary.map(integer(0, 999), (thousandths) => thousandths / 1_000)

const values = Arbitrary.map(Arbitrary.array(integer(-1, 255), { maxLength: 12 }), (bytes) =>
  // One of 256 bytes is a sign for "no value", so that tombstones come up, empty values too.
  bytes.includes(-1) ? null : Buffer.from(bytes))

/** What holds no record is never appended. */
const appended = [Kind.event, Kind.preAggregated, Kind.truncated]

const kinds = Arbitrary.map(integer(0, appended.length - 1), (index) => appended[index] ?? Kind.event)

const entries = Arbitrary.array(Arbitrary.all({ kind: kinds, value: values }), { maxLength: 20 })

const cuts = Arbitrary.array(integer(0, 20), { maxLength: 6 })

const scripts: Arbitrary.Arbitrary<Array<Step>> = Arbitrary.array(
  Arbitrary.all({
    partition: integer(0, 99),
    entries,
    position: Arbitrary.map(integer(0, 5), (n) => n < 3 ? null : `position ${n}`)
  }),
  { maxLength: 8 }
)

const zeros = (log: EventLog["Service"]): ReadonlyArray<number> => Array.from({ length: log.partitions }, () => 0)

/** Gaps between the records of a chunk are allowed, as is any end before the start of a record without a value. */
const toChunk = (records: ReadonlyArray<NewEntry>, position?: string): Chunk => {
  const dense = fromBytes(
    records.map(({ value }) => value),
    // The generator gives no other numbers than those of the kinds.
    records.map(({ kind }) => kind as Kind),
    position
  )
  const gap = records.length % 3
  const bytes = Buffer.alloc(dense.bytes.length + gap * (records.length + 1), 0xee)
  const shift = (at: number, i: number) => at + gap * (i + 1)
  for (let i = 0; i < dense.length; i++) bytes.set(valueAt(dense, i), shift(dense.starts[i] ?? 0, i))
  const ends = dense.ends.map((end, i) => records[i]?.value === null ? end - gap : shift(end, i))
  return { ...dense, bytes, starts: dense.starts.map(shift), ends }
}

const cut = (records: ReadonlyArray<NewEntry>, at: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<NewEntry>> => {
  const bounds = [0, ...at.map((index) => Math.min(index, records.length)).sort((a, b) => a - b), records.length]
  return bounds.slice(1).map((end, i) => records.slice(bounds[i], end))
}

const storedInParts = Effect.fnUntraced(function*(parts: ReadonlyArray<ReadonlyArray<NewEntry>>) {
  const log = yield* EventLog
  for (const part of parts) yield* log.append(0, toChunk(part))
  return yield* readAll(zeros(log))
})

/** Appends the steps of a script and says what the log should hold then, one list a partition. */
const appendAll = Effect.fnUntraced(function*(
  script: ReadonlyArray<Step>,
  earlier?: ReadonlyArray<ReadonlyArray<Entry>>
): Effect.fn.Return<ReadonlyArray<ReadonlyArray<Entry>>, EventLogError, EventLog> {
  const log = yield* EventLog
  const model = Array.from({ length: log.partitions }, (_, partition) => [...(earlier?.[partition] ?? [])])
  for (const step of script) {
    const partition = step.partition % log.partitions
    const stored = model[partition] ?? []
    const first = yield* log.append(partition, toChunk(step.entries, step.position ?? undefined))
    same(first, stored.length, "append returns the offset of its first record")
    stored.push(...step.entries.map((entry, i) => ({ offset: first + i, ...entry })))
  }
  return model
})

/** All that is in the log now from offsets on, one list a partition. */
const readAll = Effect.fnUntraced(function*(from: ReadonlyArray<number>) {
  const log = yield* EventLog
  const ends = yield* log.ends
  const count = ends.reduce((sum, end, partition) => sum + Math.max(0, end - (from[partition] ?? 0)), 0)
  const batches = count === 0 ? [] : yield* take(from, count)
  return ends.map((_, partition) => batches.filter((batch) => batch.partition === partition).flatMap(toEntries))
})

/** Reads until so many records have come, and checks the form of what comes. */
const take = Effect.fnUntraced(function*(
  from: ReadonlyArray<number>,
  count: number,
  started?: Deferred.Deferred<void>
) {
  const log = yield* EventLog
  const { patience } = yield* Effort
  const next = [...from]
  let seen = 0
  return yield* log.read(from).pipe(
    Stream.mapEffect((batch) => {
      holds(batch.length > 0, "a batch has records")
      for (let i = 0; i < batch.length; i++) {
        same(batch.offsets[i], (next[batch.partition] ?? 0) + i, "offsets count up from where reading began")
      }
      next[batch.partition] = (next[batch.partition] ?? 0) + batch.length
      seen += batch.length
      return Effect.as(started === undefined ? Effect.void : Deferred.succeed(started, undefined), batch)
    }),
    Stream.takeUntil(() => seen >= count),
    Stream.runCollect,
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(new LawBroken({ message: `of ${count} records only ${seen} came` }))
    })
  )
})

const toEntries = (batch: Records): ReadonlyArray<Entry> =>
  Array.from({ length: batch.length }, (_, i) => ({
    offset: batch.offsets[i] ?? -1,
    kind: batch.kinds[i] ?? -1,
    value: (batch.ends[i] ?? 0) < (batch.starts[i] ?? 0) ? null : Buffer.from(valueAt(batch, i))
  }))

const texts = (batches: ReadonlyArray<Records>): ReadonlyArray<string | undefined> =>
  batches.flatMap(toEntries).map(({ value }) => value?.toString())

/** Long enough for a reader to fall asleep. */
const pause = Effect.sleep("3 millis")
