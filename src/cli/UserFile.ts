/** A file of the user's, loaded as a module: one that cannot be loaded is told by what is wrong with it, and where. */
import { Effect, Predicate } from "effect"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { relative, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { messageOf } from "../streams/ports/Cause.ts"
import { type Problem, problem, usage } from "./terminal/Problem.ts"

/** What the file exports. `what` says what is looked for in it, as in "the pipelines of", and `called` how the file was given. */
export const load = Effect.fnUntraced(function*(file: string, { called, what }: { readonly what: string; readonly called: string }): Effect.fn.Return<unknown, Problem> {
  if (!existsSync(file)) return yield* usage(`${called}: there is no such file`)
  const module: unknown = yield* Effect.tryPromise({ try: () => import(pathToFileURL(resolve(file)).href), catch: (cause) => cause }).pipe(
    Effect.catch((cause) => cause instanceof SyntaxError ? misspelt(file, cause) : Effect.fail(problem(`${what} ${file} cannot be loaded: ${messageOf(cause)}`)))
  )
  return module
})

/** The place is in the error for TypeScript only; of JavaScript a check by Node.js alone tells it. */
const misspelt = Effect.fnUntraced(function*(file: string, cause: SyntaxError) {
  const place = placeIn(cause.stack) ?? placeIn(yield* Effect.promise(() => check(file)))
  return yield* usage(`${place ?? file}: ${cause.message}`)
})

/** `file:line`, with which Node.js begins what it says of a syntax error. */
const placeIn = (text: string | undefined): string | undefined => {
  const [, path, line] = /^(.+):(\d+)\n/.exec(text ?? "") ?? []
  return path === undefined ? undefined : `${shortened(path.startsWith("file:") ? fileURLToPath(path) : path)}:${line}`
}

const shortened = (path: string): string => {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith("..") ? path : fromHere
}

const check = (file: string): Promise<string> =>
  new Promise((told) => {
    execFile(process.execPath, ["--check", file], (_, __, said) => told(Predicate.isString(said) ? said : ""))
  })
