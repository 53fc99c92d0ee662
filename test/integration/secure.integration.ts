/** Brokers that want to know who comes: TLS, SASL/SCRAM and client certificates, as a user sets them up, in the environment. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Schema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Server } from "node:net"
import { join } from "node:path"
import * as Certificates from "../../services/kafka/certificates.ts"
import { Kafka, KafkaSecurity } from "../../services/testing.ts"
import { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import { courant, linesOf, temporaryFolder } from "../cli/courant.ts"
import { services } from "../services/processes.ts"
import { newTopic } from "./brokers.ts"
import { actual, engineOn, expected, market, pipelines, stores } from "./market.ts"

const libraries = ["kafkajs", "platformatic"] as const

const names = pipelines.map(({ name }) => name).join(",")

type Access = typeof KafkaSecurity.Service
type Environment = { readonly [name: string]: string }

/** Who comes with a user and a password. */
const asUser = ({ brokers, ca, password, username }: Access): Environment => ({
  COURANT_KAFKA_BROKERS: brokers,
  COURANT_KAFKA_TLS: "1",
  COURANT_KAFKA_CA: ca,
  COURANT_KAFKA_USERNAME: username,
  COURANT_KAFKA_PASSWORD: password
})

/** Who comes with a certificate. */
const asClient = ({ ca, cert, key, mutual }: Access): Environment => ({
  COURANT_KAFKA_BROKERS: mutual,
  COURANT_KAFKA_CA: ca,
  COURANT_KAFKA_CERT: cert,
  COURANT_KAFKA_KEY: key
})

const optionsOf = (access: Access) => ({
  brokers: [access.brokers],
  tls: { ca: readFileSync(access.ca, "utf8") },
  sasl: { mechanism: "scram-sha-512", username: access.username, password: Redacted.make(access.password) }
} as const)

const without = (env: Environment, ...names: ReadonlyArray<string>): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name.replace("COURANT_KAFKA_", ""))))

/** Two commands over a topic of their own: what was ingested is processed into the batch fold's panes. */
const roundTrip = Effect.fnUntraced(function*(access: Access, env: Environment) {
  const topic = yield* newTopic
  const cwd = yield* temporaryFolder
  const input = market(1_000).map((line) => `${line}\n`).join("")
  const ingested = yield* courant(`ingest --feed stdin --log kafka --topic ${topic}`, { cwd, input, env })
  assert.strictEqual(ingested.code, 0, ingested.stderr)
  assert.match(ingested.stderr, /^appended 1000 records to /m)
  const processed = yield* courant(`process --log kafka --topic ${topic} --sink kafka --pipelines ${names} --once`, { cwd, env })
  assert.strictEqual(processed.code, 0, processed.stderr)
  assert.match(processed.stderr, /^read 1000, /m)
  yield* Effect.gen(function*() {
    assert.deepStrictEqual(yield* actual, yield* expected)
  }).pipe(Effect.provide(engineOn(stores(topic)).pipe(Layer.provide(Connection.layer(optionsOf(access))))))
}, Effect.scoped)

/** A JWT without a signature (https://kafka.apache.org/documentation/#security_sasl_oauthbearer), good for so many seconds. */
const tokenOf = (subject: string, seconds = 3_600): string => {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { sub: subject, iat: now - 7_200, exp: now + seconds }
  return [{ alg: "none" }, claims].map((part) => `${Buffer.from(JSON.stringify(part)).toString("base64url")}.`).join("")
}

/** A command that is refused: before it has waited for a minute, with 1, one line and without a secret. */
const refused = Effect.fnUntraced(function*(env: Environment, secret: string) {
  const began = performance.now()
  const { code, stderr, stdout } = yield* attempt(env, "")
  assert.isBelow(performance.now() - began, 55_000)
  assert.deepStrictEqual([code, stdout, linesOf(stderr).length], [1, "", 1], stderr)
  assertNone(secret, stderr)
  return stderr
})

/** The same told at length, with no more of a secret. */
const refusedAtLength = Effect.fnUntraced(function*(env: Environment, secret: string) {
  const { code, stderr } = yield* attempt(env, "--log-level debug")
  assert.strictEqual(code, 1)
  assert.isAbove(linesOf(stderr).length, 5)
  assertNone(secret, stderr)
})

const attempt = Effect.fnUntraced(function*(env: Environment, flags: string) {
  const cwd = yield* temporaryFolder
  return yield* courant(`process --log kafka --topic nothing --once --connect-timeout 60s ${flags}`, { cwd, env })
}, Effect.scoped)

/** As it is, and as dumps of bytes or messages of SASL would have it. */
const assertNone = (secret: string, text: string) => {
  for (const encoding of ["utf8", "base64", "hex"] as const) assert.notInclude(text, Buffer.from(secret).toString(encoding))
}

/** Commands take their time, by the real clock. */
const lasting = { timeout: "10 minutes", excludeTestServices: true } as const

describe("a broker with TLS", () => {
  layer(Kafka.layer({ secure: true }), lasting)((it) => {
    for (const library of libraries) {
      describe(library, () => {
        const over = { COURANT_KAFKA_LIBRARY: library }

        for (const mechanism of ["scram-sha-512", "scram-sha-256", "plain"]) {
          it.effect(`${mechanism}: what is ingested is processed into the batch fold's panes`, () =>
            Effect.gen(function*() {
              const access = yield* KafkaSecurity
              yield* roundTrip(access, { ...asUser(access), ...over, COURANT_KAFKA_SASL: mechanism })
            }))
        }

        for (const [by, variable] of [["a file", "COURANT_KAFKA_TOKEN_FILE"], ["a command", "COURANT_KAFKA_TOKEN_COMMAND"]] as const) {
          it.effect(`oauthbearer, out of ${by}: what is ingested is processed into the batch fold's panes`, () =>
            Effect.gen(function*() {
              const access = yield* KafkaSecurity
              const file = join(yield* temporaryFolder, "token")
              writeFileSync(file, `${tokenOf(access.username)}\n`)
              const token = { [variable]: by === "a file" ? file : `cat ${file}` }
              yield* roundTrip(access, { ...without(asUser(access), "USERNAME", "PASSWORD"), ...over, ...token })
            }).pipe(Effect.scoped))
        }

        it.effect("a token that is refused is told at once, and is in no message", () =>
          Effect.gen(function*() {
            const access = yield* KafkaSecurity
            const env = { ...without(asUser(access), "USERNAME", "PASSWORD"), ...over }
            const expired = tokenOf(access.username, -3_600)
            assert.match(yield* refused({ ...env, COURANT_KAFKA_TOKEN_COMMAND: `echo ${expired}` }, expired), /refuses the token \(OAUTHBEARER\); check COURANT_KAFKA_TOKEN_FILE/)
          }).pipe(Effect.scoped))

        it.effect("a client certificate does as well", () =>
          Effect.gen(function*() {
            const access = yield* KafkaSecurity
            yield* roundTrip(access, { ...asClient(access), ...over })
          }))

        it.effect("a connection that is cut while we say who we are is made again", () =>
          Effect.gen(function*() {
            const access = yield* KafkaSecurity
            for (let bytes = 0; bytes < 3_000; bytes += 200) {
              yield* Effect.gen(function*() {
                const brokers = [yield* cutting(access.brokers, { first: 2, after: bytes })]
                yield* Layer.build(Connection.layer({ ...optionsOf(access), brokers, library }))
              }).pipe(Effect.scoped, Effect.mapError(({ message }) => `after ${bytes} bytes: ${message}`))
            }
          }))

        it.effect("who is refused is told why in one line, at once, without a secret", () =>
          Effect.gen(function*() {
            const access = yield* KafkaSecurity
            const folder = yield* temporaryFolder
            const foreign = yield* Certificates.make("the test", folder)
            const [user, client] = [{ ...asUser(access), ...over }, { ...asClient(access), ...over }]
            const plain = without(user, "CA", "TLS")
            const nobody = without(user, "USERNAME", "PASSWORD")
            const cases: ReadonlyArray<readonly [Environment, RegExp]> = [
              [{ ...user, COURANT_KAFKA_PASSWORD: wrong }, /refuses the user "courant" or its password \(SCRAM-SHA-512\); check COURANT_KAFKA_USERNAME/],
              [{ ...user, COURANT_KAFKA_CA: foreign.ca }, /a certificate that is not trusted \(\w+\); set COURANT_KAFKA_CA/],
              [plain, /wants TLS; set COURANT_KAFKA_TLS=1/],
              [nobody, /wants a user and a password \(SCRAM-.*\); set COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD/],
              [{ ...user, COURANT_KAFKA_BROKERS: access.mutual }, /wants a client certificate; set COURANT_KAFKA_CERT and COURANT_KAFKA_KEY/],
              [
                { ...client, COURANT_KAFKA_CERT: foreign.clientCert, COURANT_KAFKA_KEY: foreign.clientKey },
                /refuses the client certificate; set COURANT_KAFKA_CERT/
              ],
              [{ ...user, ...client }, /knows no users at this port; unset/]
            ]
            for (const [env, reason] of cases) {
              const secret = env["COURANT_KAFKA_PASSWORD"] ?? access.password
              const line = yield* refused(env, secret)
              assert.match(line, reason)
              if (secret === wrong || env["COURANT_KAFKA_CA"] === foreign.ca) yield* refusedAtLength(env, secret)
              assert.isTrue(line.startsWith(`courant: Kafka at ${env["COURANT_KAFKA_BROKERS"]} `), line)
            }
          }))
      })
    }

    it.effect("files that are no certificates are named before anyone is asked", () =>
      Effect.gen(function*() {
        const access = yield* KafkaSecurity
        const text = join(yield* temporaryFolder, "text")
        writeFileSync(text, "not a certificate")
        const asked = { ...asClient(access), COURANT_KAFKA_BROKERS: "127.0.0.1:1" }
        const line = yield* refused({ ...asked, COURANT_KAFKA_CA: text }, access.password)
        assert.strictEqual(line, `courant: COURANT_KAFKA_CA: ${text} is no certificate in PEM\n`)
        assert.match(yield* refused({ ...asked, COURANT_KAFKA_KEY: access.ca }, access.password), /are not a certificate and its key/)
      }))
  })

  layer(Kafka.layer(), lasting)("and one without", (it) => {
    for (const library of libraries) {
      it.effect(`is not taken for one by ${library}`, () =>
        Effect.gen(function*() {
          const { access } = yield* Kafka
          const env = { COURANT_KAFKA_BROKERS: access.brokers, COURANT_KAFKA_LIBRARY: library, COURANT_KAFKA_TLS: "1" }
          assert.match(yield* refused(env, wrong), /does not speak TLS at this port/)
        }))
    }
  })
})

/** A password that nobody has and that does not come about by chance. */
const wrong = "correct-horse-battery-staple"

/** A way to a server that cuts its first connections after so many bytes of the server; its address. */
const cutting = (server: string, { after, first }: { readonly first: number; readonly after: number }) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      let connections = 0
      const proxy = createServer((client) => {
        const isCut = ++connections <= first
        let received = 0
        const there = connect(Number(server.split(":")[1]), "127.0.0.1")
        there.on("data", (bytes) => {
          received += bytes.length
          if (isCut && received > after) client.destroy()
          else client.write(bytes)
        })
        client.on("data", (bytes) => there.write(bytes))
        for (const [end, other] of [[client, there], [there, client]] as const) {
          end.on("error", () => {})
          end.on("close", () => other.destroy())
        }
      })
      proxy.listen(0, "127.0.0.1", () => resume(Effect.succeed(proxy)))
    }),
    (proxy) => Effect.sync(() => proxy.close())
  ).pipe(Effect.map((proxy) => {
    // Only a server on a pipe has an address that is a text, and only a closed one has none.
    const { port } = proxy.address() as AddressInfo
    return `127.0.0.1:${port}`
  }))

const Status = Schema.fromJsonString(Schema.Struct({ "kafka-secure": Schema.Record(Schema.String, Schema.String) }))

describe("npm run services -- up kafka-secure", () => {
  it.live("keeps its password and makes its certificates anew; status --json says how to get in", () =>
    Effect.gen(function*() {
      const data = yield* Effect.acquireRelease(temporaryFolder, (data) => services(["down", "--data", data]))
      const run = (...args: ReadonlyArray<string>) => services([...args, "--data", data])
      const passwords = new Set<string | undefined>()
      const authorities = new Set<string>()
      for (let start = 0; start < 2; start++) {
        const up = yield* run("up", "kafka-secure")
        assert.strictEqual(up.code, 0, up.stderr)
        const { stdout } = yield* run("status", "--json")
        const access = Schema.decodeUnknownSync(Status)(stdout)["kafka-secure"]
        assert.deepStrictEqual(Object.keys(access), ["brokers", "username", "password", "ca", "mutual", "cert", "key"])
        passwords.add(access["password"])
        authorities.add(readFileSync(access["ca"] ?? "", "utf8"))
        assert.notInclude((yield* run("logs", "kafka-secure")).stdout, access["password"] ?? "none")
        // The list of keys above is that of the type.
        if (start > 0) yield* roundTrip(access as Access, asUser(access as Access))
        assert.strictEqual((yield* run("down", "kafka-secure")).code, 0)
      }
      assert.deepStrictEqual([passwords.size, authorities.size], [1, 2])
    }))

  it.live("says that OpenSSL is missing", () =>
    Effect.gen(function*() {
      const data = yield* temporaryFolder
      const { code, stderr } = yield* services(["up", "kafka-secure", "--data", data], { env: { PATH: "" } })
      assert.strictEqual(code, 1)
      assert.match(stderr, /kafka-secure makes its certificates with OpenSSL, and there is no openssl on the PATH: install it/)
    }))
})
