/** The laws of the port {@link CheckpointStore}. */
import { Arbitrary, Effect, type Layer, Option } from "effect"
import type { Checkpoint, Part } from "../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import { type DurableLaws, forAll, holds, type Laws, on, type Options, same, testLaws } from "./Law.ts"
import { integer } from "./Samples.ts"

export const suite = (
  name: string,
  fresh: Layer.Layer<CheckpointStore, unknown>,
  options?: Options<CheckpointStore>
): void => testLaws(`CheckpointStore: ${name}`, laws, durableLaws, fresh, options)

export const laws: Laws<CheckpointStore> = {
  "gives back what was saved, whatever the names and bytes": (fresh) =>
    forAll(Arbitrary.all([texts, bases]), ([name, base]) =>
      on(fresh, Effect.gen(function*() {
        yield* saves(name, base)
        yield* loads(name, [base])
      }))),

  "gives the newest of many, each with what it says has changed": (fresh) =>
    forAll(chains, (parts) =>
      on(fresh, Effect.gen(function*() {
        for (const [at, part] of parts.entries()) {
          yield* saves("candles", part)
          yield* loads("candles", parts.slice(0, at + 1))
        }
      }))),

  "one that fails while it is written leaves what was saved before": (fresh) =>
    forAll(Arbitrary.all([chains, bases]), ([parts, failing]) =>
      on(fresh, Effect.gen(function*() {
        for (const part of parts) yield* saves("candles", part)
        const broken = { ...failing, sections: brokenOff(failing.sections) }
        yield* Effect.exit(saves("candles", broken))
        yield* loads("candles", parts)
        yield* saves("candles", failing)
        yield* loads("candles", [failing])
      }))),

  "asks for a section only when it is about to write it": (fresh) =>
    on(fresh, Effect.gen(function*() {
      let [asked, turns] = [0, 0]
      const part = baseOf("large")
      const sections = function*(): Generator<readonly [string, Uint8Array]> {
        for (let i = 0; i < 100; i++, asked++) yield [`section ${i}`, new Uint8Array(64 * 1_024).fill(i)]
      }
      const turning = Effect.forever(Effect.andThen(Effect.sync(() => asked > 0 && asked < 100 ? turns++ : 0), Effect.yieldNow))
      yield* Effect.raceFirst(saves("candles", { ...part, sections: { [Symbol.iterator]: sections } }), turning)
      const loaded = yield* CheckpointStore.use((store) => store.load("candles"))
      holds(Option.isSome(loaded) && loaded.value.sections.size === 100, "all sections are there")
    })),

  "keeps names apart, and tells them": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      for (const name of awkwardNames) yield* saves(name, baseOf(name))
      for (const name of awkwardNames) yield* loads(name, [baseOf(name)])
      for (let i = 0; i < 5; i++) yield* saves("candles", baseOf(`again ${i}`))
      for (const name of awkwardNames.slice(1)) yield* loads(name, [baseOf(name)])
      const heads = awkwardNames.map((name) => [name, baseOf(name === "candles" ? "again 4" : name).head] as const)
      same([...(yield* store.heads)].sort(), heads.sort())
    })),

  "has none where none was saved": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      same([...(yield* store.heads)], [])
      yield* saves("candles", baseOf("state"))
      same(yield* store.load("candle"), Option.none())
    })),

  "forgets every checkpoint of a name that is removed, and of no other": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const store = yield* CheckpointStore
      yield* saves("candles", baseOf("older"))
      yield* saves("candles", baseOf("newer"))
      yield* saves("candles-5m", baseOf("other"))
      yield* store.remove("candles")
      yield* store.remove("never saved")
      same(yield* store.load("candles"), Option.none())
      same([...(yield* store.heads).keys()], ["candles-5m"])
      yield* loads("candles-5m", [baseOf("other")])
      yield* saves("candles", baseOf("again"))
      yield* loads("candles", [baseOf("again")])
    })),

  "keeps a state of 5 million bytes, and a section of as many": (fresh) =>
    on(fresh, Effect.gen(function*() {
      const many = Array.from({ length: 80 }, (_, i) => [`s${i}`, new Uint8Array(64_000).fill(i)] as const)
      const one = [["one", Uint8Array.from({ length: 5_000_000 }, (_, i) => i % 251)] as const]
      for (const sections of [many, one]) {
        const large = { ...baseOf("large"), sections }
        yield* saves("candles", large)
        yield* loads("candles", [large])
      }
    }))
}

export const durableLaws: DurableLaws<CheckpointStore> = {
  "the newest is still there after closing and opening again": (place) =>
    forAll(chains, (parts) =>
      Effect.scoped(Effect.gen(function*() {
        const opened = yield* place
        let newest: ReadonlyArray<Part> = []
        // Whoever opens it begins with a base, whatever was saved before.
        for (const base of parts.filter(({ isBase }) => isBase)) {
          newest = [base, ...parts.filter(({ isBase }) => !isBase)]
          yield* on(opened, Effect.forEach(newest, (part) => saves("candles", part)))
          yield* on(opened, loads("candles", newest))
        }
      })))
}

const saves = (name: string, part: Part) => CheckpointStore.use((store) => store.save(name, part))

/** The state that parts lead to, from the last base on. */
const loads = (name: string, parts: ReadonlyArray<Part>) =>
  CheckpointStore.use((store) => store.load(name)).pipe(
    Effect.map((loaded) => same(Option.map(loaded, shown), Option.some(shown(stateOf(parts)))))
  )

const stateOf = (parts: ReadonlyArray<Part>): Checkpoint => {
  const sections = new Map<string, Uint8Array>()
  for (const part of parts) {
    if (part.isBase) sections.clear()
    for (const [id, bytes] of part.sections) {
      if (bytes === null) sections.delete(id)
      else sections.set(id, bytes)
    }
  }
  return { ...parts.at(-1)!.head, sections }
}

const shown = ({ sections, ...head }: Checkpoint) =>
  ({ ...head, sections: [...sections].map(([id, bytes]) => [id, Buffer.from(bytes).toString("base64")]).sort() })

function* brokenOff(sections: Part["sections"]): Generator<readonly [string, Uint8Array | null]> {
  yield* sections
  throw new Error("planted: the state cannot be written")
}

const baseOf = (text: string): Part => ({
  head: { pipelines: { candles: text }, savedAt: 1, processor: "candles", log: "log", sinks: ["sink"], offsets: [3, 0] },
  isBase: true,
  sections: [[text, Buffer.from(text)]]
})

const awkwardNames = ["candles", "candles-1m", "Candles", "two\nlines", "it's \"quoted\"", "\u{1F600}", "a/../b", "%", "a#1.2.3"]

const awkwardPieces = ["\n", "\0", "\"", "\\", "'", "{", " ", "é", "漢", "\u{1F600}", "\u2028", "\uFF21", "abc", "0"]

/** Texts of everything that a store might trip over. */
const texts = Arbitrary.map(
  Arbitrary.array(integer(0, awkwardPieces.length - 1), { maxLength: 12 }),
  (pieces) => pieces.map((piece) => awkwardPieces[piece]).join("")
)

const heads = Arbitrary.map(
  Arbitrary.all([texts, texts, Arbitrary.array(integer(0, Number.MAX_SAFE_INTEGER), { maxLength: 5 })]),
  ([fingerprint, log, offsets]): Part["head"] => ({ pipelines: { [log]: fingerprint }, savedAt: offsets.length, processor: log, log, sinks: [log, fingerprint], offsets })
)

const bytes = Arbitrary.map(Arbitrary.array(integer(0, 255), { maxLength: 20 }), (all) => Uint8Array.from(all))

const bases = Arbitrary.map(
  Arbitrary.all([heads, Arbitrary.array(Arbitrary.all([texts, bytes]), { maxLength: 5 })]),
  ([head, sections]): Part => ({ head, isBase: true, sections: [...new Map(sections)] })
)

/** Of few sections, so that increments meet those that are there; an empty one takes a section away. */
const increments = Arbitrary.map(
  Arbitrary.all([heads, Arbitrary.array(Arbitrary.all([integer(0, 3), bytes]), { maxLength: 4 })]),
  ([head, sections]): Part => ({
    head,
    isBase: false,
    sections: [...new Map(sections.map(([id, bytes]) => [`s${id}`, bytes.length === 0 ? null : bytes]))]
  })
)

/** A base, and after it increments and bases. */
const chains = Arbitrary.map(
  Arbitrary.all([bases, Arbitrary.array(Arbitrary.all([integer(0, 3), bases, increments]), { maxLength: 6 })]),
  ([first, others]): ReadonlyArray<Part> => [first, ...others.map(([kind, base, increment]) => kind === 0 ? base : increment)]
)
