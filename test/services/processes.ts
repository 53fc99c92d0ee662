/** Programs of the tests, and whether processes are still there. */
import { Effect, Schema, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Identity from "../../services/tool/Identity.ts"
import { node, type Options, type Outcome, startCommand } from "../cli/courant.ts"

export const root = join(import.meta.dirname, "../..")

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-services-test-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Starts `npm run services -- ARGS` without npm. */
export const startServices = (args: ReadonlyArray<string>, options: Omit<Options, "cwd"> = {}) =>
  startCommand(node, [join(root, "services/main.ts"), ...args], { cwd: root, input: "", ...options })

export const services = (args: ReadonlyArray<string>, options: Omit<Options, "cwd"> = {}): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.flatMap(startServices(args, options), ({ ended }) => ended))

/** A shell script in the place of a program. */
export const script = (file: string, body: string): void => {
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
}

export const identitiesIn = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Identity.Identity)))

/** Waits until the processes are no more; the test's time-out is the limit. */
export const gone = Effect.fnUntraced(function*(identities: ReadonlyArray<Identity.Identity>) {
  while (identities.some(Identity.isAlive)) yield* Effect.sleep("10 millis")
})

/** Ends what a test may have left, so that a failure leaves no process behind. */
export const endAtLast = (identities: ReadonlyArray<Identity.Identity>) =>
  Effect.addFinalizer(() =>
    Effect.forEach(identities, (identity) => Identity.signal(identity, "SIGKILL"), { discard: true }))

/** The command lines of all processes that mention a text, such as a test's own folder. */
export const mentioning = (text: string): ReadonlyArray<string> =>
  commandLines().filter((line) => line.includes(text) && !line.includes("services/main.ts"))

const commandLines = (): ReadonlyArray<string> =>
  existsSync("/proc/self/cmdline")
    ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(commandLineOf)
    : execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" }).split("\n")

const commandLineOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}
