/** A folder that goes with the scope. */
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const make = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-peers-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
