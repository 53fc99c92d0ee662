/** The laws of the port {@link DeadLetters}. */
import { Arbitrary, Effect, type Layer } from "effect"
import { type DeadLetter, DeadLetters, latestOf, type Query } from "../streams/ports/DeadLetters.ts"
import { Reason } from "../streams/records/Refusal.ts"
import { type DurableLaws, forAll, type Laws, on, type Options, same, testLaws } from "./Law.ts"
import { byCodePoints, integer } from "./Samples.ts"

export const suite = (name: string, fresh: Layer.Layer<DeadLetters, unknown>, options?: Options<DeadLetters>): void =>
  testLaws(`DeadLetters: ${name}`, laws, durableLaws, fresh, options)

export const laws: Laws<DeadLetters> = {
  "a letter that is written twice is there once, and no other is taken for it": (fresh) =>
    forAll(Arbitrary.all([batches, Arbitrary.array(integer(0, 99), { maxLength: 8 })]), ([written, replays]) =>
      on(fresh, Effect.gen(function*() {
        const letters = yield* DeadLetters
        for (const batch of written) yield* letters.write(batch)
        for (const replay of replays) yield* letters.write(written[replay % written.length] ?? [])
        same(yield* readBack({}), model(written.flat(), {}))
      }))),

  "a letter keeps its original bytes, and what is wrong with them": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const letters = yield* DeadLetters
      const originals = [
        Uint8Array.from({ length: 256 }, (_, i) => i),
        new Uint8Array(0),
        Uint8Array.of(0xff, 0xfe, 0x00, 0xc3),
        new Uint8Array(1_024 * 1_024).map((_, i) => i % 251)
      ]
      const written = originals.map((bytes, offset): DeadLetter => ({
        topic: "two\nlines, \"quotes\" and \u{1F600}",
        partition: 3,
        offset,
        pipeline: "it's 漢字",
        reason: "invalid-field",
        detail: "price: \"abc\\\" is\nno decimal \u{1F600}",
        bytes
      }))
      yield* letters.write(written)
      same(yield* readBack({}), model(written, {}))
    })),

  "what is done to the bytes after writing does not touch the letter": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const letters = yield* DeadLetters
      const bytes = Uint8Array.of(1, 2, 3)
      yield* letters.write([{ ...letterOf({ topic: 0, partition: 0, offset: 0, pipeline: 0 }), bytes }])
      bytes.fill(0)
      same((yield* readBack({})).map((letter) => letter.bytes), [Buffer.of(1, 2, 3)])
    })),

  "are read in order, by reason, and the first so many": (fresh) =>
    forAll(Arbitrary.all([batches, Arbitrary.array(queries, { minLength: 1, maxLength: 6 })]), ([written, asked]) =>
      on(fresh, Effect.gen(function*() {
        const letters = yield* DeadLetters
        for (const batch of written) yield* letters.write(batch)
        for (const query of asked) same(yield* readBack(query), model(written.flat(), query))
      }))),

  "how many there are for each reason is told, and what was written last, of all or of one pipeline": (fresh) =>
    forAll(Arbitrary.all([batches, integer(0, pipelines.length), integer(-1, 5)]), ([written, number, limit]) =>
      on(fresh, Effect.gen(function*() {
        const letters = yield* DeadLetters
        for (const batch of written) yield* letters.write(batch)
        const pipeline = pipelines[number] ?? undefined
        const all = model(written.flat(), {}).filter((letter) => pipeline === undefined || letter.pipeline === pipeline)
        const { byReason, latest } = yield* latestOf(letters, pipeline === undefined ? { limit } : { pipeline, limit })
        const reasons = [...new Set(all.map(({ reason }) => reason))].sort()
        same(byReason, reasons.map((reason) => ({ reason, count: all.filter((letter) => letter.reason === reason).length })))
        same(latest.length, Math.min(Math.max(0, limit), all.length))
        if (letters.latest === undefined) return
        const lasts = new Map(written.flat().map((letter, at) => [identity(letter), at]))
        const newest = all.toSorted((a, b) => lasts.get(identity(b))! - lasts.get(identity(a))!).slice(0, Math.max(0, limit))
        same(latest.map((letter) => ({ ...letter, bytes: Buffer.from(letter.bytes) })), newest)
      }))),

  "removing takes away those letters and no others": (fresh) =>
    forAll(Arbitrary.all([batches, Arbitrary.array(letters, { maxLength: 20 })]), ([written, removed]) =>
      on(fresh, Effect.gen(function*() {
        const letters = yield* DeadLetters
        for (const batch of written) yield* letters.write(batch)
        yield* letters.remove(removed)
        const gone = new Set(removed.map(identity))
        same(yield* readBack({}), model(written.flat().filter((letter) => !gone.has(identity(letter))), {}))
        yield* letters.remove(written.flat())
        same(yield* readBack({}), [])
      })))
}

export const durableLaws: DurableLaws<DeadLetters> = {
  "letters are still there after closing and opening again": (place) =>
    forAll(batches, (written) =>
      Effect.scoped(Effect.gen(function*() {
        const store = yield* place
        for (const batch of written) yield* on(store, DeadLetters.use((letters) => letters.write(batch)))
        same(yield* on(store, readBack({})), model(written.flat(), {}))
      })))
}

/** Letters with their bytes in one class, since a store may give any kind of Uint8Array. */
const readBack = (query: Query) =>
  DeadLetters.use((letters) => letters.read(query)).pipe(
    Effect.map((found) => found.map((letter) => ({ ...letter, bytes: Buffer.from(letter.bytes) })))
  )

const model = (written: ReadonlyArray<DeadLetter>, query: Query): ReadonlyArray<DeadLetter> =>
  [...new Map(written.map((letter) => [identity(letter), letter])).values()]
    .filter(({ reason }) => reason === (query.reason ?? reason))
    .sort((a, b) =>
      byCodePoints(a.topic, b.topic) || a.partition - b.partition || a.offset - b.offset ||
      Number(a.pipeline !== null) - Number(b.pipeline !== null) || byCodePoints(a.pipeline ?? "", b.pipeline ?? "")
    )
    .slice(0, query.limit)
    .map((letter) => ({ ...letter, bytes: Buffer.from(letter.bytes) }))

const identity = ({ offset, partition, pipeline, topic }: DeadLetter): string =>
  JSON.stringify([topic, partition, offset, pipeline])

/** The last two are in another order by UTF-16 code units than by code points. */
const topics = ["stdin", "\u{1F600}", "\uFF21"]
const pipelines = [null, "candles-1m", "candles", "null"]

/** Few topics, partitions, offsets and pipelines, so that they collide; the rest follows from them. */
const letterOf = (choice: {
  readonly topic: number
  readonly partition: number
  readonly offset: number
  readonly pipeline: number
}): DeadLetter => {
  const sum = choice.topic + choice.partition + choice.offset + choice.pipeline
  return {
    topic: topics[choice.topic] ?? "",
    partition: choice.partition,
    offset: choice.offset,
    pipeline: pipelines[choice.pipeline] ?? null,
    reason: Reason.literals[sum % Reason.literals.length] ?? "late",
    detail: `number ${sum}`,
    bytes: Uint8Array.of(choice.topic, choice.partition, choice.offset, choice.pipeline, 255, 0)
  }
}

const letters = Arbitrary.map(
  Arbitrary.all({
    topic: integer(0, topics.length - 1),
    partition: integer(0, 2),
    offset: integer(8, 11),
    pipeline: integer(0, pipelines.length - 1)
  }),
  letterOf
)

const batches = Arbitrary.array(Arbitrary.array(letters, { maxLength: 15 }), { minLength: 1, maxLength: 4 })

const queries = Arbitrary.map(
  Arbitrary.all([integer(-1, Reason.literals.length - 1), integer(-1, 10)]),
  ([reason, limit]): Query => {
    const wanted = Reason.literals[reason]
    return { ...(wanted === undefined ? {} : { reason: wanted }), ...(limit < 0 ? {} : { limit }) }
  }
)
