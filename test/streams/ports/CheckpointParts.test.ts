/** How checkpoints are kept: whatever is wrong with the bytes of one is noticed, and what was saved before is used instead. */
import { Effect, Option } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Part } from "../../../src/streams/ports/Checkpoint.ts"
import { type Chain, type Chunks, extended, generations, newestIntact, pack, split, unpack } from "../../../src/streams/ports/CheckpointParts.ts"

const partOf = (isBase: boolean, sections: ReadonlyArray<readonly [string, string | null]>, offset = 0): Part => ({
  head: { pipelines: { p: "f" }, savedAt: 0, processor: "me", log: "l", sinks: ["s"], offsets: [offset] },
  isBase,
  sections: sections.map(([id, text]) => [id, text === null ? null : Buffer.from(text)])
})

/** Each section's bytes as text. */
const shown = ({ sections, ...said }: Pick<Part, "sections"> & object) =>
  ({ ...said, sections: [...sections].map(([id, bytes]) => [id, bytes === null ? null : Buffer.from(bytes).toString("latin1")]) })

/** A part of several chunks, whose sections lie across their bounds. */
const large: Part = {
  ...partOf(true, []),
  sections: Array.from({ length: 5 }, (_, i) => [`section ${i}`, Uint8Array.from({ length: 300_000 + i }, (_, at) => (at * 7 + i) % 256)] as const)
}

const bytes = fc.uint8Array({ maxLength: 20 })

const parts = fc.record({
  isBase: fc.boolean(),
  head: fc.record({
    pipelines: fc.dictionary(fc.string(), fc.string()),
    savedAt: fc.nat(),
    processor: fc.string({ unit: "binary" }),
    log: fc.string(),
    sinks: fc.array(fc.string()),
    offsets: fc.array(fc.nat())
  }),
  sections: fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.option(bytes)), { maxLength: 5 })
})

describe("a part", () => {
  it("comes back as it was, and also from bytes that stand one behind the other", () => {
    fc.assert(fc.property(parts, (part) => {
      const chunks = [...pack(part)]
      expect(shown(unpack(chunks)!)).toEqual(shown(part))
      expect(split(Buffer.concat(chunks)).map((chunk) => Buffer.from(chunk))).toEqual(chunks)
    }))
  })

  it("of many bytes is cut into chunks of bounded size, which are made when they are asked for", () => {
    let asked = 0
    const counted = { ...large, sections: { *[Symbol.iterator]() { for (const section of large.sections) { asked++; yield section } } } }
    const packing = pack(counted)
    const first = packing.next()
    expect(asked).toBe(2)
    const chunks = [first.value!, ...packing]
    expect(chunks.map(({ length }) => length)).toEqual([524_301, 524_301, expect.any(Number)])
    expect(shown(unpack(chunks)!)).toEqual(shown(large))
  })

  it("is not read where any byte of it is another", () => {
    const chunks = [...pack(partOf(true, [["a", "one"], ["b", null], ["c", ""]]))]
    expect(unpack(chunks)).not.toBe(null)
    const [whole] = chunks
    for (let at = 0; at < whole!.length; at++) {
      for (let bit = 1; bit < 256; bit *= 2) {
        const damaged = Buffer.from(whole!)
        damaged[at]! ^= bit
        expect(unpack([damaged]), `bit ${bit} of byte ${at}`).toBe(null)
        expect(unpack(split(damaged)), `bit ${bit} of byte ${at}, in a file`).toBe(null)
      }
    }
  })

  it("is not read where it ends early, or goes on", () => {
    const [whole] = [...pack(partOf(true, [["a", "one"]]))]
    for (let length = 0; length < whole!.length; length++) {
      expect(unpack([whole!.subarray(0, length)]), `${length} bytes`).toBe(null)
      expect(unpack(split(whole!.subarray(0, length))), `${length} bytes, in a file`).toBe(null)
    }
    for (const more of ["\0", "more", "\0".repeat(20)]) {
      expect(unpack([Buffer.concat([whole!, Buffer.from(more)])])).toBe(null)
      expect(unpack(split(Buffer.concat([whole!, Buffer.from(more)])))).toBe(null)
    }
  })

  it("is not read where a chunk is missing, or comes twice, or in another's place, or is another part's last", () => {
    const [a, b, c] = [...pack(large)] as [Uint8Array, Uint8Array, Uint8Array]
    const small = [...pack(partOf(true, []))]
    expect(unpack([a, b, c])).not.toBe(null)
    for (const chunks of [[], [a], [b], [c], [a, b], [a, c], [b, c], [a, a, c], [a, b, b, c], [b, a, c], [a, c, b], [a, b, c, c], [a, b, c, ...small], [...small, a, b, c], [a, b, ...small]]) {
      expect(unpack(chunks)).toBe(null)
    }
  })
})

describe("the newest intact checkpoint", () => {
  const packed = (isBase: boolean, sections: ReadonlyArray<readonly [string, string | null]>, offset: number): Chunks =>
    [...pack(partOf(isBase, sections, offset))]
  const base = packed(true, [["a", "a1"], ["b", "b1"]], 1)
  const second = packed(false, [["a", "a2"], ["b", null], ["c", "c2"]], 2)
  const third = packed(false, [["b", "b3"]], 3)
  const former: Chain = [packed(true, [["a", "former"]], 0)]
  const chain: Chain = [base, second, third]
  const found = (chains: ReadonlyArray<Chain>) =>
    Effect.runSync(newestIntact("candles", chains).pipe(
      Effect.map(Option.match({
        onNone: () => "none",
        onSome: ({ offsets, sections }) =>
          [offsets[0], Object.fromEntries([...sections].map(([id, bytes]) => [id, Buffer.from(bytes).toString()]))] as const
      })),
      Effect.catch(({ message }) => Effect.succeed(message))
    ))
  const damaged = (chunks: Chunks): Chunks => chunks.map((chunk) => chunk.map((byte, at) => at === 20 ? byte ^ 1 : byte))

  it("is a base with all that its increments have changed", () => {
    expect(found([chain, former])).toEqual([3, { a: "a2", b: "b3", c: "c2" }])
    expect(found([chain.slice(0, 2), former])).toEqual([2, { a: "a2", c: "c2" }])
    expect(found([])).toEqual("none")
  })

  it("has what was saved before the first increment that is damaged or missing, and nothing of those after it", () => {
    const atSecond = [1, { a: "a1", b: "b1" }]
    expect(found([[base, damaged(second), third], former])).toEqual(atSecond)
    expect(found([[base, [], third], former])).toEqual(atSecond)
    expect(found([[base, second, damaged(third)], former])).toEqual([2, { a: "a2", c: "c2" }])
  })

  it("is of the former chain where the base is damaged or missing", () => {
    for (const broken of [[damaged(base), second, third], [[], second, third], [second, third], []]) {
      expect(found([broken, former])).toEqual([0, { a: "former" }])
    }
  })

  it("never goes on from one base to another in the same chain", () => {
    expect(found([[base, base], former])).toEqual([1, { a: "a1", b: "b1" }])
  })

  it("is none, and says so, where every chain is damaged", () => {
    expect(found([[damaged(base)], [damaged(former[0]!)]])).toBe("every checkpoint \"candles\" is damaged")
    expect(found([[second]])).toBe("every checkpoint \"candles\" is damaged")
  })

  it("stands in a chain of its own with each base, and so many chains are kept", () => {
    let chains: ReadonlyArray<Chain> = []
    for (const [at, isBase] of [true, false, true, false, false, true].entries()) chains = extended(chains, isBase, packed(isBase, [], at))
    expect(chains.map(({ length }) => length)).toEqual([1, 3])
    expect(chains).toHaveLength(generations)
    expect(found(chains)).toEqual([5, {}])
    expect(found(chains.slice(1))).toEqual([4, {}])
  })
})
