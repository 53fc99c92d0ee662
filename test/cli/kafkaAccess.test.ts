/** How the environment says who we are to the brokers of Kafka, and what of it is refused before anybody is asked. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Kafka from "../../src/cli/kafka/Kafka.ts"
import { temporaryFolder } from "./courant.ts"

type Environment = Readonly<Record<string, string>>

/** What is set for the brokers, and nothing else, until the scope ends. */
const withEnvironment = (env: Environment) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.entries(process.env).filter(([name]) => name.startsWith("COURANT_KAFKA_"))
      for (const [name] of before) delete process.env[name]
      for (const [name, value] of Object.entries(env)) process.env[`COURANT_KAFKA_${name}`] = value
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of Object.keys(env)) delete process.env[`COURANT_KAFKA_${name}`]
        for (const [name, value] of before) process.env[name] = value
      })
  )

const optionsOf = (env: Environment, broker = "kafka.example:9092") =>
  Effect.andThen(withEnvironment(env), Kafka.optionsOf({ brokers: Option.some([broker]), connectTimeout: 1_000 })).pipe(Effect.scoped)

const account = { USERNAME: "u", PASSWORD: "p" }

describe("who we are", () => {
  it.effect("is nobody, a user by SCRAM or PLAIN, or a token out of a file or of a command, asked for each time", () =>
    Effect.gen(function*() {
      assert.isUndefined((yield* optionsOf({})).sasl)
      assert.strictEqual((yield* optionsOf(account)).sasl?.mechanism, "scram-sha-512")
      assert.strictEqual((yield* optionsOf({ ...account, SASL: "plain", TLS: "1" })).sasl?.mechanism, "plain")
      const file = join(yield* temporaryFolder, "token")
      for (const env of [{ TOKEN_FILE: file }, { TOKEN_COMMAND: `cat ${file}` }]) {
        const { sasl } = yield* optionsOf({ ...env, TLS: "1" })
        if (sasl?.mechanism !== "oauthbearer") return assert.fail("it is no token")
        for (const token of ["one", "two"]) {
          writeFileSync(file, `${token}\n`)
          assert.strictEqual(Redacted.value(yield* Effect.promise(sasl.token)), token)
        }
        writeFileSync(file, "\n")
        const error = yield* Effect.flip(Effect.tryPromise({ try: sasl.token, catch: String }))
        assert.match(error, /has no token$/)
      }
    }))

  it.effect("is not told by a command that fails, whose output is in no message", () =>
    Effect.gen(function*() {
      const { sasl } = yield* optionsOf({ TOKEN_COMMAND: "echo s3cret; exit 3", TLS: "1" })
      if (sasl?.mechanism !== "oauthbearer") return assert.fail("it is no token")
      const error = yield* Effect.flip(Effect.tryPromise({ try: sasl.token, catch: String }))
      assert.strictEqual(error, "Error: COURANT_KAFKA_TOKEN_COMMAND ended with 3")
    }))

  const wrong: ReadonlyArray<readonly [Environment, RegExp]> = [
    [{ USERNAME: "u" }, /belong together/],
    [{ ...account, SASL: "gssapi" }, /is scram-sha-256, scram-sha-512, plain or oauthbearer, not "gssapi"/],
    [{ ...account, SASL: "oauthbearer" }, /needs COURANT_KAFKA_TOKEN_FILE or/],
    [{ ...account, TOKEN_FILE: "t" }, /a token is for COURANT_KAFKA_SASL=oauthbearer, without/],
    [{ TOKEN_FILE: "t", SASL: "plain" }, /a token is for COURANT_KAFKA_SASL=oauthbearer/],
    [{ TOKEN_FILE: "t", TOKEN_COMMAND: "c" }, /set one/],
    [{ ...account, SASL: "plain" }, /=plain sends a secret as it is: set COURANT_KAFKA_TLS=1, or 0/],
    [{ TOKEN_FILE: "t" }, /=oauthbearer sends a secret as it is/],
    [{ TLS: "yes" }, /COURANT_KAFKA_TLS is 1 or 0/]
  ]
  for (const [env, why] of wrong) {
    it.effect(`refuses ${JSON.stringify(env)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(optionsOf(env))
        assert.match(error.message, why)
        assert.isTrue(error.usage)
      }))
  }

  it.effect("may go without TLS to this machine, and where that is said", () =>
    Effect.gen(function*() {
      const plain = { ...account, SASL: "plain" }
      assert.isUndefined((yield* optionsOf(plain, "127.0.0.1:9092")).tls)
      assert.isUndefined((yield* optionsOf({ ...plain, TLS: "0" })).tls)
    }))

  for (const broker of ["localhost.example:9092", "127.example:9092", "127.0.0.1.example:9092"]) {
    it.effect(`takes ${broker} for another machine`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(optionsOf({ ...account, SASL: "plain" }, broker))
        assert.match(error.message, /=plain sends a secret as it is/)
      }))
  }
})
