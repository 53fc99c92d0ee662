/** The program in Rust, built once by Cargo. */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Cache from "../../services/tool/Cache.ts"
import * as Guarded from "../../services/tool/Guarded.ts"
import { problem } from "../../services/tool/Problem.ts"
import * as Programs from "../../services/tool/Programs.ts"
import type { Program } from "./Contender.ts"

const folder = join(import.meta.dirname, "rust")

export const program = Effect.gen(function*() {
  const hash = createHash("sha256")
  for (const file of ["Cargo.toml", "Cargo.lock", "src/main.rs"]) hash.update(readFileSync(join(folder, file)))
  const name = `rust-${hash.digest("hex").slice(0, 12)}`
  const place = yield* Cache.folder("peers", name, "the build of the program in Rust", build)
  const run: Program = (...told) => [join(place, "release/candles"), ...told]
  return run
})

const build = Effect.fnUntraced(function*(part: string, log: string) {
  if (!Programs.isOnPath("cargo")) {
    return yield* problem("the limit is a program in Rust, and there is no cargo on the PATH: install Rust 1.80 or later")
  }
  const manifest = join(folder, "Cargo.toml")
  const { code } = yield* Guarded.complete(
    ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", manifest, "--target-dir", part],
    log
  )
  if (code !== 0) return yield* problem(`Cargo could not build the program in Rust; all of what it said is in ${log}`)
})
