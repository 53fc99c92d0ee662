/** What answers of a master mean, against a server of this process; the cluster in memory keeps the contract. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createServer, type RequestListener } from "node:http"
import { inspect } from "node:util"
import * as MemorySubmissions from "../../../../src/adapters/spark/rest/MemorySubmissions.ts"
import type { SubmissionError } from "../../../../src/adapters/spark/rest/SubmissionError.ts"
import { Submissions } from "../../../../src/adapters/spark/rest/Submissions.ts"
import * as SubmissionsContract from "./SubmissionsContract.ts"

const outcomes: Readonly<Record<string, "FINISHED" | "FAILED">> = { finishing: "FINISHED", failing: "FAILED" }

SubmissionsContract.suite(
  "in memory",
  { endless: { mainClass: "endless" }, finishing: { mainClass: "finishing" }, failing: { mainClass: "failing" } },
  MemorySubmissions.layer({ fate: ({ mainClass }) => outcomes[mainClass] ?? "RUNNING" })
)

const secrets = ["s3cret-of-rest", "s3cret-of-environment", "s3cret-of-property"] as const

const application = {
  mainClass: "org.example.Main",
  args: ["a", "b c"],
  jar: "file:///app.jar",
  environment: { TOKEN: Redacted.make(secrets[1]), PLAIN: "1" },
  properties: { "spark.password": Redacted.make(secrets[2]), "spark.jars": "file:///lib.jar" }
}

const serving = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer(listener).listen(0, "127.0.0.1", () => {
        const address = server.address()
        const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
        resume(Effect.succeed({ url, close: () => (server.close(), server.closeAllConnections()) }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ url }) => url))

const over = <A, E>(url: string, use: (submissions: Submissions["Service"]) => Effect.Effect<A, E>) =>
  Submissions.use(use).pipe(
    Effect.provide(
      Submissions.layer({ url, token: Redacted.make(secrets[0]), timeout: "300 millis" }),
      { local: true }
    )
  )

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: string
}

/** What becomes of a request that is answered like this, and the request. */
const answered = <A>(
  status: number,
  body: string,
  use: (submissions: Submissions["Service"]) => Effect.Effect<A, SubmissionError>
) =>
  Effect.gen(function*() {
    const asked: Array<Asked> = []
    const url = yield* serving((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part)).on("end", () => {
        const { headers: { authorization }, method, url } = request
        asked.push({ method, url, authorization, body: Buffer.concat(parts).toString() })
        response.writeHead(status, { "content-type": "application/json" }).end(body)
      })
    })
    const result = yield* Effect.result(over(url, use))
    if (result._tag === "Failure") {
      const shown = inspect(result.failure, { depth: 20, showHidden: true })
      for (const secret of secrets) assert.notInclude(shown, secret)
      assert.notInclude(result.failure.message, "\n")
    }
    return { asked, result, url }
  }).pipe(Effect.scoped)

const errorOf = Effect.fnUntraced(function*(
  status: number,
  body: string,
  use: (submissions: Submissions["Service"]) => Effect.Effect<unknown, SubmissionError> = ({ create }) => create(application)
) {
  const { result, url } = yield* answered(status, body, use)
  if (result._tag === "Success") return assert.fail(`succeeded: ${inspect(result.success)}`)
  return [result.failure.reason, result.failure.message.replaceAll(url, "URL")] as const
})

const answer = (fields: object) => JSON.stringify({ serverSparkVersion: "4.0.0", ...fields })

describe("a request", () => {
  it.live("submits an application in cluster mode, with its jar for executors as well, and with the token", () =>
    Effect.gen(function*() {
      const { asked, result } = yield* answered(
        200,
        answer({ action: "CreateSubmissionResponse", submissionId: "driver-1", success: true }),
        ({ create }) => create(application)
      )
      assert.deepStrictEqual(result._tag === "Success" && result.success, "driver-1")
      assert.deepStrictEqual(asked.map(({ body, ...rest }) => ({ ...rest, body: JSON.parse(body) as unknown })), [{
        method: "POST",
        url: "/v1/submissions/create",
        authorization: `Bearer ${secrets[0]}`,
        body: {
          action: "CreateSubmissionRequest",
          clientSparkVersion: "4.0.0",
          appResource: "file:///app.jar",
          mainClass: "org.example.Main",
          appArgs: ["a", "b c"],
          environmentVariables: { TOKEN: secrets[1], PLAIN: "1" },
          sparkProperties: {
            "spark.app.name": "org.example.Main",
            "spark.password": secrets[2],
            "spark.jars": "file:///app.jar,file:///lib.jar",
            "spark.submit.deployMode": "cluster"
          }
        }
      }])
    }))

  it.live("for the state of a driver gives where it runs, and what the master says of it", () =>
    Effect.gen(function*() {
      const { result } = yield* answered(
        200,
        answer({ success: true, driverState: "ERROR", workerHostPort: "host-1:7078", message: "gone" }),
        ({ status }) => status("driver-1")
      )
      assert.deepStrictEqual(
        result._tag === "Success" && result.success,
        { id: "driver-1", state: "ERROR", host: "host-1", message: "gone" }
      )
    }))
})

describe("an answer", () => {
  const cases: ReadonlyArray<readonly [what: string, status: number, body: string, reason: string, message: RegExp]> = [
    ["468", 468, answer({ highestProtocolVersion: "v3", message: "Unknown" }), "protocol-mismatch", /not .* v1 .* but v3$/],
    ["400", 400, answer({ message: "Malformed: Failed!\n\torg.apache.X.y(Z.scala:70)\n\tjava.base/z.Q.w(A.java:1)" }),
      "refused", /^the Spark master at URL refuses: Malformed: Failed!$/],
    ["500 with a page", 500, "<html><title>Error 500 no &lt;class&gt;</title><body>x</body></html>", "refused", /: Error 500/],
    ["success: false", 200, answer({ success: false, message: "standby" }), "refused", /refuses: standby$/],
    ["with a secret in it", 400, answer({ message: `no ${secrets.join(" ")}!` }), "refused", /refuses: no … … …!$/],
    ["401", 401, "", "not-allowed", /wants a token that its key has signed \(401\)$/],
    ["403", 403, "<html>", "not-allowed", /wants a token that its key has signed \(403\)$/],
    ["of another server", 200, "<html>hello</html>", "not-understood", /answers 200.*port 6066/],
    ["404", 404, "", "not-understood", /answers 404/],
    ["without an id", 200, answer({ success: true }), "refused", /does not say why/]
  ]
  for (const [what, status, body, reason, message] of cases) {
    it.live(`${what}: ${reason}`, () =>
      Effect.gen(function*() {
        const [found, words] = yield* errorOf(status, body)
        assert.strictEqual(found, reason, words)
        assert.match(words, message)
      }))
  }

  it.live("without a state is of no submission, although it is a 200", () =>
    Effect.gen(function*() {
      const [reason] = yield* errorOf(200, answer({ success: false, submissionId: "x" }), ({ status }) => status("x"))
      assert.strictEqual(reason, "unknown-submission")
    }))

  it.live("with a state that Spark does not have is not understood", () =>
    Effect.gen(function*() {
      const [reason] = yield* errorOf(200, answer({ success: true, driverState: "ASLEEP" }), ({ status }) => status("x"))
      assert.strictEqual(reason, "not-understood")
    }))

  it.live("of a master that stands by: it is not ready", () =>
    Effect.gen(function*() {
      const [reason, message] = yield* errorOf(200, answer({ success: false }), ({ ready }) => ready)
      assert.strictEqual(reason, "refused")
      assert.match(message, /not the active master/)
    }))
})

describe("a kill that is not done", () => {
  const killed = (driverState: object) =>
    answered(200, answer({ success: false, message: "no", ...driverState }), ({ kill }) => kill("driver-1"))

  it.live("is none of those that have ended, an unknown id, or a refusal: which one is told by the state", () =>
    Effect.gen(function*() {
      for (const driverState of ["KILLED", "FINISHED", "FAILED", "ERROR"]) {
        const { asked, result } = yield* killed({ driverState })
        assert.deepStrictEqual(result._tag === "Success" && [result.success], [false])
        assert.deepStrictEqual(asked.map(({ method, url }) => `${method} ${url}`), [
          "POST /v1/submissions/kill/driver-1",
          "GET /v1/submissions/status/driver-1"
        ])
      }
      for (const [state, reason] of [[{}, "unknown-submission"], [{ driverState: "RUNNING" }, "refused"]] as const) {
        const { result } = yield* killed(state)
        assert.strictEqual(result._tag === "Failure" && result.failure.reason, reason)
      }
    }))

  it.live("is not asked for with an id that would be another path", () =>
    Effect.gen(function*() {
      for (const id of ["", "..", "../killall", "a/b", "a?b", "%2e%2e"]) {
        const { asked, result } = yield* answered(200, answer({ success: true }), ({ kill }) => kill(id))
        assert.deepStrictEqual([asked, result._tag], [[], "Failure"])
      }
    }))
})

describe("no answer", () => {
  it.live("from a port where nobody listens, and from one who is silent", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(over("http://127.0.0.1:9", ({ ready }) => ready))
      assert.strictEqual(refused.reason, "unreachable")
      const url = yield* serving(() => {})
      const silent = yield* Effect.flip(over(url, ({ ready }) => ready))
      assert.deepStrictEqual([silent.reason, silent.message], ["unreachable", `the Spark master at ${url} does not answer in time`])
    }).pipe(Effect.scoped))

  it.live("is asked of what is no URL, or has a password", () =>
    Effect.gen(function*() {
      for (const url of ["", "127.0.0.1:6066", "spark://127.0.0.1:7077", "http://me:hush@127.0.0.1", "http://me@127.0.0.1"]) {
        const { message, reason } = yield* Effect.flip(over(url, ({ ready }) => ready))
        assert.strictEqual(reason, "not-understood")
        assert.notInclude(message, "hush")
      }
    }))
})
