/**
 * No module keeps state: what two connections, layers or runs of one process must not share belongs to them. The page of
 * the dashboard is left out, since it is a program of its own in each browser tab.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const sources = join(import.meta.dirname, "../src")

/** Declarations at the top of a module that can be assigned or filled. Constants are declared as what is only read. */
const mutable: ReadonlyArray<RegExp> = [
  /^(?:export )?(?:let|var) .*/gm,
  /^  static (?!readonly ).*=(?!>).*/gm,
  /^(?:export )?const \w+(?:: (?!Readonly).*)? = new (?:(?:Weak)?(?:Map|Set)|Array|\w*(?:[Ii]nt|Float)\d+Array)\b(?!\(0\)).*/gm,
  /^(?:export )?const \w+(?:: (?!Readonly).*)? = (?:\[\]|\{\})/gm,
  /^(?:export )?const \w+(?:: .*)? = \w+\.makeUnsafe\b.*/gm
]

const stateIn = (source: string): ReadonlyArray<string> =>
  mutable.flatMap((pattern) => source.match(pattern) ?? []).filter((found, i, all) => all.indexOf(found) === i)

it("no module of the sources keeps state", () => {
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith("_pb.ts"))
  expect(files.length).toBeGreaterThan(100)
  const found = files.flatMap((file) => stateIn(readFileSync(join(sources, file), "utf8")).map((line) => `${file}: ${line}`))
  expect(found).toEqual([])
})

it.each([
  "let latest = 1",
  "export let latest = 1",
  "const cache = new Map<string, number>()",
  "const seen: Set<string> = new Set()",
  "const bounds = new Int32Array(4_096)",
  "const byId: Record<string, number> = {}",
  "const bytes = new Uint8Array(16)",
  "const list: Array<string> = []",
  "const permit = Semaphore.makeUnsafe(1)",
  "  static instances = 0"
])("finds %s", (line) => expect(stateIn(`import {} from "x"\n${line}\n`)).toEqual([line]))

it.each([
  "const names: ReadonlySet<string> = new Set([\"a\"])",
  "const byName: ReadonlyMap<string, number> = new Map([[\"a\", 1]])",
  "const empty = new Uint8Array(0)",
  "const utf8 = new TextDecoder()",
  "  let local = 1",
  "  static readonly layer = make()"
])("lets %s be", (line) => expect(stateIn(`${line}\n`)).toEqual([]))
