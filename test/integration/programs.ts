/** Programs of other people that a test runs where they are installed. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { isAbsolute } from "node:path"
import { isOnPath } from "../../services/tool/Programs.ts"
import { type Options, startCommand } from "../cli/courant.ts"
import { root } from "../services/processes.ts"

/** On a build server a missing program is a failure, never a reason to test less. */
export const isMissing = (program: string, howToInstall: string): boolean => {
  const isSkipped = !isOnPath(program) && process.env["CI"] === undefined
  if (isSkipped) console.warn(`No ${program} was found, so it is not tested with: ${howToInstall}`)
  return isSkipped
}

/** Runs one to its end, which has to be a success; what it wrote to standard output. */
export const output = Effect.fnUntraced(function*(
  program: string,
  args: ReadonlyArray<string>,
  options: Pick<Options, "env" | "input"> = {}
) {
  assert.isTrue(isAbsolute(program) || isOnPath(program), `there is no ${program} on the PATH`)
  const { ended } = yield* startCommand(program, args, { cwd: root, input: "", ...options })
  const { code, stderr, stdout } = yield* ended
  assert.strictEqual(code, 0, stderr)
  return stdout
}, Effect.scoped)
