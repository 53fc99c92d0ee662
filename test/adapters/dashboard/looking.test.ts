/**
 * What viewers hear, against a plain model: whatever they look at, whenever they come and however often windows change, each
 * ends up with the newest state of what it looks at, hears of nothing else, and no more often than is said.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as FastCheck from "fast-check"
import * as Interest from "../../../src/adapters/dashboard/Interest.ts"
import * as Keys from "../../../src/adapters/dashboard/Keys.ts"
import * as Live from "../../../src/adapters/dashboard/Live.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import { Feed } from "../../../src/streams/ports/Feed.ts"
import { Monitor, nothingYet } from "../../../src/streams/ports/Monitor.ts"
import { ResultSink } from "../../../src/streams/ports/ResultSink.ts"

const pipelines = ["p", "q"] as const
const keys = ["A", "B", "C~,"] as const
const fields = ["n", "m"]

/** A window is `[start, start + 10 * length)`; the same changes are made of it again and again. */
interface Change {
  readonly pipeline: (typeof pipelines)[number]
  readonly key: (typeof keys)[number]
  readonly start: number
  readonly length: number
  readonly kind: "forming" | "on-time" | "late" | "retracted"
}

const changes: FastCheck.Arbitrary<Change> = FastCheck.record({
  pipeline: FastCheck.constantFrom(...pipelines),
  key: FastCheck.constantFrom(...keys),
  start: FastCheck.integer({ min: 0, max: 2 }).map((n) => n * 10),
  length: FastCheck.integer({ min: 1, max: 2 }),
  kind: FastCheck.constantFrom("forming", "forming", "forming", "on-time", "late", "retracted")
})

const interests = FastCheck.record({
  follow: FastCheck.subarray(pipelines.flatMap((pipeline) => keys.map((key) => ({ pipeline, key })))),
  watch: FastCheck.subarray([{ pipeline: "p", fields }, { pipeline: "p", fields: ["m"] }, { pipeline: "q", fields: ["n"] }])
}).map(({ follow, watch }) => Interest.of(follow, watch))

const steps = FastCheck.array(
  FastCheck.record({ changes: FastCheck.array(changes, { maxLength: 6 }), millis: FastCheck.constantFrom(0, 10, 90, 150, 400, 700) }),
  { minLength: 3, maxLength: 15 }
)

/** A viewer as a page is one: it keeps what it is told, by the rules of the route's description. */
class Page {
  readonly windows = new Map<string, { readonly pane: Pane.Encoded; readonly isForming: boolean }>()
  readonly rows = new Map<string, ReadonlyArray<unknown>>()
  readonly heard: Array<{ readonly event: string; readonly data: any; readonly at: number }> = []

  hear(text: string, at: number): void {
    for (const [, event = "", json = ""] of text.matchAll(/^event: (.*)\ndata: (.*)$/gm)) {
      const data = JSON.parse(json)
      this.heard.push({ event, data, at })
      if (event === "pane" || event === "forming") this.windows.set(idOf(data), { pane: data, isForming: event === "forming" })
      if (event === "rows") for (const row of data.rows) this.#row(`${data.pipeline} ${data.fields} `, row)
    }
  }

  /** What it asks for once it hears: what is stored, and the newest window of each key. */
  take({ keys, panes }: { readonly panes: ReadonlyArray<Pane.Encoded>; readonly keys: ReadonlyArray<readonly [Interest.Watched, Pane.Encoded]> }): void {
    for (const pane of panes) if (!this.windows.has(idOf(pane))) this.windows.set(idOf(pane), { pane, isForming: false })
    for (const [{ fields, pipeline }, { end, key, pane, start, values }] of keys) {
      this.#row(`${pipeline} ${fields} `, [key, start, end, pane, ...fields.map((name) => values[name])])
    }
  }

  get present(): ReadonlyMap<string, unknown> {
    return new Map([...this.windows].filter(([, { pane }]) => pane.pane !== "retracted").sort(([a], [b]) => a < b ? -1 : 1))
  }

  #row(table: string, row: readonly [string, number, number, string, ...ReadonlyArray<unknown>]): void {
    const [key, start, end, kind] = row
    const known = this.rows.get(table + key)
    if (kind === "retracted") return void this.rows.delete(table + key)
    const [, knownStart = -1, knownEnd = -1] = known ?? []
    if (start > Number(knownStart) || (start === knownStart && end >= Number(knownEnd))) this.rows.set(table + key, row)
  }
}

const idOf = ({ end, key, pipeline, start }: Pick<Pane.Pane, "end" | "key" | "pipeline" | "start">): string => `${pipeline} ${key} ${start} ${end}`

const around = Layer.mergeAll(Feed.layerMemory([]), Monitor.layer, ResultSink.layerMemory)

/** A window forms while it has no pane; then it has panes, of which each has more changes. */
class Engine {
  readonly states = new Map<string, Pane.Pane>()
  #count = 0

  applied({ key, kind, length, pipeline, start }: Change): Pane.Pane | null {
    const end = start + 10 * length
    const known = this.states.get(idOf({ pipeline, key, start, end }))
    // What has been told on time forms no more, and only what there is is taken back.
    if (kind === "forming" ? known !== undefined && known.pane !== "early" : kind === "retracted" && known?.pane !== "on-time" && known?.pane !== "late") return null
    const number = ++this.#count
    const pane: Pane.Pane = { pipeline, key, start, end, pane: kind === "forming" ? "early" : kind, revision: number, changes: number, values: { n: number, m: `m${number}` } }
    this.states.set(idOf(pane), pane)
    return pane
  }

  /** Of each key of a pipeline the window that is there and has begun last. */
  newest(pipeline: string): ReadonlyMap<string, Pane.Pane> {
    const found = [...this.states.values()].filter((pane) => pane.pipeline === pipeline && pane.pane !== "retracted")
    return new Map(found.sort((a, b) => a.start - b.start || a.end - b.end).map((pane) => [pane.key, pane]))
  }
}

const play = Effect.fnUntraced(function*(course: ReadonlyArray<{ readonly changes: ReadonlyArray<Change>; readonly millis: number }>, coming: ReadonlyArray<readonly [Interest.Interest, number]>) {
  const live = yield* Live.make()
  const monitor = yield* Monitor
  const sink = yield* ResultSink
  const engine = new Engine()
  const viewers: Array<{ readonly interest: Interest.Interest; readonly page: Page }> = []
  let now = 0
  for (const [number, { changes, millis }] of course.entries()) {
    for (const [interest, step] of coming) {
      if (step % course.length !== number) continue
      const page = new Page()
      viewers.push({ interest, page })
      yield* Effect.forkScoped(
        Stream.runForEach(Stream.decodeText(live.events(interest)), (text) => Effect.sync(() => page.hear(text, now))),
        { startImmediately: true }
      )
      yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
      const panes = yield* Effect.forEach(interest.follow, (followed) => sink.read(followed))
      const keys = yield* Effect.forEach(interest.watch, (watched) =>
        Effect.map(Keys.of({ sink, forming: live.forming }, watched), ({ keys }) => keys.map(({ newest }) => [watched, newest] as const)))
      page.take({ panes: panes.flat(), keys: keys.flat() })
    }
    for (const change of changes) {
      const pane = engine.applied(change)
      if (pane === null) continue
      if (pane.pane !== "early") yield* sink.write([pane])
      yield* monitor.publish({ _tag: pane.pane === "early" ? "forming" : "panes", panes: [pane] })
    }
    yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
    for (let left = millis; left > 0; left -= 10) {
      now += 10
      yield* TestClock.adjust("10 millis")
    }
  }
  for (let left = 1_000; left > 0; left -= 10) {
    now += 10
    yield* TestClock.adjust("10 millis")
  }
  return { engine, viewers }
}, Effect.scoped, Effect.provide(around))

it.effect("a viewer ends up with the newest state of what it looks at, and hears of nothing else", () =>
  Effect.promise(() =>
    FastCheck.assert(FastCheck.asyncProperty(
      steps,
      FastCheck.array(FastCheck.tuple(interests, FastCheck.nat(14)), { minLength: 1, maxLength: 3 }),
      async (course, coming) => {
        const { engine, viewers } = await Effect.runPromise(Effect.provide(play(course, coming), TestClock.layer()))
        for (const { interest: { follow, watch }, page } of viewers) {
          const wanted = [...engine.states.values()]
            .filter((pane) => pane.pane !== "retracted" && follow.some(({ key, pipeline }) => pane.key === key && pane.pipeline === pipeline))
            .map((pane) => [idOf(pane), { pane: Pane.encode(pane), isForming: pane.pane === "early" }] as const)
          assert.deepStrictEqual(page.present, new Map(wanted.sort(([a], [b]) => a < b ? -1 : 1)))
          for (const { fields, pipeline } of watch) {
            const newest = [...engine.newest(pipeline).values()].map(({ end, key, pane, start, values }) =>
              [key, start, end, pane, ...fields.map((name) => values[name])])
            const rows = [...page.rows].filter(([name]) => name.startsWith(`${pipeline} ${fields} `)).map(([, row]) => row)
            assert.deepStrictEqual(new Map(rows.map((row) => [row[0], row])), new Map(newest.map((row) => [row[0], row])))
          }
          assertOnly(page, { follow, watch })
          assertPace(page)
        }
      }
    ), { numRuns: 60 })
  ), 60_000)

const assertOnly = ({ heard }: Page, { follow, watch }: Pick<Interest.Interest, "follow" | "watch">) => {
  for (const { data, event } of heard) {
    if (event === "pane" || event === "forming") assert.isTrue(follow.some(({ key, pipeline }) => key === data.key && pipeline === data.pipeline))
    if (event === "rows") assert.isTrue(watch.some(({ fields, pipeline }) => pipeline === data.pipeline && String(fields) === String(data.fields)))
    assert.notStrictEqual(event, "missed")
  }
}

/** At most five times a second, and twice; what stands at its coming comes at once. */
const assertPace = ({ heard }: Page) => {
  const of = (name: string, id: (data: any) => string) =>
    Map.groupBy(heard.filter(({ event }) => event === name), ({ data }) => id(data)).values()
  for (const [events, least] of [[[...of("forming", idOf)], 200], [[...of("rows", ({ fields, pipeline }) => `${pipeline} ${fields}`)], 500]] as const) {
    for (const series of events) {
      const times = series.slice(1).map(({ at }) => at)
      for (const [i, at] of times.entries()) if (i > 0) assert.isAtLeast(at - times[i - 1]!, least - 100)
    }
  }
}

it.effect("a viewer of nothing hears how far things are, and nothing forms for it", () =>
  Effect.gen(function*() {
    const live = yield* Live.make()
    const monitor = yield* Monitor
    const page = new Page()
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(Stream.decodeText(live.events(Interest.of([], []))), (text) => Effect.sync(() => page.hear(text, 0))),
      { startImmediately: true }
    )
    yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
    assert.deepStrictEqual(yield* monitor.looks, [{ pipelines: new Set<string>(), keys: [] }])
    const engine = new Engine()
    yield* monitor.publish({ _tag: "forming", panes: [engine.applied({ pipeline: "p", key: "A", start: 0, length: 1, kind: "forming" })!] })
    yield* monitor.publish({ _tag: "progress", progress: { ...nothingYet, read: 1 } })
    for (let i = 0; i < 10; i++) yield* TestClock.adjust("100 millis")
    assert.deepStrictEqual(page.heard.map(({ event }) => event), ["status", "progress", "progress"])
    yield* Fiber.interrupt(fiber)
  }).pipe(Effect.provide(around)))

it.effect("of more keys than are told at once a viewer hears that it has missed some", () =>
  Effect.gen(function*() {
    const live = yield* Live.make()
    const monitor = yield* Monitor
    const page = new Page()
    yield* Effect.forkScoped(
      Stream.runForEach(Stream.decodeText(live.events(Interest.of([], [{ pipeline: "p", fields: ["n"] }]))), (text) => Effect.sync(() => page.hear(text, 0))),
      { startImmediately: true }
    )
    yield* Effect.yieldNow.pipe(Effect.repeat({ times: 10 }))
    const many = Array.from({ length: 10_001 }, (_, i): Pane.Pane =>
      ({ pipeline: "p", key: `K${i}`, start: 0, end: 10, pane: "on-time", revision: 0, changes: 1, values: { n: i } }))
    yield* monitor.publish({ _tag: "panes", panes: many })
    for (let i = 0; i < 10; i++) yield* TestClock.adjust("100 millis")
    assert.deepStrictEqual(page.heard.filter(({ event }) => event === "missed").map(({ data }) => data), [{ pipeline: "p" }])
    assert.strictEqual(page.rows.size, 10_000)
  }).pipe(Effect.scoped, Effect.provide(around)))
