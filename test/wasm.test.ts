/** What decodes records is kept among the sources as WebAssembly: it is what its own sources give. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { decoding } from "../wasm/Compile.ts"

const root = join(import.meta.dirname, "..")

it("npm run wasm would change nothing", { timeout: 60_000 }, async () => {
  expect(await decoding(join(root, "wasm/decoding"))).toBe(readFileSync(join(root, "src/streams/records/machineCode.ts"), "utf8"))
})
