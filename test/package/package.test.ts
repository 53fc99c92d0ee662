/**
 * The package as a user gets it: packed by npm, unpacked into a project of its own with
 * nothing beside it but what it declares, compiled against, imported and run.
 */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../..", import.meta.url))
const project = mkdtempSync(join(tmpdir(), "courant-package-"))
const installed = join(project, "node_modules", "courant")
const node = join(root, "node_modules", ".bin", "node")

/** npm, and whatever scripts it calls, on the project's own Node. */
const env = { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"]}` }

/** What a command says on stdout. A compiler says there what is wrong, so that a failure shows it too. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) =>
    execFile(command, args, { cwd, env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`))))

const inProject = (command: string, ...args: ReadonlyArray<string>) => run(project, command, ...args)

const link = (name: string) => {
  const target = join(project, "node_modules", name)
  mkdirSync(dirname(target), { recursive: true })
  symlinkSync(join(root, "node_modules", name), target)
}

const pack = async (): Promise<ReadonlyArray<string>> => {
  const stdout = await run(root, "npm", "pack", "--json", "--pack-destination", project)
  // The build talks before npm's JSON begins.
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.search(/^\[$/m)))
  mkdirSync(installed, { recursive: true })
  await run(project, "tar", "-xzf", join(project, filename), "-C", installed, "--strip-components", "1")
  return files.map(({ path }: { readonly path: string }) => path)
}

let files: ReadonlyArray<string> = []

beforeAll(async () => {
  files = await pack()
  // Linked rather than installed, so that no registry is asked. What the package does not declare is not there.
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) link(name)
  for (const name of ["typescript", "@types/node"]) link(name)
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "scratch", private: true, type: "module" }))
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

describe("the package", () => {
  it("holds what was built, the page, the recorded session, the rules' cases, docs and examples, and no sources or tests", () => {
    const page = "dist/adapters/dashboard/page/index.html"
    expect(files).toEqual(expect.arrayContaining([page, "data/recorded/SOURCES.md", "LICENSE", "README.md", "docs/pipelines.md", "examples/range.ts"]))
    expect(files.filter((file) => /^dist\/testing\/conformance\/.*\.json$/.test(file))).toHaveLength(12)
    expect(files.filter((file) => /^(src|test|bench)\//.test(file))).toEqual([])
  })

  it("has a file with types behind every entry", () => {
    for (const entry of Object.values(manifest.exports)) {
      for (const file of typeof entry === "string" ? [entry] : Object.values(entry)) {
        expect(files).toContain(file.slice("./".length))
      }
    }
  })

  it("is compiled against with strict settings, and run", async () => {
    writeFileSync(join(project, "app.ts"), app)
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: strict, files: ["app.ts"] }))
    await inProject(node, join(root, "node_modules", "typescript", "bin", "tsc"), "-p", ".")
    const stdout = await inProject(node, "app.js")
    expect(stdout).toBe("{\"high\":\"19.5\",\"readings\":2}\n")
  })

  it("has a command that says its version", async () => {
    const main = join(installed, manifest.bin.courant)
    expect(readFileSync(main, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/)
    const stdout = await inProject(node, main, "--version")
    expect(stdout).toContain(manifest.version)
  })

  it("says where it lacks the client of Yahoo Finance, which is for the user to install", async () => {
    rmSync(join(project, "node_modules", "yahoo-finance2"))
    const call = ["run", "--once", "--data", join(project, "without"), "--feed", "yahoo"]
    await expect(inProject(node, join(installed, "dist", "main.js"), ...call)).rejects.toThrow(/courant: Yahoo Finance is read with the package yahoo-finance2: npm install yahoo-finance2\n$/)
    link("yahoo-finance2")
  })

  it("runs a pipeline file that lies where nothing is installed", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "courant-elsewhere-")), "range.ts")
    writeFileSync(file, readFileSync(join(root, "examples", "range.ts")))
    const tick = `{"symbol":"AAPL","time":1732545000123,"price":"189.37","size":100}`
    const command = `'${node}' '${installed}/dist/main.js' run --feed stdin --log memory --sink stdout --once`
    const stdout = await inProject("sh", "-c", `echo '${tick}' | ${command} --pipelines '${file}'`)
    rmSync(dirname(file), { recursive: true })
    expect(stdout.match(/"pipeline":"range-15m"/g)).toHaveLength(3)
  })

  it("replays the recorded session on its page", async () => {
    const flags = ["run", "--feed", "recorded", "--data", join(project, "data"), "--port", "0"]
    const child = spawn(node, [join(installed, "dist", "main.js"), ...flags], { stdio: ["ignore", "ignore", "pipe"] })
    const ended = once(child, "exit")
    try {
      const url = await addressIn(child.stderr)
      for (const path of ["", "main.js", "vendor/lightweight-charts.js"]) {
        expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 200])
      }
    } finally {
      child.kill("SIGTERM")
    }
    expect(await ended).toEqual([0, null])
  })

  it("stays small", () => {
    const size = files.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0)
    // 2.3 MB of it is the recorded session, 1.1 MB the pictures; the conformance cases are some 140 kB.
    expect(size).toBeLessThan(9_000_000)
  })
})

const addressIn = async (stderr: NodeJS.ReadableStream): Promise<string> => {
  for await (const line of createInterface({ input: stderr })) {
    const url = /http:\/\/\S+\//.exec(line)?.[0]
    if (url === undefined) continue
    stderr.resume()
    return url
  }
  throw new Error("the program ended without saying where its page is")
}

/** Declarations are checked too (`skipLibCheck` is off), for which Effect's own need those of the DOM. */
const strict = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable", "dom"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true
}

const app = `
import {
  Aggregate, CheckpointStore, DeadLetters, Decisions, Engine, EventLog, Events, InProcess, Monitor, Pipeline, Records,
  ResultSink, Source, Window
} from "courant"
import * as Dashboard from "courant/dashboard"
import * as Recorded from "courant/recorded"
import * as Yahoo from "courant/yahoo"
import { Connection, InfluxdbMetrics, InfluxdbResultSink } from "courant/influxdb"
import { SqliteEventLog } from "courant/sqlite"
import { StdinFeed } from "courant/stdio"
import type { Laws } from "courant/testing"
import { compile, explain, LiveCluster, MemorySparkCluster, PaneLog, SparkEngine } from "courant/spark"
import { Effect, Layer, Redacted, Schema } from "effect"

const schema = Schema.Struct({ sensor: Schema.String, at: Schema.Int, celsius: Schema.Finite })
const readings = Source.make("readings", { schema, key: "sensor", eventTime: "at" })
const hourly = readings.pipe(Window.tumbling("1 hour"))

export const pipeline = hourly.pipe(
  Aggregate.into({ high: Aggregate.max("celsius"), readings: Aggregate.count }),
  Pipeline.named("hourly")
)
export const values: Pipeline.ValuesOf<typeof pipeline> = { high: 19.5, readings: 2 }

// @ts-expect-error a field that the source does not have
export const misspelt = hourly.pipe(Aggregate.into({ high: Aggregate.max("celcius") }))

export type Used = typeof Laws
export const used = [Dashboard.Dashboard, Recorded.layer, Yahoo.layer, SqliteEventLog.layer, StdinFeed.layer]

const influxdb = Connection.layer({ url: "http://127.0.0.1:8086", org: "o", bucket: "b", token: Redacted.make("t") })
export const intoInfluxdb = InProcess.layer.pipe(
  Layer.provideMerge(Layer.merge(InfluxdbResultSink.layer(), InfluxdbMetrics.layer({ topic: "t", processor: "app" }))),
  Layer.provideMerge(Layer.mergeAll(
    influxdb, EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, DeadLetters.layerMemory, Monitor.layer
  ))
) satisfies Layer.Layer<Engine, Error>

export const plan: Effect.Effect<string, Error> = Effect.map(compile(pipeline), explain)

export const warm = readings.pipe(
  Events.filter(({ celsius }) => celsius > 0),
  Window.tumbling("1 hour"),
  Aggregate.into({ readings: Aggregate.count }),
  Pipeline.named("warm")
)
// @ts-expect-error a pipeline that calls a function
export const planOfFunctions = compile(warm)

const onSpark = SparkEngine.layer({ topic: "readings" })
const live = LiveCluster.layer({
  connect: { rest: { url: "http://127.0.0.1:6066" }, port: 15_002 },
  token: Redacted.make("t"),
  kafka: { "kafka.bootstrap.servers": "127.0.0.1:9092" },
  checkpoints: "/shared/checkpoints"
})
export const onClusters = Layer.merge(
  onSpark.pipe(Layer.provide(MemorySparkCluster.layer)),
  onSpark.pipe(Layer.provide(live))
).pipe(Layer.provide(Layer.mergeAll(
  PaneLog.from(EventLog.layerMemory()), CheckpointStore.layerMemory, Decisions.layerMemory, ResultSink.layerMemory, Monitor.layer
))) satisfies Layer.Layer<Engine, Error>

const inMemory = InProcess.layer.pipe(Layer.provideMerge(Layer.mergeAll(
  EventLog.layerMemory(), CheckpointStore.layerMemory, Decisions.layerMemory, ResultSink.layerMemory, DeadLetters.layerMemory, Monitor.layer
)))

const program = Effect.gen(function*() {
  const log = yield* EventLog
  const engine = yield* Engine
  const sink = yield* ResultSink
  const reading = (at: number, celsius: number) => JSON.stringify({ sensor: "a", at, celsius })
  yield* log.append(0, Records.fromTexts([reading(1, 19.5), reading(2, 18)]))
  yield* engine.run({ name: "app", pipelines: [pipeline], stopAt: log.ends })
  return yield* sink.read({})
})

const panes = await Effect.runPromise(Effect.provide(program, inMemory))
for (const { values } of panes) console.log(JSON.stringify({ ...values, high: String(values["high"]) }))
`
