/**
 * The command line as `npm ci` bundles it: it says and does what the sources do, and no bundle runs that is not of the sources
 * as they are.
 */
import { spawn, spawnSync } from "node:child_process"
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { node } from "./courant.ts"

const root = join(import.meta.dirname, "../..")
const made = realpathSync(mkdtempSync(join(tmpdir(), "courant-bundle-")))

afterAll(() => rmSync(made, { recursive: true, force: true }))

const run = (args: ReadonlyArray<string>, options: { readonly cwd?: string; readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {}) => {
  const { status, stdout, stderr } = spawnSync(node, args, {
    cwd: made,
    input: "",
    encoding: "utf8",
    maxBuffer: 1e9,
    ...options,
    env: { ...process.env, NO_COLOR: "1", ...options.env }
  })
  return { status, stdout, stderr }
}

describe("what runs", () => {
  const checkout = join(made, "what runs")
  const path = (name: string) => join(checkout, name)
  const source = path("src/main.ts")
  const program = path(".bundle/made/main.js")
  const current = path(".bundle/current.json")
  const says = (args: ReadonlyArray<string> = [], env?: NodeJS.ProcessEnv) =>
    run([path("bin/courant.js"), ...args], { cwd: checkout, ...(env === undefined ? {} : { env }) }).stdout.trim()

  beforeEach(() => {
    rmSync(checkout, { recursive: true, force: true })
    for (const folder of ["src", ".bundle/made"]) mkdirSync(path(folder), { recursive: true })
    cpSync(join(root, "bin"), path("bin"), { recursive: true })
    writeFileSync(path("package.json"), `{ "type": "module" }`)
    writeFileSync(source, `console.log("sources")`)
    writeFileSync(program, `console.log("bundle")`)
    const files = ["src/main.ts", "package.json", ".bundle/made/main.js"].map((name) => {
      const { ctimeMs, mtimeMs, size } = statSync(path(name))
      return [name, `${size} ${mtimeMs} ${ctimeMs}`]
    })
    writeFileSync(current, JSON.stringify({ main: "made/main.js", files: Object.fromEntries(files) }))
  })

  it("the bundle, where all is as it was", () => {
    expect(says()).toBe("bundle")
  })

  it.each<readonly [what: string, change: () => void]>([
    ["a source was changed", () => appendFileSync(source, "\n")],
    ["a source is of the same size and has the time that it had", () => {
      const { atime, mtime } = statSync(source)
      writeFileSync(source, `console.log('sources')`)
      utimesSync(source, atime, mtime)
    }],
    ["a package has another version", () => writeFileSync(path("package.json"), `{ "type": "module", "version": "2" }`)],
    ["a file of its own was cut short", () => truncateSync(program, 5)],
    ["a file of its own is not there", () => unlinkSync(program)],
    ["its description was cut short", () => truncateSync(current, 50)],
    ["there is none", () => rmSync(path(".bundle"), { recursive: true })]
  ])("the sources, where %s", (_, change) => {
    change()
    expect(says()).toBe("sources")
  })

  it("the sources, where a call may load a module, or shows causes", () => {
    for (const name of ["own.ts", "own.mjs", "own, too.js", "a=b.cts", "own"]) writeFileSync(path(name), "")
    symlinkSync(path("own.ts"), path("linked.csv"))
    const calls: ReadonlyArray<ReadonlyArray<string>> = [
      ["run", "--pipelines", "./own.ts"],
      ["run", "--pipelines=candles-1m, own.mjs"],
      ["explain", path("own.ts")],
      ["run", "--feed", "own, too.js"],
      ["run", "--feed", "a=b.cts"],
      ["run", "--sink", "./own"],
      ["run", "--feed", "linked.csv"],
      ["--wizard"],
      ["run", "--log-level=debug"]
    ]
    for (const call of calls) expect([call, says(call)]).toEqual([call, "sources"])
    expect(says(["run"], { NODE_OPTIONS: "--import ./own.mjs" })).toBe("sources")
  })

  it("the bundle, where arguments name data", () => {
    for (const name of ["trades.csv", "trades.ndjson", "run"]) writeFileSync(path(name), "")
    const call = ["run", "--feed", "file:trades=trades.csv", "--feed", "trades.ndjson", "--data", "./src", "--sink", "./none.ts", "--brokers", "a.example:9092", "--log-level", "info"]
    expect(says(call, { NODE_OPTIONS: "--max-old-space-size=200" })).toBe("bundle")
  })
})

describe("a bundle of the sources", () => {
  const checkout = join(made, "made 100%")
  const path = (name: string) => join(checkout, name)
  const bundles = path(".bundle")

  // The module is JavaScript, and exports this.
  const fresh = async (): Promise<URL | null> => (await import(pathToFileURL(path("bin/bundle.js")).href) as { fresh: () => URL | null }).fresh()
  const bundled = (args: string, input = "") => run([path("bin/courant.js"), ...args.split(" ")], { input })
  const fromSources = (args: string, input = "") => run([path("src/main.ts"), ...args.split(" ")], { input })

  /** Bundles, and does something as soon as that has begun. */
  const bundling = (then: (pid: number) => void) =>
    new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) => {
      const before = existsSync(bundles) ? readdirSync(bundles).length : 0
      const child = spawn(node, [path("bundle/main.ts")], { stdio: ["ignore", "ignore", "pipe"] })
      let stderr = ""
      child.stderr.on("data", (bytes) => stderr += String(bytes))
      const looking = setInterval(() => {
        if (!existsSync(bundles) || readdirSync(bundles).length === before) return
        clearInterval(looking)
        then(child.pid!)
      }, 1)
      child.on("close", (code) => {
        clearInterval(looking)
        resolve({ code, stderr })
      })
    })

  beforeAll(() => {
    mkdirSync(checkout)
    for (const name of ["bin", "bundle", "src", "package.json"]) cpSync(join(root, name), path(name), { recursive: true })
    for (const name of ["node_modules", "data"]) symlinkSync(join(root, name), path(name))
    expect(run([path("bundle/main.ts")])).toEqual({ status: 0, stdout: "", stderr: "" })
  })

  it("stands for them", async () => {
    expect((await fresh())?.pathname).toMatch(/\/made%20100%25\/\.bundle\/made-[\d-]+\/main\.js$/)
  })

  it.each([
    "--version",
    "--help",
    "run --help",
    "dead-letters --help",
    "--completions bash",
    "rnu",
    "run --pipelines nothing",
    "run --sink",
    "query candles-1m --data none",
    "status --log kafka",
    "run --feed stdin --log memory --once --sink stdout"
  ])("says the same for courant %s", async (args) => {
    expect(await fresh()).not.toBeNull()
    expect(bundled(args)).toEqual(fromSources(args))
  })

  it("computes the same of the recorded session", () => {
    const args = "run --feed recorded --speed max --log memory --sink stdout --once --pipelines candles-1m"
    const ours = bundled(args)
    expect(ours.stdout.split("\n").length).toBeGreaterThan(1_000)
    expect(ours.stdout === fromSources(args).stdout).toBe(true)
  })

  it("is none of theirs once one of them has changed, and is again when it was made again", async () => {
    writeFileSync(path("src/cli/Stage.ts"), readFileSync(path("src/cli/Stage.ts")))
    expect(await fresh()).toBeNull()
    expect(run([path("bundle/main.ts")]).status).toBe(0)
    expect(await fresh()).not.toBeNull()
  })

  it("is not taken where its making was interrupted, or a source changed meanwhile", async () => {
    renameSync(bundles, path("aside"))
    await bundling((pid) => process.kill(pid, "SIGKILL"))
    expect(existsSync(join(bundles, "current.json"))).toBe(false)
    expect(bundled("--version")).toEqual(fromSources("--version"))

    const { code, stderr } = await bundling(() => utimesSync(path("src/cli/courant.ts"), 0, 0))
    expect([code, stderr.match(/Error: .*/)?.[0]]).toEqual([1, "Error: src/cli/courant.ts has changed meanwhile"])
    expect(await fresh()).toBeNull()
  })
})
