/**
 * Lines near to valid ones, with bytes changed, taken out, put in and moved: what the fast path takes it reads as `JSON.parse`
 * and the checks of the fields do, which read the same lines one by one, and those agree with the Schema. Lines lie side by side
 * in one buffer, and are read in runs of any length. `COURANT_RUNS=150` takes 1.2 million of them, `COURANT_SEED` others.
 */
import { BigDecimal, Schema } from "effect"
import { expect, it } from "vitest"
import * as Decimal from "../../../src/domain/Decimal.ts"
import { Source } from "../../../src/streams/pipeline/index.ts"
import type { Definition } from "../../../src/streams/pipeline/Source.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import * as Decoding from "../../../src/streams/records/Decoder.ts"
import * as Reading from "../../../src/streams/records/RunReader.ts"
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

interface Lines {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** Reads lines that lie in a buffer one behind the other, some at a time: of each its values, or why it is refused. */
const reading = ({ Decoder }: typeof Decoding, definition: Definition) => {
  const dictionary = new Batch.Dictionary()
  const decoder = new Decoder(definition, dictionary)
  const batch = Batch.make(definition, dictionary, 0, 64)
  return (lines: Lines, from: number, to: number): ReadonlyArray<ReadonlyArray<unknown>> => {
    // Also after a refusal, the same row is written again.
    if (batch.length + to - from > 64) batch.length = 0
    const found: Array<ReadonlyArray<unknown>> = Array.from({ length: to - from }, () => [])
    const first = batch.length
    decoder.decodeAll(lines, from, to, batch, (line, { detail, reason }) => {
      found[line - from] = [reason, detail]
    })
    for (let row = first; row < batch.length; row++) {
      const values = definition.columns.map((column, index) => {
        const value = Batch.valueOf(column, Batch.storedAt(batch, index, row), (number) => dictionary.textOf(number))
        return BigDecimal.isBigDecimal(value) ? Decimal.format(value) : value
      })
      found[batch.records[row]! - from] = [dictionary.textOf(batch.keys[row]!), batch.times[row], ...values]
    }
    return found
  }
}

/** As {@link expected} writes it. */
const asExpected = (definition: Definition, [key, time, ...values]: ReadonlyArray<unknown>): string =>
  values.length === 0 ? String(key) : JSON.stringify([key, time, Object.fromEntries(definition.columns.map(({ name }, index) => [name, values[index]]))])

/** Throws at the first line that is read otherwise than by the slow path or the Schema; returns how many lines the fast path took. */
const compare = (decoding: typeof Decoding, { RunReader }: typeof Reading, lines: number): number => {
  const seed = Number(process.env["COURANT_SEED"] ?? 42)
  const draw = drawing(seed)
  const { read, take } = RunReader.prototype
  let isFast = true
  let taken = 0
  RunReader.prototype.take = function(all, from, to) {
    return isFast ? take.call(this, all, from, to) : from
  }
  RunReader.prototype.read = function(record) {
    const rows = read.call(this, record)
    taken += rows
    return rows
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
        const ends = Int32Array.from(all, (_, index) => all.slice(0, index + 1).reduce((sum, line) => sum + line.length + 1, -1))
        const run = { bytes: new Uint8Array(all.flatMap((line) => [...line, 10])), starts: ends.map((end, index) => end - all[index]!.length), ends }
        for (let from = 0, to = 0; from < 100; from = to) {
          to = Math.min(100, from + 1 + draw([1, 4, 64][draw(3)]!))
          isFast = true
          const found = fast(run, from, to)
          isFast = false
          for (let index = from; index < to; index++) {
            const line = all[index]!
            const text = () => `${seed}: ${JSON.stringify(new TextDecoder().decode(line))}`
            const [exact] = slow(run, index, index + 1)
            const mine = found[index - from]!
            if (mine.length !== exact!.length || mine.some((value, at) => !Object.is(value, exact![at]))) expect(mine, text()).toEqual(exact)
            if (index % 25 === 0 && each.subject !== null) expect(asExpected(each.definition, mine), text()).toBe(expected(each.subject, line))
          }
        }
      }
    }
  } finally {
    RunReader.prototype.read = read
    RunReader.prototype.take = take
  }
  return taken
}

it("the fast path reads a line as the slow one and the Schema do", () => {
  // It would be no test of it if it left most of them.
  expect(compare(Decoding, Reading, lines)).toBeGreaterThan(lines / 10)
}, 1_200_000)

const copyWith = planting(["domain", "streams"])

const [reader, machine] = ["streams/records/RunReader.ts", "../wasm/decoding"]

const mistakes = [
  ["an absent member has the value that it had in the record before", `${machine}/main.ts`, "v128.store(at, absent)", "at"],
  ["a column that all records lack has the values of rows before", reader, "        column.fill(NaN)\n", ""],
  ["a row has values of one that was refused in its place", `${machine}/main.ts`, "min(row + 1, most)", "min(row, most)"],
  ["rows behind two that are refused are those before them", "streams/records/TakeOut.ts", "column.copyWithin(row - index,", "column.copyWithin(row,"],
  ["a text that is not accepted is one", reader, "if (accepts !== null && !accepts(text)) return row", "if (accepts !== null && !accepts(text)) continue"],
  ["a text is another one of the same length", `${machine}/table.ts`, "if (load<u32>(place) == hashed &&", "if (load<u32>(place, lengthInBytes) == length || load<u32>(place) == hashed &&"],
  ["of a member that comes twice each is counted", `${machine}/main.ts`, "if (load<u32>(written + (column << 2)) == record) return 0", "if (record == 0) return 0"],
  ["a character behind the digits is one", `${machine}/number.ts`, "i8x16.splat(-119)", "i8x16.splat(-118)"],
  ["a name of many letters is its last ones", `${machine}/names.ts`, "if (v128.any_true(v128.xor(v128.load(text), v128.load(at)))) return unknown", "if (at == 0) return unknown"],
  ["what stands before a value is its last letters", `${machine}/layout.ts`, "if (v128.any_true(v128.xor(v128.load(text), v128.load(at)))) return 0", "if (at == 0) return 0"],
  ["what is behind the last value may be anything of that length", `${machine}/layout.ts`, "== mask ? to : 0", "== mask || load<i32>(entry, memberAt) == -1 ? to : 0"],
  ["members that are missing from where a record looks different are not missed", `${machine}/main.ts`, "at, last, missing, end), end)", "at, last, 0, end), end)"],
  ["a member that looks the same may come again", `${machine}/main.ts`, "placeSize, columnAt) << 2), record)", "placeSize, columnAt) << 2), 0)"],
  ["a record ends where it looks the same", `${machine}/main.ts`, "layout.begins(entry, at) != end)", "layout.begins(entry, at) == 0)"],
  ["a text ends with what it cannot have in it", `${machine}/json.ts`, "return to < end && load<u8>(to) == quote ? to : 0", "return to < end ? to : 0"]
] as const

it.each(mistakes)("it notices that %s", async (mistake, file, find, replace) => {
  const placeOf = copyWith(mistake.replaceAll(" ", "-"), { file, find, replace })
  const decoding: typeof Decoding = await import(placeOf("streams/records/Decoder.ts"))
  const reading: typeof Reading = await import(placeOf("streams/records/RunReader.ts"))
  expect(() => compare(decoding, reading, 60_000)).toThrow()
})
