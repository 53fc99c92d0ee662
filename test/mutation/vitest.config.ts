/** Tests with a mutant in the sources: what `COURANT_MUTANT` says, one worker, the same samples each time. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { type Mutant, mutated } from "./Mutant.ts"

const root = join(import.meta.dirname, "../..")

const given: Mutant | null = JSON.parse(process.env["COURANT_MUTANT"] ?? "null")

export default defineConfig({
  root,
  plugins: given === null ? [] : [{
    name: "mutant",
    enforce: "pre",
    load: (id) => id === join(root, given.file) ? mutated(readFileSync(id, "utf8"), given) : null
  }],
  test: {
    // It takes a source for the one on the disk.
    fsModuleCache: false,
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/mutation/setup.ts"],
    maxWorkers: 1,
    isolate: false,
    testTimeout: 30_000
  }
})
