/** However a feed cuts its records into chunks, they are in the log once, in order, and with the feed's last position. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Option, Queue, Semaphore, Stream } from "effect"
import * as fc from "fast-check"
import { ticks } from "../../../src/analytics/ticks.ts"
import { EventLog, EventLogError } from "../../../src/streams/ports/EventLog.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import * as Ingest from "../../../src/streams/engine/Ingest.ts"
import { type Chunk, fromBytes, join, Kind, valueAt } from "../../../src/streams/records/Records.ts"
import { Router } from "../../../src/streams/records/Router.ts"

const source = ticks.definition

const tick = fc.record({ symbol: fc.constantFrom("A", "B", "C", "D", "E"), size: fc.nat(9) }).map(({ size, symbol }) =>
  Buffer.from(JSON.stringify({ symbol, time: 1_732_545_000_000, price: "1", size })))
const record = fc.oneof({ weight: 8, arbitrary: tick }, fc.constant(Buffer.from("poison")), fc.constant(null))

/** A chunk over a part of a larger buffer, as feeds give them. */
const chunk = fc.record({
  records: fc.array(fc.tuple(record, fc.constantFrom(Kind.event, Kind.event, Kind.preAggregated)), { maxLength: 12 }),
  position: fc.option(fc.stringMatching(/^[a-z]{1,3}$/)),
  before: fc.nat(20)
}).map(({ before, position, records }): Chunk => {
  const chunk = fromBytes(records.map(([value]) => value), records.map(([, kind]) => kind), position ?? undefined)
  const bytes = Buffer.concat([Buffer.alloc(before, "x"), chunk.bytes, Buffer.from("yy")])
  // The arrays may be longer than the chunk.
  const kinds = Uint8Array.from([...chunk.kinds, Kind.truncated, Kind.truncated])
  return { ...chunk, bytes, starts: chunk.starts.map((at) => at + before), ends: chunk.ends.map((at) => at + before), kinds }
})

const recordsOf = (chunk: Chunk) =>
  Array.from({ length: chunk.length }, (_, i) =>
    [chunk.kinds[i]!, chunk.ends[i]! < chunk.starts[i]! ? null : Buffer.from(valueAt(chunk, i)).toString()] as const)

it("chunks joined are their records one after the other, and the position of the last", () =>
  fc.assert(fc.property(fc.array(chunk, { minLength: 1 }), (chunks) => {
    const joined = join(chunks)
    assert.deepStrictEqual(recordsOf(joined), chunks.flatMap(recordsOf))
    if (chunks.length > 1) assert.strictEqual(joined.kinds.length, joined.length)
    assert.strictEqual(joined.position, chunks.at(-1)?.position)
  })))

/** A log that notes what is appended to it, some of it slowly. */
const noting = (appended: Array<{ readonly partition: number; readonly chunk: Chunk }>, partitions: number, slow: boolean) =>
  Layer.succeed(EventLog, EventLog.of({
    id: "log",
    topic: "t",
    partitions,
    append: (partition, chunk) =>
      Effect.gen(function*() {
        if (slow && partition === 0) for (let i = 0; i < 20; i++) yield* Effect.yieldNow
        appended.push({ partition, chunk })
        return 0
      }),
    read: () => Stream.fail(new EventLogError({ message: "not read" })),
    ends: Effect.succeed([]),
    position: Effect.succeed(Option.none())
  }))

const ingest = (chunks: ReadonlyArray<Chunk>, log: Layer.Layer<EventLog>) =>
  Effect.runPromise(Ingest.routed({ source }).pipe(
    Effect.provideService(Feed, Feed.of({
      name: "test",
      freshness: Effect.succeed({ _tag: "simulated" }),
      hasGivenAll: Effect.succeed(true),
      events: () => Stream.fromIterable(chunks)
    })),
    Effect.provide(log)
  ))

it("each partition gets its records in the feed's order, and a position comes when exactly what lies before it is there", () =>
  fc.assert(fc.asyncProperty(fc.array(chunk, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), async (chunks, partitions, slow) => {
    const appended: Array<{ readonly partition: number; readonly chunk: Chunk }> = []
    await ingest(chunks, noting(appended, partitions, slow))
    const router = new Router(partitions, { source })
    const wanted = Array.from({ length: partitions }, () => new Array<readonly [number, string | null]>())
    for (const chunk of chunks) for (const part of router.route(chunk)) wanted[part.partition]!.push(...recordsOf(part.chunk))
    const found = wanted.map((_, index) =>
      appended.filter(({ partition }) => partition === index).flatMap(({ chunk }) => recordsOf(chunk)))
    assert.deepStrictEqual(found, wanted)
    const sorted = (chunks: ReadonlyArray<Chunk>) => chunks.flatMap(recordsOf).map((record) => JSON.stringify(record)).sort()
    assert.deepStrictEqual(sorted(appended.map(({ chunk }) => chunk)), sorted(chunks))
    const before = new Map<string, Set<number>>()
    let given = 0
    for (const { length, position } of chunks) {
      given += length
      if (position !== undefined) before.set(position, (before.get(position) ?? new Set()).add(given))
    }
    let seen = 0
    for (const { chunk } of appended) {
      seen += chunk.length
      if (chunk.position !== undefined) assert.isTrue(before.get(chunk.position)!.has(seen), `${chunk.position} after ${seen} records`)
    }
    assert.strictEqual(
      appended.findLast(({ chunk }) => chunk.position !== undefined)?.chunk.position,
      chunks.findLast(({ position }) => position !== undefined)?.position
    )
  })))

it("what is appended together stays small", async () => {
  const appended: Array<{ readonly partition: number; readonly chunk: Chunk }> = []
  const large = (size: number, count: number) => fromBytes(Array.from({ length: count }, () => Buffer.alloc(size)), Array.from({ length: count }, () => Kind.event))
  await ingest([...Array.from({ length: 10 }, () => large(10, 1_000)), ...Array.from({ length: 10 }, () => large(100_000, 1))], noting(appended, 1, true))
  assert.strictEqual(appended.reduce((sum, { chunk }) => sum + chunk.length, 0), 10_010)
  assert.isBelow(appended.length, 20)
  for (const { chunk } of appended) {
    assert.isAtMost(chunk.length, 4_096)
    assert.isAtMost(chunk.bytes.length, 262_144)
  }
})

/** A feed and a log that take their steps when the test says so. */
const stepwise = Effect.gen(function*() {
  const log = yield* EventLog.pipe(Effect.provide(EventLog.layerMemory()))
  const feed = yield* Queue.unbounded<Chunk>()
  const mayAppend = yield* Semaphore.make(0)
  const asked = yield* Deferred.make<boolean>()
  const slow = EventLog.of({ ...log, append: (partition, chunk) => Effect.andThen(mayAppend.take(1), log.append(partition, chunk)) })
  const ingestionOf = (ingestion: Effect.Effect<Ingest.Ingestion, never, EventLog | Feed>) =>
    ingestion.pipe(
      Effect.provideService(EventLog, slow),
      Effect.provideService(Feed, Feed.of({
        name: "test",
        freshness: Effect.succeed({ _tag: "simulated" }),
        hasGivenAll: Deferred.await(asked),
        events: () => Stream.fromQueue(feed)
      }))
    )
  return { asked, feed, ingestionOf, mayAppend }
})

const settle = Effect.forEach(Array.from({ length: 50 }), () => Effect.yieldNow, { discard: true })

for (const [name, ingestion] of [["whole", Ingest.whole], ["by key", Ingest.byKey({ source })]] as const) {
  it.effect(`${name}: is quiet when the feed has given all that it had, and all of that is in the log`, () =>
    Effect.gen(function*() {
      const { asked, feed, ingestionOf, mayAppend } = yield* stepwise
      const { isQuiet, run } = yield* ingestionOf(ingestion)
      yield* Effect.forkChild(run)
      yield* Queue.offer(feed, fromBytes([Buffer.from("before")], [Kind.event]))
      yield* settle
      const answer = yield* Effect.forkChild(isQuiet)
      yield* Deferred.succeed(asked, true)
      yield* settle
      // The feed has answered, and what it gave before that is still on its way.
      assert.isUndefined(answer.pollUnsafe())
      yield* mayAppend.release(1)
      assert.isTrue(yield* Fiber.join(answer))
    }))

  it.effect(`${name}: a feed that always has more is heard all the same, and one that cannot be asked is not`, () =>
    Effect.gen(function*() {
      const busy = yield* stepwise
      yield* busy.mayAppend.release(9)
      const { isQuiet, run } = yield* busy.ingestionOf(ingestion)
      yield* Effect.forkChild(run)
      const answer = yield* Effect.forkChild(isQuiet)
      yield* settle
      assert.isUndefined(answer.pollUnsafe())
      yield* Queue.offer(busy.feed, fromBytes([Buffer.from("more")], [Kind.event]))
      assert.isTrue(yield* Fiber.join(answer))
      const away = yield* stepwise
      yield* Deferred.succeed(away.asked, false)
      assert.isFalse(yield* (yield* away.ingestionOf(ingestion)).isQuiet)
    }))
}
