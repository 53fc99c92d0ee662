/**
 * Lines near to valid ones, with bytes changed, taken out, put in and moved: what the fast path takes it reads as `JSON.parse`
 * and the checks of the fields do, which read the same lines alone, and those agree with the Schema. Lines lie side by side
 * in one buffer, and rows in one batch, as they do in a run. `COURANT_RUNS=150` takes 1.2 million of them, `COURANT_SEED` others.
 */
import { BigDecimal, Schema } from "effect"
import { expect, it } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import type { Definition } from "../../../src/streams/pipeline/Source.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import * as Decoding from "../../../src/streams/records/Decoder.ts"
import * as Reading from "../../../src/streams/records/ObjectReader.ts"
import { definitionOf } from "../../../src/testing/Altered.ts"
import { everything, expected, spellings, type Subject, ticks, usually } from "../../../src/testing/DecodeLaws.ts"
import { planting } from "../../planting.ts"

const lines = 8_000 * Number(process.env["COURANT_RUNS"] ?? 1)

/** Numbers from 0 to below a limit; the same ones again for the same seed (mulberry32). */
const drawing = (seed: number) => {
  let state = seed
  return (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

const own = Source.make("own", {
  schema: Schema.Struct({
    id: Schema.String,
    at: Schema.String,
    x: Schema.Finite,
    n: Schema.NullOr(Schema.Int),
    größe: Schema.optionalKey(Decimal.Decimal({ scale: 4, limit: 1_000_000_000_000 })),
    venue: Schema.optional(Schema.Struct({ name: Schema.NullOr(Schema.String), open: Schema.Boolean, "lots traded in all": Schema.optional(Schema.Int) })),
    "a longer name": Schema.Boolean
  }),
  key: ["id", "n"],
  eventTime: { iso8601: "at" }
}).definition

const ownValues: { readonly [field: string]: string } = {
  id: "\"A1\"",
  at: "\"2024-11-25T14:30:00.123+01:00\"",
  x: "-12.625",
  n: "17",
  größe: "\"12345.6789\"",
  venue: "{\"name\":\"N\",\"open\":true,\"lots traded in all\":123456}",
  "a longer name": "false"
}

interface Case {
  readonly definition: Definition
  readonly values: { readonly [field: string]: string }
  readonly subject: Subject | null
}

const caseOf = (subject: Subject): Case => ({
  definition: definitionOf(subject.pipeline),
  values: Object.fromEntries(subject.fields.map((field) => [field, usually[field] ?? "1"])),
  subject
})

const cases: ReadonlyArray<Case> = [caseOf(ticks), caseOf(everything), { definition: own, values: ownValues, subject: null }]

const others: ReadonlyArray<readonly [name: string, value: string]> = [
  ["\"other\"", "1"], ["\"other\"", "\"text\""], ["\"o\"", "-0.5e+3"], ["\"o\"", "null"], ["\"o\"", "[1]"], ["\"o\"", "{}"], ["\"\\u0061\"", "true"], ["\"ö\"", "01"], ["\"\"", "false"]
]

/** Bytes that mean something in JSON, and some that do not. */
const bytes = new TextEncoder().encode("{}[]\",:.\\/-+eE0123456789tfn \t\n\r\u0000\u007fé ABCx")

interface Looks {
  readonly isSpaced: boolean
  readonly members: ReadonlyArray<readonly [name: string, value: string]>
}

/** Fields in some order, of which one in so many is left out, and other members between them. */
const looks = (draw: (limit: number) => number, { values }: Case, oneIn: number): Looks => {
  const members = Object.entries(values).filter(() => draw(oneIn) !== 0).map(([name, value]): readonly [string, string] => [`"${name}"`, value])
  if (draw(3) === 0) members.push(others[draw(others.length)]!)
  if (draw(40) === 0) members.push(members[0] ?? others[0]!)
  if (draw(2) === 0) for (let at = members.length - 1; at > 0; at--) members.push(...members.splice(draw(at + 1), 1))
  return { isSpaced: draw(4) === 0, members }
}

/** One that looks the same for a while: a member is somewhere else, or is there once more, be it in the place of another. */
const nearly = (draw: (limit: number) => number, { isSpaced, members }: Looks): Looks => {
  const moved = members[draw(members.length)] ?? others[0]!
  const kept = [members.filter((member) => member !== moved), members, members.slice(0, -1)][draw(3)]!
  return { isSpaced, members: [...kept, moved] }
}

/** A line that looks like this, some of whose values are spelt in any way. */
const written = (draw: (limit: number) => number, { isSpaced, members }: Looks): string => {
  const space = isSpaced ? " " : ""
  return `{${members.map(([name, value]) => `${name}:${space}${draw(30) === 0 ? spellings[draw(spellings.length)] : value}`).join(`,${space}`)}}`
}

const changed = (draw: (limit: number) => number, line: Uint8Array): Uint8Array => {
  const list = [...line]
  for (let times = [0, 0, 1, 1, 2, 3][draw(6)]!; times > 0; times--) {
    const at = draw(6) === 0 ? list.length - draw(2) : draw(list.length + 1)
    const how = draw(4)
    if (how === 0) list.splice(at, 1)
    else if (how === 3) list.splice(at, 0, ...list.slice(draw(list.length + 1)).slice(0, draw(12)))
    else list.splice(at, how - 1, draw(8) === 0 ? draw(256) : bytes[draw(bytes.length)]!)
  }
  return Uint8Array.from(list)
}

/** Reads lines that lie in a buffer one behind the other, or says why not. */
const reading = ({ Decoder }: typeof Decoding, definition: Definition) => {
  const dictionary = new Batch.Dictionary()
  const decoder = new Decoder(definition, dictionary)
  const batch = Batch.make(definition, dictionary, 0, 64)
  return (buffer: Uint8Array, start: number, end: number): ReadonlyArray<unknown> => {
    // Also after a refusal, the same row is written again.
    if (batch.length === 64) batch.length = 0
    const row = batch.length
    const refusal = decoder.decode(buffer, start, end, batch)
    if (refusal !== null) return [refusal.reason, refusal.detail]
    const values = definition.columns.map((column, index) => {
      const value = Batch.valueOf(column, Batch.storedAt(batch, index, row), (number) => dictionary.textOf(number))
      return BigDecimal.isBigDecimal(value) ? Decimal.format(value) : value
    })
    return [dictionary.textOf(batch.keys[row]!), batch.times[row], ...values]
  }
}

/** As {@link expected} writes it. */
const asExpected = (definition: Definition, [key, time, ...values]: ReadonlyArray<unknown>): string =>
  values.length === 0 ? String(key) : JSON.stringify([key, time, Object.fromEntries(definition.columns.map(({ name }, index) => [name, values[index]]))])

/** Throws at the first line that is read otherwise than by the slow path or the Schema; returns how many lines the fast path took. */
const compare = (decoding: typeof Decoding, { ObjectReader }: typeof Reading, lines: number): number => {
  const seed = Number(process.env["COURANT_SEED"] ?? 42)
  const draw = drawing(seed)
  const read = ObjectReader.prototype.read
  let isFast = true
  let taken = 0
  ObjectReader.prototype.read = function(...args) {
    const found = isFast && read.apply(this, args)
    if (found) taken++
    return found
  }
  try {
    for (const each of cases) {
      for (let done = 0; done < lines / cases.length; done += 100) {
        const [fast, slow] = [reading(decoding, each.definition), reading(decoding, each.definition)]
        // Of half of them one looks mostly like the other.
        const alike = draw(2) === 0 ? looks(draw, each, 100) : null
        const all = Array.from({ length: 100 }, () => {
          const like = alike === null || draw(16) === 0 ? looks(draw, each, 8) : draw(3) === 0 ? nearly(draw, alike) : alike
          const line = new TextEncoder().encode(written(draw, like))
          return alike !== null && draw(3) === 0 ? line : changed(draw, line)
        })
        const buffer = new Uint8Array(all.flatMap((line) => [...line, 10]))
        let start = 0
        for (const [index, line] of all.entries()) {
          const end = start + line.length
          isFast = true
          const found = fast(buffer, start, end)
          isFast = false
          const exact = slow(buffer, start, end)
          const text = () => `${seed}: ${JSON.stringify(new TextDecoder().decode(line))}`
          if (found.length !== exact.length || found.some((value, at) => !Object.is(value, exact[at]))) expect(found, text()).toEqual(exact)
          if (index % 25 === 0 && each.subject !== null) expect(asExpected(each.definition, found), text()).toBe(expected(each.subject, line))
          start = end + 1
        }
      }
    }
  } finally {
    ObjectReader.prototype.read = read
  }
  return taken
}

it("the fast path reads a line as the slow one and the Schema do", () => {
  // It would be no test of it if it left most of them.
  expect(compare(Decoding, Reading, lines)).toBeGreaterThan(lines / 10)
}, 1_200_000)

const copyWith = planting(["domain", "streams"])

const mistakes = [
  ["an absent member has the value that it had in the record before", "AbsentValues.ts", "if (this.written[index] !== 0) columns[index]!.fill(NaN, row, this.#next)", "this.written[index] = 0"],
  ["a row has values of one that was refused in its place", "AbsentValues.ts", "} else if (row < this.#next) {", "} else if (row === 0 && this.#next > 1) {"],
  ["of a member that comes twice each is counted", "ObjectReader.ts", "    if (this.#written[index] === this.#record) return -1\n", ""],
  ["a character behind the digits is one", "NumberReader.ts", "((word + 0x76767676)", "((word + 0x75757575)"],
  ["a name is its first and its last letters", "MemberNames.ts", "word < end; word++", "word < 0; word++"],
  ["what stands before a value is its first and its last letters", "Layout.ts", "word < end; word++", "word < 0; word++"],
  ["what is behind the last value may be anything of that length", "Layout.ts", "(view.getInt32(from, true) & known[place + mask]!) !== known[place + head]", "value !== this.values && (view.getInt32(from, true) & known[place + mask]!) !== known[place + head]"],
  ["members that are missing from where a record looks different are not missed", "ObjectReader.ts", "at, last, missing, true)", "at, last, 0, true)"],
  ["a member that looks the same may come again", "ObjectReader.ts", "        else written[index] = record\n", "        else written[index] = 1\n"],
  ["a record ends where it looks the same", "ObjectReader.ts", "layout.begins(values, view, at) !== end)", "layout.begins(values, view, at) === -1)"],
  ["a text may go on behind its record", "Json.ts", "return at < end && bytes[at] === quote ? at : -1", "return at"]
] as const

it.each(mistakes)("it notices that %s", async (mistake, file, find, replace) => {
  const placeOf = copyWith(mistake.replaceAll(" ", "-"), { file: `streams/records/${file}`, find, replace })
  const decoding: typeof Decoding = await import(placeOf("streams/records/Decoder.ts"))
  const reading: typeof Reading = await import(placeOf("streams/records/ObjectReader.ts"))
  expect(() => compare(decoding, reading, 60_000)).toThrow()
})
