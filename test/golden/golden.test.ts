/**
 * The bytes that pipelines give are those that were recorded in traces/, line by line.
 * `COURANT_GOLDEN=write npx vitest run test/golden` records them anew: what then differs
 * in a commit is what the commit changes for everybody who runs a pipeline.
 *
 * What has changed since they were first recorded, by trace:
 * - bars-over-1 to -3: of broken bars, a pipeline that takes no bars says "filtered", not "dead-lettered".
 * - disorder-lateness-over-1 and -ended-twice: a bar no longer moves the event time of a pipeline that takes no bars, so
 *   the late trades of `moving-average-5m` are those that it has when it runs alone.
 * - disorder-windows and early, with changes in per cent: a revision is followed by the windows after it, as `late` panes.
 * - cli-ingest-process: a dead letter's offset is its place among the records; the end of a run is no record any more.
 * - forming-over-1: the change of a session is against the one before, never against a retracted one.
 * - all but example-sensors: of the recorded session other trades form a price, by the publisher's rule, reports count for
 *   nothing, and the opening and closing prints stand in their minutes, which shifts which trades the thinning takes.
 * - those with `day`: it has gained `splitFactor`, `adjustedClose`, `provisional`, `currency` and `decimals`.
 * - those with candles: they have gained `provisional`, which is 0, and what is up to a day late revises them.
 * - disorder and early: what refuses a price names its new limit, 20000000000.
 * - cli-recorded, cli-ingest-process: indicators-1m runs beside the other built-in pipelines, and nothing else is another.
 * - those with `day`: it is the session of the exchange, New York's where a record says none, with `exchange`; it is filtered
 *   outside, and allows for a day of lateness, for a minute where the trace sets that. A daily bar begins with the open.
 * - those with a volume of ticks, or with what else is made of their sizes: sizes are decimals, and so are written
 *   as strings, a mean with 12 decimals; what refuses one names its new range.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { difference, type Gained, record, type Recording, without } from "./recording.ts"
import { traces } from "./traces.ts"

const isCount = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/**
 * Members that a pane has gained since the traces were recorded. They are taken out of a line
 * before it is compared, where their value is in order:
 * `{ member: "changes", allows: isCount }` for a pane that says how often it was changed.
 */
const gained: ReadonlyArray<Gained> = [{ member: "changes", allows: isCount }]

const folder = join(import.meta.dirname, "traces")
const fileOf = (name: string) => join(folder, `${name}.json`)
const isWriting = process.env["COURANT_GOLDEN"] === "write"

const recordingOf = (name: string): Recording => JSON.parse(readFileSync(fileOf(name), "utf8"))

const write = (name: string, lines: ReadonlyArray<string>) => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(fileOf(name), `${JSON.stringify(record(lines), null, 2)}\n`)
}

describe("the trace", () => {
  for (const { isProgram = false, name, ways } of traces) {
    const test = isProgram ? it.concurrent : it
    Object.entries(ways).forEach(([way, run], index) =>
      test(`${name}, ${way}`, async () => {
        const lines = (await run()).map((line) => without(gained, line))
        expect(lines.length).toBeGreaterThan(0)
        if (isWriting && index === 0) write(name, lines)
        const found = difference(recordingOf(name), lines)
        if (found !== null) expect.fail(`${name}, ${way}: ${found}`)
      }))
  }

  it("of each file is still taken", () => {
    const names = traces.map(({ name }) => `${name}.json`)
    expect(new Set(names).size, "no two traces of one name").toBe(names.length)
    if (isWriting) for (const file of readdirSync(folder)) if (!names.includes(file)) rmSync(join(folder, file))
    expect(readdirSync(folder).sort()).toEqual(names.sort())
  })
})

describe("the comparison", () => {
  const few = ["a", "b", "c"]
  const many = Array.from({ length: 2_000 }, (_, index) => `line ${index}`)

  it.each([["few", few], ["many", many]])("of %s lines says where the first difference is, and what came", (_, lines) => {
    const recording = record(lines)
    expect(difference(recording, lines)).toBeNull()
    expect(difference(recording, lines.with(1, "other"))).toMatch(/^line 2\ncame: other\nwas: /)
    const last = lines.length
    expect(difference(recording, lines.slice(0, -1))).toMatch(
      new RegExp(`^line ${last} \\(${last - 1} lines came, and were ${last}\\)\ncame: nothing\n`)
    )
    expect(difference(recording, [...lines, "more"])).toMatch(new RegExp(`^line ${last + 1} .*\ncame: more\nwas:  nothing$`))
    expect(difference(recording, lines.with(0, lines[1] ?? "").with(1, lines[0] ?? ""))).toMatch(/^line 1\n/)
  })

  it("leaves out what panes have gained, where it is in order, and nothing else", () => {
    const changes = [{ member: "changes", allows: isCount }]
    const pane = (more: string) => `{"pipeline":"p","key":"k\\"changes\\":1","start":0,"end":1,${more}"values":{"changes":7}}`
    for (const count of [0, 1, 12_345]) expect(without(changes, pane(`"changes":${count},`))).toBe(pane(""))
    expect(without(changes, pane(""))).toBe(pane(""))
    for (const wrong of ["-1", "1.5", "null", `"1"`, "1e300"]) {
      expect(without(changes, pane(`"changes":${wrong},`))).not.toBe(pane(""))
    }
    expect(without([], pane(`"changes":1,`))).toBe(pane(`"changes":1,`))
    const letter = `{"counts":"all","changes":1}`
    expect(without(changes, letter)).toBe(letter)
  })
})
