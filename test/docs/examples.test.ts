/**
 * The code in the documentation, in docstrings and in examples/ is compiled with the
 * project's settings and run, and prints what the page says it prints.
 */
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import tsconfig from "../../tsconfig.json" with { type: "json" }
import { type Block, blocks, root } from "./Markdown.ts"

/** Below the data folder, which git ignores; inside the project, so that its dependencies are found. */
const folder = join(root, ".courant", "docs")
const node = join(root, "node_modules", ".bin", "node")

const titleOf = ({ file, line }: Block): string => `${file}:${line}`
const nameOf = ({ file, line }: Block): string => `${file.replaceAll(/\W/g, "-")}-${line}.ts`

/** The source behind each entry of the package, as the compiler knows it: nothing has to be built. */
const entries = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file = ""]]) =>
  [`from "${name}"`, `from "${relative(folder, join(root, file))}"`] as const
)

const withEntries = (code: string): string =>
  entries.reduce((text, [entry, source]) => text.replaceAll(entry, source), code)

const modules = blocks.filter(({ language }) => language === "ts")
/** Those that import `vitest` or suites made of its tests are run below as what they are. */
const suites = modules.filter(({ code }) => /from "(vitest|courant\/testing)"/.test(code))
const programs = modules.filter((module) => !suites.includes(module))
const scripts = blocks.filter(({ language, output }) => language === "sh" && output !== undefined)
const examples = ["range.ts", "sensors.ts", "your-own-topic.ts"]

/** What a command says on both outputs, stdout first. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve) => {
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, NO_COLOR: "1" }
    execFile(command, args, { cwd, env }, (_, stdout, stderr) => resolve(stdout + stderr))
  })

/** Runs every module in one process, one after the other, and says of each what it printed or threw. */
const runner = `
import { format } from "node:util"

const { log } = console
const printed: Record<string, string> = {}
for (const name of process.argv.slice(2)) {
  printed[name] = ""
  console.log = (...values: ReadonlyArray<unknown>) => {
    printed[name] += format(...values) + "\\n"
  }
  await import("./" + name).catch((error: unknown) => console.log("threw", error))
}
log(JSON.stringify(printed))
`

let printed: { readonly [name: string]: string } = {}

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const block of modules) writeFileSync(join(folder, nameOf(block)), withEntries(block.code))
  for (const name of examples) {
    writeFileSync(join(folder, name), withEntries(readFileSync(join(root, "examples", name), "utf8")))
  }
  writeFileSync(join(folder, "run.ts"), runner)
  // An example may make a value that it leaves to the reader.
  const compilerOptions = { noEmit: true, noUnusedLocals: false, paths: {} }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"], exclude: [] })
  )
  // The command, as it is called where the package is installed.
  writeFileSync(join(folder, "courant"), `#!/bin/sh\nexec '${node}' '${root}/src/main.ts' "$@"\n`, { mode: 0o755 })
  printed = JSON.parse(await run(folder, node, "run.ts", ...programs.map(nameOf), ...examples))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("examples", () => {
  it("are of the types that they say", async () => {
    expect(await run(folder, node, join(root, "node_modules", "typescript", "bin", "tsc"), "-p", ".")).toBe("")
  })

  it.each(programs.map((block) => [titleOf(block), block] as const))("%s", (_, block) => {
    expect(printed[nameOf(block)]).toBe(block.output ?? "")
  })

  it("sensors.ts takes a late reading, refuses a broken one, and accounts for all", () => {
    const lines = (printed["sensors.ts"] ?? "").trimEnd().split("\n")
    const panes = lines.slice(0, -2).map((line) => JSON.parse(line))
    expect(panes.map(({ key, pane, revision, start, values }) => [key, start, pane, revision, values.mean])).toEqual([
      ["attic", 0, "on-time", 0, "18.6"],
      ["cellar", 0, "late", 1, "11.2"],
      ["attic", 3_600_000, "on-time", 0, "19.9"]
    ])
    expect(lines.at(-2)).toMatch(/^invalid-field: "celsius" is "broken"/)
    expect(lines.at(-1)).toBe("read 7, aggregated 6, dead-lettered 1")
  })

  it.each([["range.ts", "docs/pipelines.md"], ["your-own-topic.ts", "docs/kafka.md"]])(
    "the README and a page of docs/ show examples/%s as it is",
    (name, page) => {
      const example = readFileSync(join(root, "examples", name), "utf8")
      const shownIn = programs.filter(({ code }) => code === example).map(({ file }) => file)
      expect(shownIn).toEqual(["README.md", page])
    }
  )
})

describe("suites", () => {
  // All laws of the engine take their time, and test/laws runs them already.
  for (const block of suites.filter(({ code }) => !code.includes("Laws.suite("))) {
    describe(titleOf(block), async () => {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, nameOf(block)), withEntries(block.code))
      await import(join(folder, nameOf(block)))
    })
  }
})

describe("commands", () => {
  it.each(scripts.map((block) => [titleOf(block), block] as const))("%s", async (_, { code, line, output }) => {
    const cwd = join(folder, `shell-${line}`)
    cpSync(join(root, "examples"), join(cwd, "examples"), { recursive: true })
    expect(await run(cwd, "sh", "-ec", code)).toBe(output)
  })

  it("are all run where they come to an end", () => {
    const finite = blocks.filter(({ code, language }) => language === "sh" && /courant .*--once/.test(code))
    expect(finite.filter(({ output }) => output === undefined).map(titleOf)).toEqual([])
  })
})
