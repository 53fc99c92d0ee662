/**
 * A program that starts a guarded process, which starts one in turn; prints the identities of both; and then
 * lasts (`hold`), or leaves them running (`release`).
 */
import { Effect } from "effect"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Guarded from "../../services/tool/Guarded.ts"
import * as Identity from "../../services/tool/Identity.ts"

await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const folder = mkdtempSync(join(tmpdir(), "courant-services-test-"))
  const log = join(folder, "log")
  const guarded = yield* Guarded.start(["sh", "-c", "sleep 600 & echo $!; wait"], log)
  while (!existsSync(log) || !readFileSync(log, "utf8").endsWith("\n")) yield* Effect.sleep("5 millis")
  const child = Identity.of(Number(readFileSync(log, "utf8")))
  rmSync(folder, { recursive: true })
  console.log(JSON.stringify([guarded.identity, child]))
  if (process.argv[2] === "release") yield* guarded.release
  else yield* Effect.never
})))
