/**
 * The bearer token of SASL/OAUTHBEARER: out of the file that `COURANT_KAFKA_TOKEN_FILE` names, or what the command of
 * `COURANT_KAFKA_TOKEN_COMMAND` prints. It is read, or the command run, for each connection: a token expires.
 */
import { Effect, Redacted } from "effect"
import { exec } from "node:child_process"
import { readFile } from "node:fs/promises"
import { type Problem, usage } from "../terminal/Problem.ts"

export type Token = () => Promise<Redacted.Redacted>

const variable = (name: string): string | undefined => process.env[`COURANT_KAFKA_TOKEN_${name}`] || undefined

export const given: Effect.Effect<Token | undefined, Problem> = Effect.suspend(() => {
  const file = variable("FILE")
  const command = variable("COMMAND")
  if (file !== undefined && command !== undefined) {
    return Effect.fail(usage("COURANT_KAFKA_TOKEN_FILE and COURANT_KAFKA_TOKEN_COMMAND both say where the token is: set one"))
  }
  if (file !== undefined) return Effect.succeed(() => fromFile(file))
  return Effect.succeed(command === undefined ? undefined : () => fromCommand(command))
})

const fromFile = async (file: string) => tokenIn(await readFile(file, "utf8"), `the file ${file}`)

/** What the command says of itself goes to our standard error; of a failure its output is not told, since it may have the token in it. */
const fromCommand = (command: string) =>
  new Promise<Redacted.Redacted>((resolve, reject) => {
    const child = exec(command, { timeout: 30_000 }, (error, stdout) => {
      if (error !== null) return reject(new Error(`COURANT_KAFKA_TOKEN_COMMAND ended with ${error.code ?? error.signal ?? "an error"}`))
      tokenIn(stdout, "COURANT_KAFKA_TOKEN_COMMAND").then(resolve, reject)
    })
    child.stderr?.pipe(process.stderr, { end: false })
  })

const tokenIn = async (text: string, place: string) => {
  const token = text.trim()
  if (token === "") throw new Error(`${place} has no token`)
  return Redacted.make(token)
}
