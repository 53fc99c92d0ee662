/** The project's linter over a tree of the same shape with the same rules, so that nothing is ever planted in the real one. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"

const root = join(import.meta.dirname, "..")

/** A tree without sources, which goes when the tests of the file have ended. */
export const makeTree = () => {
  const tree = mkdtempSync(join(tmpdir(), "courant-lint-"))
  cpSync(join(root, ".oxlintrc.json"), join(tree, ".oxlintrc.json"))
  afterAll(() => rmSync(tree, { recursive: true }))
  return {
    /** Writes a file, whose path is that within `src/`. */
    plant: (file: string, text: string): void => {
      mkdirSync(dirname(join(tree, "src", file)), { recursive: true })
      writeFileSync(join(tree, "src", file), text)
    },
    /** Replaces what was planted by the sources as they are. */
    copySources: (): void => {
      rmSync(join(tree, "src"), { recursive: true, force: true })
      cpSync(join(root, "src"), join(tree, "src"), { recursive: true })
    },
    /** What a rule says of each file that breaks it, all in one run. */
    complaints: (rule: string): ReadonlyMap<string, string> =>
      new Map(
        lint(tree)
          .filter(({ code }) => code === `eslint(${rule})`)
          .map(({ filename, help }) => [filename.replaceAll("\\", "/").replace(/^.*?src\//, ""), help ?? ""])
      )
  }
}

interface Diagnostic {
  readonly code: string
  readonly filename: string
  readonly help?: string
}

const lint = (tree: string): ReadonlyArray<Diagnostic> => {
  const command = join(root, "node_modules/.bin/oxlint")
  let json: string
  try {
    json = execFileSync(command, ["--format", "json", "src"], { cwd: tree, encoding: "utf8" })
  } catch (error) {
    // It found something, and says so with its exit code.
    json = String((error as { readonly stdout: string }).stdout)
  }
  const report: { readonly diagnostics: ReadonlyArray<Diagnostic> } = JSON.parse(json)
  return report.diagnostics
}
