/** The run of mutants by itself: it makes them, notices those that break something, and says which live. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import type { Group } from "./Check.ts"
import { type Mutant, mutated } from "./Mutant.ts"
import { isProgram, mutantsOf } from "./Mutator.ts"
import { attempt, Trials } from "./Pool.ts"
import { report, type Result } from "./Report.ts"
import { draw, folders, root } from "./Sample.ts"

const source = `
import { noSlot } from "./Slots.ts"
export const limit: 10 = 10
export const take = (list: ReadonlyArray<"a" | "b">, at?: { n: number }): number => {
  if (list.length > limit && at !== undefined) return -1
  for (const each of list) note(\`\${each}\`)
  return Math.min(list.filter(Boolean).length + 1, at?.n ?? noSlot)
}
`

it("a source has a mutant for every small mistake, and none in its types and imports", () => {
  const mutants = mutantsOf("a.ts", source)
  expect(mutants.map(({ original, replacement }) => `${original} → ${replacement}`.replaceAll(/\s+/g, " "))).toEqual([
    "10 → 11",
    "{ if (list.length > limit && at !== undefined) return -1 for (const each of list) note(`${each}`) return Math.min(list.filter(Boolean).length + 1, at?.n ?? noSlot) } → {}",
    "list.length > limit && at !== undefined → true",
    "list.length > limit && at !== undefined → false",
    "list.length > limit && at !== undefined → ((list.length > limit) || (at !== undefined))",
    "> → >=",
    "> → <=",
    "!== → ===",
    "return -1 → return undefined",
    "-1 → 1",
    "1 → 2",
    "note(`${each}`) → ;",
    "`${each}` → \"\"",
    "return Math.min(list.filter(Boolean).length + 1, at?.n ?? noSlot) → return undefined",
    "Math.min → Math.max",
    ".filter(Boolean) → ",
    "+ → -",
    "1 → 2",
    "at?.n ?? noSlot → ((at?.n) && (noSlot))",
    "?. → ."
  ])
  for (const mutant of mutants) expect(isProgram(mutated(source, mutant))).toBe(true)
  expect(isProgram("const a = ")).toBe(false)
})

it("a mutant keeps its id wherever its lines come to stand", () => {
  const ids = (text: string) => mutantsOf("a.ts", text).map(({ id }) => id)
  expect(ids(`// More.\n\n${source}`)).toEqual(ids(source))
  expect(new Set(ids(source)).size).toBe(ids(source).length)
  const changed = ids(source.replace("const limit: 10 = 10", "const limit = 20"))
  expect(changed.filter((id) => !ids(source).includes(id))).toHaveLength(1)
})

it("the sample is the same each time, lies in all folders, and a larger one holds it", () => {
  const [{ sample, size }, larger] = [draw(100), draw(200)]
  expect(draw(100).sample).toEqual(sample)
  expect(sample).toHaveLength(100)
  expect(size).toBeGreaterThan(1_000)
  for (const folder of folders) expect(sample.some(({ file }) => file.startsWith(`${folder}/`))).toBe(true)
  const ids = larger.sample.map(({ id }) => id)
  expect(sample.every(({ id }) => ids.includes(id))).toBe(true)
})

const file = "src/streams/operator/windowed/WindowAssigner.ts"

/** One replacement in a real source. */
const planted = (original: string, replacement: string): Mutant => {
  const start = readFileSync(join(root, file), "utf8").indexOf(original)
  expect(start).toBeGreaterThan(0)
  return { id: "planted", file, line: 1, kind: "planted", start, end: start + original.length, original, replacement }
}

const trials = new Trials()
afterAll(() => trials.close())

const checks = [{ group: "case" as Group, name: "windows-before-the-epoch, row by row", milliseconds: 10 }]

it("a mistake that changes a result is noticed, by the check that fails", async () => {
  const { by } = await attempt(trials, planted("time - (remainder", "time + (remainder"), checks) ?? {}
  expect(by).toBe(`case: ${checks[0]?.name}`)
}, 60_000)

it("one that changes nothing lives", async () => {
  expect(await attempt(trials, planted("Spark's", "Flink's"), checks)).toBeNull()
}, 60_000)

it("one that never ends is ended, and counts as noticed", async () => {
  const verdict = await attempt(trials, planted("const remainder =", "for (;;);\n const remainder ="), checks, () => 3_000)
  expect(verdict?.why).toBe("it takes too long")
}, 60_000)

it("a run is good where enough are noticed and every other one has its sentence", () => {
  const noticed = (id: string): Result => ({ ...planted("Spark's", ""), id, verdict: { by: "case: a", why: "b" }, seconds: 1 })
  const results = Array.from({ length: 20 }, (_, index) => noticed(`${index}`))
  const living = results.map((result, index) => (index < 3 ? { ...result, verdict: null } : result))
  const sentences = Object.fromEntries(["0", "1", "2"].map((id) => [id, { mutant: "a → b", lives: "It is the same." }]))
  expect(report(living, 100, sentences)).toMatchObject({ isGood: true })
  expect(report(living, 100, sentences).text).toMatch(/^all +17 of +20 +85\.0 %$/m)
  expect(report(living, 100, {})).toMatchObject({ isGood: false })
  expect(report(living, 100, {}).text).toContain("no sentence says why this may live: 0 src/streams/operator/windowed/WindowAssigner.ts:1")
  expect(report(living.slice(0, 19), 100, sentences)).toMatchObject({ isGood: false })
  expect(report(results, 100, sentences).text).toContain("its sentence is of no use any more: 0")
})
