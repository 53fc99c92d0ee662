/** What a session promises, against a server of this process. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createServer } from "node:net"
import { inspect } from "node:util"
import * as Plan from "../../../../src/adapters/spark/connect/Plan.ts"
import * as Session from "../../../../src/adapters/spark/connect/Session.ts"
import * as FakeSpark from "./FakeSpark.ts"

describe("connecting", () => {
  it.live("says the version, and releases the session with its scope", () =>
    Effect.gen(function*() {
      const server = yield* FakeSpark.serve()
      const { id, serverSessionId, version } = yield* Effect.scoped(Session.connect(server))
      assert.deepStrictEqual([version, serverSessionId], ["4.0.0", FakeSpark.serverSessionId])
      assert.match(id, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
      assert.deepStrictEqual(server.sessions, [id])
    }).pipe(Effect.scoped))

  it.live("keeps the session where told, and takes up one that is there", () =>
    Effect.gen(function*() {
      const server = yield* FakeSpark.serve()
      const sessionId = "6f1f1c0e-8a3c-4e4e-9f5e-2d8f3b1f0a11"
      const { id } = yield* Effect.scoped(Session.connect({ ...server, keep: true, sessionId }))
      assert.strictEqual(id, sessionId)
      assert.deepStrictEqual(server.sessions, [])
    }).pipe(Effect.scoped))

  it.live("a wrong token is told apart, at once, and is in no message", () =>
    Effect.gen(function*() {
      const server = yield* FakeSpark.serve()
      const wrong = Session.connect({ ...server, token: Redacted.make("wr0ng") })
      const error = yield* Effect.flip(Effect.scoped(wrong)).pipe(Effect.timeout("20 seconds"))
      assert.strictEqual(error._tag === "SparkError" && error.reason, "unauthenticated")
      assert.notInclude(inspect(error, { depth: 10 }), "wr0ng")
    }).pipe(Effect.scoped))

  it.live("a server that is away is waited for, so long and no longer", () =>
    Effect.gen(function*() {
      const port = yield* freePort
      const at = { host: "127.0.0.1", port, token: FakeSpark.token }
      const error = yield* Effect.flip(Effect.scoped(Session.connect({ ...at, patience: "300 millis" })))
      assert.strictEqual(error.reason, "unreachable")
      assert.include(error.message, `127.0.0.1:${port} answered within 300ms`)

      const late = Effect.andThen(Effect.sleep("500 millis"), FakeSpark.serve({}, port))
      const connecting = Session.connect({ ...at, patience: "10 seconds" })
      const [{ version }] = yield* Effect.all([connecting, late], { concurrency: 2 })
      assert.strictEqual(version, "4.0.0")
    }).pipe(Effect.scoped))
})

describe("errors", () => {
  const relation = Plan.sql("SELECT 1")

  /** The error of a question that is answered like this. */
  const answered = (told: Parameters<typeof FakeSpark.serve>[0]) =>
    Effect.gen(function*() {
      let isFirst = true
      const server = yield* FakeSpark.serve({
        ...told,
        analyzePlan: (request, context) => {
          const answer = isFirst
            ? { serverSideSessionId: FakeSpark.serverSessionId, result: { case: "sparkVersion", value: {} } as const }
            : told?.analyzePlan?.(request, context)
          isFirst = false
          return answer ?? {}
        }
      })
      const session = yield* Session.connect({ ...server, patience: "300 millis" })
      return yield* Effect.flip(session.explain(relation))
    }).pipe(Effect.scoped)

  it.live("are Spark's, with all that the server knows of them", () =>
    Effect.gen(function*() {
      const error = yield* answered({
        analyzePlan: () => {
          throw FakeSpark.sparkError("STREAM_FAILED", { errorId: "e1", messageParameters: `{"id":"short"}` })
        },
        fetchErrorDetails: ({ errorId }) => ({
          rootErrorIdx: 0,
          errors: [
            {
              message: `all of ${errorId}`,
              causeIdx: 1,
              sparkThrowable: { errorClass: "STREAM_FAILED", sqlState: "XXKST", messageParameters: { id: "q" } }
            },
            // A cause that names an error that was there before: a server's mistake, over which we do not hang.
            { message: "disk is full", causeIdx: 0 }
          ]
        })
      })
      const { causes, errorClass, message, parameters, reason, sqlState } = error
      assert.deepStrictEqual(
        { causes, errorClass, message, parameters, reason, sqlState },
        {
          causes: ["disk is full"],
          errorClass: "STREAM_FAILED",
          message: "all of e1",
          parameters: { id: "q" },
          reason: "refused",
          sqlState: "XXKST"
        }
      )
    }))

  it.live("are as the status says where the server no longer knows more", () =>
    Effect.gen(function*() {
      const { errorClass, message, parameters, sqlState } = yield* answered({
        analyzePlan: () => {
          throw FakeSpark.sparkError("PARSE_SYNTAX_ERROR", { errorId: "e1", messageParameters: `{"error":"'x'"}` })
        }
      })
      assert.deepStrictEqual(
        { errorClass, message, parameters, sqlState },
        {
          errorClass: "PARSE_SYNTAX_ERROR",
          message: "[PARSE_SYNTAX_ERROR] told so",
          parameters: { error: "'x'" },
          sqlState: "XX000"
        }
      )
    }))

  it.live("tell that the server was started anew: what it was before is sent along", () =>
    Effect.gen(function*() {
      const error = yield* answered({
        analyzePlan: ({ clientObservedServerSideSessionId: observed }) => {
          if (observed === FakeSpark.serverSessionId) throw FakeSpark.sparkError("INVALID_HANDLE.SESSION_CHANGED")
          return {}
        }
      })
      assert.strictEqual(error.reason, "session-changed")
    }))

  it.live("an answer to another question is not taken for one", () =>
    Effect.gen(function*() {
      const error = yield* answered({ analyzePlan: () => ({ result: { case: "isStreaming", value: {} } }) })
      assert.strictEqual(error.reason, "not-understood")
    }))
})

/** A port at which nobody listens. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
