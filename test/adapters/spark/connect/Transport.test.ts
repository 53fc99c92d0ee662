/** The way to a server: with TLS and without, what is said where the two ends differ, and what each request says of itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createServer as createPlainServer } from "node:net"
import * as Session from "../../../../src/adapters/spark/connect/Session.ts"
import * as FakeSpark from "./FakeSpark.ts"
import { withTls } from "./TlsProxy.ts"

const failing = (options: Session.Options) =>
  Effect.flip(Effect.scoped(Session.connect({ patience: "20 seconds", ...options }))).pipe(Effect.timeout("15 seconds"))

describe("a server with TLS", () => {
  it.live("is spoken to under its authority, and others are told why not, at once", () =>
    Effect.gen(function*() {
      const fake = yield* FakeSpark.serve()
      const { ca, port } = yield* withTls(fake.port)
      const at = { host: "127.0.0.1", port, token: fake.token }
      const { version } = yield* Effect.scoped(Session.connect({ ...at, tls: { ca } }))
      assert.strictEqual(version, "4.0.0")
      const untrusted = yield* failing({ ...at, tls: {} })
      const plain = yield* failing(at)
      const none = yield* failing({ ...at, port: fake.port, tls: { ca } })
      const reasons = [untrusted, plain, none].map((error) => [error._tag === "SparkError" && error.reason, error.message])
      assert.deepStrictEqual(reasons, [
        ["insecure", `Spark Connect at 127.0.0.1:${port} shows a certificate that is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`],
        ["insecure", `Spark Connect at 127.0.0.1:${port} wants TLS`],
        ["insecure", `Spark Connect at 127.0.0.1:${fake.port} does not speak TLS`]
      ])
    }).pipe(Effect.scoped))
})

describe("a token", () => {
  it.live("goes to another machine with TLS only, unless told, and nowhere before", () =>
    Effect.gen(function*() {
      const at = { host: "192.0.2.1", port: 9, token: Redacted.make("s3cret") }
      const error = yield* failing(at)
      assert.deepStrictEqual([error._tag === "SparkError" && error.reason, error.message], ["insecure", "the token would go to Spark Connect at 192.0.2.1:9 without TLS"])
      for (const allowed of [{ isTrusted: true }, { token: Redacted.make("") }, { tls: {} }]) {
        const error = yield* failing({ ...at, ...allowed, patience: "100 millis" })
        assert.strictEqual(error._tag === "SparkError" && error.reason, "unreachable", error.message)
      }
    }))

  it.live("and headers are in each request; an empty one is not", () =>
    Effect.gen(function*() {
      const seen: Array<readonly [string | null, string | null]> = []
      const server = yield* FakeSpark.serve({
        analyzePlan: (_, { requestHeader }) => {
          seen.push([requestHeader.get("authorization"), requestHeader.get("x-cluster")])
          return { serverSideSessionId: "its own", result: { case: "sparkVersion", value: { version: "4.0.0" } } }
        }
      })
      yield* Effect.scoped(Session.connect({ ...server, headers: { "x-cluster": "a" } }))
      yield* Effect.scoped(Session.connect({ ...server, token: Redacted.make("") }))
      assert.deepStrictEqual(seen, [[`Bearer ${Redacted.value(server.token)}`, "a"], [null, null]])
    }).pipe(Effect.scoped))
})

it.live("a port where something else listens is only away", () =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createPlainServer>>((resume) => {
        const server = createPlainServer((socket) => void socket.on("error", () => {}).destroy())
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    for (const tls of [undefined, {}]) {
      const error = yield* failing({ host: "127.0.0.1", port, token: Redacted.make(""), tls, patience: "100 millis" })
      assert.strictEqual(error._tag === "SparkError" && error.reason, "unreachable", error.message)
    }
  }).pipe(Effect.scoped))
