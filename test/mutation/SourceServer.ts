/** Loads the sources again and again in one process, each time with another mutant in one of them; packages are loaded once. */
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Mutant, mutated } from "./Mutant.ts"

const root = join(import.meta.dirname, "../..")

const own = ["src", "test", "examples", ".courant"].map((folder) => pathToFileURL(join(root, folder, "/")).href)

export class SourceServer {
  readonly #programs = new Map<string, string>()
  #mutant: Mutant | null = null
  /** Names the modules of each load apart. */
  #load = 0

  constructor() {
    registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context)
        if (this.#load === 0 || !own.some((folder) => resolved.url.startsWith(folder))) return resolved
        return { ...resolved, url: `${resolved.url.split("?")[0]}?${this.#load}` }
      },
      load: (url, context, next) => {
        const [file = "", load] = url.split("?")
        if (load === undefined || !file.endsWith(".ts")) return next(url, context)
        return { format: "module", source: this.#programOf(fileURLToPath(file)), shortCircuit: true }
      }
    })
  }

  /** From now on the sources are those with this mutant in them. */
  serve(mutant: Mutant | null): void {
    this.#mutant = mutant
    this.#load++
  }

  async import<Module>(file: string): Promise<Module> {
    // Whoever names the module knows its type.
    return await import(pathToFileURL(join(root, file)).href) as Module
  }

  #programOf(path: string): string {
    if (this.#mutant !== null && path === join(root, this.#mutant.file)) {
      return stripTypeScriptTypes(mutated(readFileSync(path, "utf8"), this.#mutant))
    }
    const known = this.#programs.get(path) ?? stripTypeScriptTypes(readFileSync(path, "utf8"))
    this.#programs.set(path, known)
    return known
  }
}
