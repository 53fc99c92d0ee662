/** The rules that hold the layers apart notice every import that points the wrong way, and let the others be. */
import { expect, it } from "vitest"
import { makeTree } from "./linter.ts"

const { complaints, copySources, plant } = makeTree()

/** Where a file is, what it imports, and what the rule says to that; `null` where it is as it should be. */
const imports: ReadonlyArray<readonly [file: string, specifier: string, complaint: string | null]> = [
  ["domain/Planted.ts", "effect", null],
  ["domain/Planted.ts", "effect/sql", null],
  ["domain/Planted.ts", "./Decimal.ts", null],
  ["domain/Planted.ts", "../streams/Pane.ts", "domain/"],
  ["domain/Planted.ts", "node:crypto", "domain/"],
  ["domain/Planted.ts", "kafkajs", "domain/"],
  ["domain/Planted.ts", "@effect/platform-node", "domain/"],
  ["streams/pipeline/Planted.ts", "effect", null],
  ["streams/pipeline/Planted.ts", "node:crypto", null],
  ["streams/pipeline/Planted.ts", "../../domain/Decimal.ts", null],
  ["streams/pipeline/Planted.ts", "./Pane.ts", null],
  ["streams/pipeline/Planted.ts", "../records/Planted.ts", "pipeline/"],
  ["streams/pipeline/Planted.ts", "../operator/Planted.ts", "pipeline/"],
  ["streams/pipeline/Planted.ts", "../reference/Planted.ts", "pipeline/"],
  ["streams/pipeline/Planted.ts", "../ports/Planted.ts", "pipeline/"],
  ["streams/pipeline/Planted.ts", "../engine/Planted.ts", "pipeline/"],
  ["streams/records/Planted.ts", "effect", null],
  ["streams/records/Planted.ts", "node:crypto", null],
  ["streams/records/Planted.ts", "../pipeline/Column.ts", null],
  ["streams/records/Planted.ts", "./Batch.ts", null],
  ["streams/records/Planted.ts", "../operator/Planted.ts", "records/"],
  ["streams/records/Planted.ts", "../reference/Planted.ts", "records/"],
  ["streams/records/Planted.ts", "../ports/Planted.ts", "records/"],
  ["streams/records/Planted.ts", "../engine/Planted.ts", "records/"],
  ["streams/reference/Planted.ts", "effect", null],
  ["streams/reference/Planted.ts", "node:crypto", null],
  ["streams/reference/Planted.ts", "../pipeline/Pane.ts", null],
  ["streams/reference/Planted.ts", "../records/Planted.ts", "reference/"],
  ["streams/reference/Planted.ts", "../operator/Planted.ts", "reference/"],
  ["streams/reference/Planted.ts", "../ports/Planted.ts", "reference/"],
  ["streams/reference/Planted.ts", "../engine/Planted.ts", "reference/"],
  ["streams/operator/Planted.ts", "effect", null],
  ["streams/operator/Planted.ts", "node:crypto", null],
  ["streams/operator/Planted.ts", "../records/Batch.ts", null],
  ["streams/operator/Planted.ts", "../pipeline/Pane.ts", null],
  ["streams/operator/Planted.ts", "./Operator.ts", null],
  ["streams/operator/Planted.ts", "../reference/Planted.ts", "operator/"],
  ["streams/operator/Planted.ts", "../ports/Planted.ts", "operator/"],
  ["streams/operator/Planted.ts", "../engine/Planted.ts", "operator/"],
  ["streams/ports/Planted.ts", "effect", null],
  ["streams/ports/Planted.ts", "node:crypto", null],
  ["streams/ports/Planted.ts", "../pipeline/Pane.ts", null],
  ["streams/ports/Planted.ts", "../records/Records.ts", null],
  ["streams/ports/Planted.ts", "../operator/Planted.ts", "ports/"],
  ["streams/ports/Planted.ts", "../reference/Planted.ts", "ports/"],
  ["streams/ports/Planted.ts", "../engine/Planted.ts", "ports/"],
  ["streams/engine/Planted.ts", "effect", null],
  ["streams/engine/Planted.ts", "node:crypto", null],
  ["streams/engine/Planted.ts", "../operator/Operator.ts", null],
  ["streams/engine/Planted.ts", "../ports/EventLog.ts", null],
  ["streams/engine/Planted.ts", "../records/Batch.ts", null],
  ["streams/engine/Planted.ts", "../pipeline/Pane.ts", null],
  ["streams/engine/Planted.ts", "../reference/Planted.ts", "engine/"],
  ["streams/pipeline/Planted.ts", "../../analytics/candles.ts", "streams/"],
  ["streams/engine/Planted.ts", "../../analytics/candles.ts", "streams/"],
  ["streams/pipeline/Planted.ts", "../../adapters/sqlite/Database.ts", "streams/"],
  ["streams/engine/Planted.ts", "../../adapters/sqlite/Database.ts", "streams/"],
  ["streams/pipeline/Planted.ts", "../../cli/commands/run.ts", "streams/"],
  ["streams/engine/Planted.ts", "../../cli/commands/run.ts", "streams/"],
  ["streams/pipeline/Planted.ts", "../../main.ts", "streams/"],
  ["streams/engine/Planted.ts", "../../main.ts", "streams/"],
  ["streams/pipeline/Planted.ts", "../../testing/Laws.ts", "streams/"],
  ["streams/engine/Planted.ts", "../../testing/Laws.ts", "streams/"],
  ["streams/pipeline/Planted.ts", "yahoo-finance2", "streams/"],
  ["streams/engine/Planted.ts", "yahoo-finance2", "streams/"],
  ["streams/pipeline/Planted.ts", "@influxdata/influxdb-client", "streams/"],
  ["streams/engine/Planted.ts", "@influxdata/influxdb-client", "streams/"],
  ["streams/operator/windowed/Planted.ts", "../aggregates/Accumulator.ts", null],
  ["streams/operator/windowed/Planted.ts", "../../records/Batch.ts", null],
  ["streams/operator/windowed/Planted.ts", "../../../domain/Decimal.ts", null],
  ["streams/operator/windowed/Planted.ts", "../../engine/Job.ts", "operator/"],
  ["streams/operator/windowed/Planted.ts", "../../../analytics/candles.ts", "streams/"],
  ["analytics/Planted.ts", "../streams/pipeline/index.ts", null],
  ["analytics/Planted.ts", "../domain/Tick.ts", null],
  ["analytics/Planted.ts", "./ticks.ts", null],
  ["analytics/Planted.ts", "../adapters/yahoo/Yahoo.ts", "analytics/"],
  ["analytics/Planted.ts", "../cli/commands/run.ts", "analytics/"],
  ["analytics/Planted.ts", "../main.ts", "analytics/"],
  ["analytics/Planted.ts", "node:fs", "analytics/"],
  ["adapters/kafka/Planted.ts", "../Loopback.ts", null],
  ["adapters/kafka/client/Planted.ts", "../../Loopback.ts", null],
  ["adapters/sqlite/Planted.ts", "../../streams/ports/Feed.ts", null],
  ["adapters/sqlite/Planted.ts", "../../domain/Tick.ts", null],
  ["adapters/sqlite/Planted.ts", "./Database.ts", null],
  ["adapters/sqlite/Planted.ts", "node:sqlite", null],
  ["adapters/sqlite/Planted.ts", "../yahoo/Yahoo.ts", "an adapter"],
  ["adapters/sqlite/Planted.ts", "../../adapters/yahoo/Yahoo.ts", "an adapter"],
  ["adapters/sqlite/Planted.ts", "../../analytics/candles.ts", "adapters/"],
  ["adapters/sqlite/Planted.ts", "../../cli/commands/run.ts", "adapters/"],
  ["adapters/sqlite/Planted.ts", "../../main.ts", "adapters/"],
  ["adapters/spark/rest/Planted.ts", "../SparkError.ts", null],
  ["adapters/spark/rest/Planted.ts", "../connect/Session.ts", null],
  ["adapters/spark/rest/Planted.ts", "../../../streams/ports/Engine.ts", null],
  ["adapters/spark/rest/Planted.ts", "../../kafka/client/Connection.ts", "an adapter"],
  ["adapters/spark/rest/Planted.ts", "../../../adapters/kafka/client/Connection.ts", "an adapter"],
  ["adapters/spark/rest/Planted.ts", "../../../analytics/candles.ts", "adapters/"],
  ["testing/Planted.ts", "../streams/engine/Job.ts", null],
  ["testing/Planted.ts", "fast-check", null],
  ["testing/Planted.ts", "../analytics/candles.ts", "testing/"],
  ["testing/Planted.ts", "../adapters/sqlite/Database.ts", "testing/"],
  ["testing/Planted.ts", "../cli/commands/run.ts", "testing/"],
  ["cli/planted.ts", "../adapters/sqlite/Database.ts", null],
  ["cli/planted.ts", "../analytics/candles.ts", null],
  ["main.ts", "./adapters/sqlite/Database.ts", null],
  ["main.ts", "./cli/courant.ts", null]
]

const forms: ReadonlyArray<(specifier: string) => string> = [
  (specifier) => `import { planted } from "${specifier}"\nexport const used = planted\n`,
  (specifier) => `import type { Planted } from "${specifier}"\nexport type Used = Planted\n`,
  (specifier) => `export { planted } from "${specifier}"\n`,
  (specifier) => `export * as Planted from "${specifier}"\n`
]

it("an import against the arrows is noticed in whatever form it comes, and no other is", () => {
  const cases = imports.flatMap(([file, specifier, complaint], index) =>
    forms.map((form, at) => ({
      file: file === "main.ts" ? file : file.replace(/(\w+)\.ts$/, `$1${index}x${at}.ts`),
      text: form(specifier),
      specifier,
      complaint
    }))
  )
  for (const { file, text } of cases) plant(file, text)
  const found = complaints("no-restricted-imports")
  const wrong = cases.filter(({ complaint, file }) =>
    complaint === null ? found.has(file) : !(found.get(file) ?? "").startsWith(complaint)
  )
  expect(wrong.map(({ file, ...planted }) => ({ file, ...planted, said: found.get(file) }))).toEqual([])
})

it("the sources themselves keep the rules", () => {
  copySources()
  expect([...complaints("no-restricted-imports")]).toEqual([])
})
