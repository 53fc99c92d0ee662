/** Programs in Python: each in an environment of its own, of exactly the versions of its `requirements.txt`. */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Cache from "../../services/tool/Cache.ts"
import * as Guarded from "../../services/tool/Guarded.ts"
import { problem } from "../../services/tool/Problem.ts"
import * as Programs from "../../services/tool/Programs.ts"
import type { Program } from "./Contender.ts"

/** Of a folder beside this file. */
export const program = Effect.fnUntraced(function*(name: string, script = "candles.py") {
  const folder = join(import.meta.dirname, name)
  const requirements = join(folder, "requirements.txt")
  const versions = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12)
  const place = yield* Cache.folder("peers", `${name}-${versions}`, `the download of ${name}`, (part, log) =>
    download(name, requirements, part, log))
  const run: Program = (...told) => [join(place, "bin/python"), join(folder, script), ...told]
  return run
})

const download = Effect.fnUntraced(function*(name: string, requirements: string, part: string, log: string) {
  if (!Programs.isOnPath("python3")) {
    return yield* problem(`${name} needs Python 3, and there is no python3 on the PATH: install it (Debian: apt-get install python3-venv)`)
  }
  yield* Effect.logInfo(`fetching ${name} with pip, once`)
  const pip = [join(part, "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"] as const
  const made = yield* Guarded.complete(["python3", "-m", "venv", part], log)
  // Wheels only: what has none for this machine and this Python is left out rather than compiled.
  const { code } = made.code === 0 ? yield* Guarded.complete([...pip, "--only-binary=:all:", "-r", requirements], log) : made
  if (code !== 0) return yield* problem(`pip could not install ${name}: ${firstError(log)}; all of what it said is in ${log}`)
})

const firstError = (log: string): string => /ERROR: (.*\S)/.exec(readFileSync(log, "utf8"))?.[1] ?? "it did not say why"
