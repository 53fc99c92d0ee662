/** The committed TypeScript is what `npm run proto` makes of the .proto files. */
import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"

const folder = "src/adapters/spark/connect/proto"
const programs = resolve("node_modules/.bin")

it("what is generated is what is committed", () => {
  const output = mkdtempSync(join(tmpdir(), "courant-proto-"))
  try {
    const PATH = `${programs}${delimiter}${process.env["PATH"] ?? ""}`
    execFileSync(join(programs, "buf"), ["generate", "--output", output], { env: { ...process.env, PATH } })
    assert.deepStrictEqual(generatedIn(folder), generatedIn(join(output, folder)))
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
})

const generatedIn = (folder: string) =>
  readdirSync(folder).filter((name) => name.endsWith("_pb.ts")).sort().map((name) => [
    name,
    readFileSync(join(folder, name), "utf8")
  ])
