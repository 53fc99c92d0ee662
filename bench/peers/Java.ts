/** Programs in Java: a source file of ours, compiled once against jars of exactly these versions from Maven. */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Cache from "../../services/tool/Cache.ts"
import * as Guarded from "../../services/tool/Guarded.ts"
import * as Jars from "../../services/tool/Jars.ts"
import * as Java from "../../services/tool/Java.ts"
import { problem } from "../../services/tool/Problem.ts"
import * as Programs from "../../services/tool/Programs.ts"
import type { Program } from "./Contender.ts"

export interface Settings {
  readonly jars: Jars.Jars
  /** Beside this file, such as `flink/Candles.java`; its public class has `main`. It may use the others of its folder. */
  readonly source: string
  /** Of the virtual machine. */
  readonly options?: ReadonlyArray<string>
}

export const program = Effect.fnUntraced(function*({ jars, options = [], source }: Settings) {
  const java = yield* Java.find(jars.name)
  const classPath = yield* Jars.fetch(jars)
  const file = join(import.meta.dirname, source)
  const folder = dirname(file)
  const hash = createHash("sha256").update(classPath)
  for (const name of readdirSync(folder).toSorted()) hash.update(readFileSync(join(folder, name)))
  const main = /([^/]+)\.java$/.exec(source)![1]!
  const classes = yield* Cache.folder("peers", `${main}-${hash.digest("hex").slice(0, 12)}`, `the compilation of ${source}`, (part, log) =>
    compile(source, ["-nowarn", "-cp", classPath, "-sourcepath", folder, "-d", part, file], log))
  const run: Program = (...told) => [java, ...options, "-cp", `${classes}:${classPath}`, main, ...told]
  return run
})

const compile = Effect.fnUntraced(function*(source: string, told: ReadonlyArray<string>, log: string) {
  if (!Programs.isOnPath("javac")) {
    return yield* problem(`${source} is compiled, and there is no javac on the PATH: install it (Debian: apt-get install default-jdk-headless)`)
  }
  const { code } = yield* Guarded.complete(["javac", ...told], log)
  if (code !== 0) return yield* problem(`javac could not compile ${source}; all of what it said is in ${log}`)
})
