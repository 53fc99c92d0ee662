/** What answers mean, and what becomes of requests that get none, against a server of this process. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { inspect } from "node:util"
import { Connection, type Options } from "../../../src/adapters/influxdb/Connection.ts"
import type { InfluxdbError } from "../../../src/adapters/influxdb/InfluxdbError.ts"
import { serving } from "./serving.ts"

const secret = "s3cret-t0ken"

const options = (url: string): Options =>
  ({ url, org: "o", bucket: "b", token: Redacted.make(secret), requestTimeout: "300 millis" })

const over = <A, E>(url: string, use: (connection: Connection["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Connection.use(use), Connection.layer(options(url)), { local: true })

/** The error of a write that is answered like this; it must not know the token. */
const answered = (answer: (response: ServerResponse, request: IncomingMessage) => void) =>
  Effect.gen(function*() {
    const url = yield* serving((request, response) => {
      request.resume().on("end", () => answer(response, request))
    })
    const error = yield* Effect.flip(over(url, (connection) => connection.write("m x=1 1")))
    assert.notInclude(inspect(error, { depth: 20, showHidden: true }), secret)
    assert.notInclude(error.message, "\n")
    return { ...error, message: error.message.replaceAll(url, "URL") }
  }).pipe(Effect.scoped)

const withStatus = (status: number, body: string, headers: Record<string, string> = {}) =>
  answered((response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(body))

const json = (code: string, message: string) => JSON.stringify({ code, message })

describe("an answer", () => {
  it.live("that names a refusal of InfluxDB is one", () =>
    Effect.gen(function*() {
      for (const [status, code] of [[400, "invalid"], [422, "unprocessable entity"]] as const) {
        const { message, reason } = yield* withStatus(status, json(code, "partial write: no"))
        assert.deepStrictEqual([reason, message], ["refused", "partial write: no"])
      }
      // 1.8 has other words for it.
      const { message, reason } = yield* withStatus(400, JSON.stringify({ error: "partial write: no" }))
      assert.deepStrictEqual([reason, message], ["refused", "partial write: no"])
    }))

  it.live("of something in between says nothing about our lines", () =>
    Effect.gen(function*() {
      for (const [status, body] of [[400, "<html>\n<p>Bad Request"], [400, "{}"], [422, ""], [302, ""], [404, "404 page not found"], [405, ""], [200, "<html>Log in"]] as const) {
        const { message, reason } = yield* withStatus(status, body)
        assert.strictEqual(reason, "not-understood")
        assert.match(message, /^InfluxDB at URL answered \d{3} \(.*\)$/)
      }
    }))

  it.live("that all is well, of something else, is not taken for rows or for a deletion", () =>
    Effect.gen(function*() {
      const url = yield* serving((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in"))
      yield* over(url, (connection) =>
        Effect.gen(function*() {
          for (const request of [connection.query("", () => null), connection.delete("", "", "")]) {
            const { message, reason } = yield* Effect.flip<unknown, InfluxdbError, never>(request)
            assert.strictEqual(reason, "not-understood")
            assert.match(message, /answered 200 \(.*\)$/)
          }
        }))
    }).pipe(Effect.scoped))

  it.live("that will not change says what is wrong", () =>
    Effect.gen(function*() {
      const unknown = yield* withStatus(401, json("unauthorized", "unauthorized access"))
      assert.deepStrictEqual([unknown.reason, unknown.message], ["not-allowed",
        "InfluxDB at URL does not know the token for the bucket b of the organization o (unauthorized access)"])
      const forbidden = yield* withStatus(403, json("forbidden", "insufficient permissions for write"))
      assert.deepStrictEqual([forbidden.reason, forbidden.message], ["not-allowed",
        "InfluxDB at URL does not let the token read and write the bucket b (insufficient permissions for write)"])
      const gone = yield* withStatus(404, json("not found", "bucket \"b\" not found"))
      assert.deepStrictEqual([gone.reason, gone.message], ["not-found",
        "InfluxDB at URL: bucket \"b\" not found"])
    }))

  it.live("of 1.8, which cannot delete, is told as what it is", () =>
    Effect.gen(function*() {
      const url = yield* serving((_, response) => response.writeHead(404).end("404 page not found\n"))
      const error = yield* Effect.flip(over(url, (connection) => connection.delete("", "", "")))
      assert.strictEqual(error.reason, "cannot-delete")
      assert.include(error.message, "cannot delete points (1.8 has no /api/v2/delete)")
    }).pipe(Effect.scoped))

  it.live("of a server in trouble may be asked for again, when it says", () =>
    Effect.gen(function*() {
      const inTwoMinutes = () => new Date(Date.now() + 120_000).toUTCString()
      const cases = [
        ["30", 30_000], ["0", 0], [" 7 ", 7_000], [inTwoMinutes(), 120_000], ["Tue, 08 Oct 2013 13:30:00 GMT", 0],
        ["-5", undefined], ["1.5", undefined], ["soon", undefined], ["in 5 minutes", undefined], ["", undefined], ["31536000000", 31536000000000]
      ] as const
      for (const status of [429, 503]) {
        for (const [header, expected] of cases) {
          const { reason, retryAfter } = yield* withStatus(status, "", { "retry-after": header })
          assert.strictEqual(reason, "unavailable")
          if (expected === undefined || retryAfter === undefined) assert.strictEqual(retryAfter, expected, header)
          else assert.closeTo(retryAfter, expected, 2_000, header)
        }
      }
      for (const status of [408, 425, 500, 502, 504, 599]) {
        assert.strictEqual((yield* withStatus(status, "<html>")).reason, "unavailable")
      }
    }))

  it.live("that it is too large is told apart", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* withStatus(413, "")).reason, "too-large")
    }))

  it.live("of any length is told in a few words", () =>
    Effect.gen(function*() {
      const { message } = yield* withStatus(400, json("invalid", `unable to parse '${"x\n".repeat(50_000)}': why`))
      assert.isBelow(message.length, 700)
      assert.match(message, /^unable to parse .*': why$/)
    }))
})

describe("no answer", () => {
  it.live("is waited for so long, and the request is ended", () =>
    Effect.gen(function*() {
      let closed = 0
      const error = yield* answered((_, request) => void request.socket.on("close", () => closed++))
      assert.deepStrictEqual([error.reason, error.message], ["unreachable", "no answer within 300ms"])
      yield* Effect.sleep("50 millis")
      assert.strictEqual(closed, 1)
    }))

  it.live("a trickle is none", () =>
    Effect.gen(function*() {
      const error = yield* answered((response) => {
        response.writeHead(500, { "content-length": "1000" })
        const timer = setInterval(() => response.write("x"), 50)
        response.on("close", () => clearInterval(timer))
      })
      assert.strictEqual(error.reason, "unreachable")
    }))

  it.live("half of one is none, nor is a reset", () =>
    Effect.gen(function*() {
      const halves: ReadonlyArray<(response: ServerResponse, request: IncomingMessage) => void> = [
        (_, { socket }) => void socket.end("HTTP/1.1 204 No Con"),
        (_, { socket }) => void socket.end("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"code\":"),
        (_, { socket }) => void socket.end("nonsense\r\n\r\n"),
        (_, { socket }) => void socket.destroy(),
        (_, { socket }) => void socket.resetAndDestroy()
      ]
      for (const half of halves) assert.strictEqual((yield* answered(half)).reason, "unreachable")
    }))

  it.live("a long one that goes on coming is one", () =>
    Effect.gen(function*() {
      const url = yield* serving((_, response) => {
        response.writeHead(200, { "content-type": "text/csv" }).write(",result,table,_value\r\n")
        let rows = 0
        const timer = setInterval(() => {
          response.write(`,,0,${++rows}\r\n`)
          if (rows === 12) response.end()
        }, 50)
        response.on("close", () => clearInterval(timer))
      })
      const rows = yield* over(url, (connection) => connection.query("x", (row) => Number(row("_value"))))
      assert.deepStrictEqual(rows, Array.from({ length: 12 }, (_, i) => i + 1))
    }).pipe(Effect.scoped))

  it.live("and nobody there is the same", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(serving(() => undefined))
      const error = yield* Effect.flip(over(url, (connection) => connection.write("m x=1 1")))
      assert.strictEqual(error.reason, "unreachable")
      assert.include(error.message, "ECONNREFUSED")
    }))

  it.live("a query that fails halfway gives no half of its rows", () =>
    Effect.gen(function*() {
      const bodies = [
        ",result,table,_value\r\n,,0,1\r\n\r\nerror,reference\r\nout of memory,897\r\n",
        ",result,table,_value\r\n,,0,1\r\n\r\n,error,reference\r\n,out of memory,897\r\n"
      ]
      for (const body of bodies) {
        const url = yield* serving((_, response) => response.writeHead(200, { "content-type": "text/csv" }).end(body))
        const error = yield* Effect.flip(over(url, (connection) => connection.query("x", (row) => row("_value"))))
        assert.include(error.message, "out of memory")
      }
      const url = yield* serving((_, response) => {
        response.writeHead(200, { "content-type": "text/csv", "content-length": "1000" }).write(bodies[0]!.slice(0, 30))
        setTimeout(() => response.destroy(), 20)
      })
      assert.strictEqual((yield* Effect.flip(over(url, (connection) => connection.query("x", () => 0)))).reason, "unreachable")
    }).pipe(Effect.scoped))
})

describe("the URL", () => {
  it.effect("has to be one, without a password", () =>
    Effect.gen(function*() {
      for (const url of ["", "localhost:8086", "ftp://x", "http://x/?y=1", `http://user:${secret}@x`]) {
        const error = yield* Effect.flip(over(url, () => Effect.void))
        assert.strictEqual(error.reason, url.includes(secret) ? "password-in-url" : "invalid-url")
        assert.notInclude(error.message, secret)
      }
    }))

  it.live("may have a path, with or without a slash at the end, or that of the interface", () =>
    Effect.gen(function*() {
      const paths: Array<string> = []
      const url = yield* serving((request, response) => {
        paths.push(request.url ?? "")
        response.writeHead(204).end()
      })
      for (const suffix of ["", "/", "/influx", "/influx/", "/api/v2", "/api/v2/"]) {
        yield* over(`${url}${suffix}`, (connection) => connection.write("m x=1 1"))
      }
      const path = "/api/v2/write?org=o&bucket=b&precision=ms"
      assert.deepStrictEqual(paths, [path, path, `/influx${path}`, `/influx${path}`, path, path])
    }).pipe(Effect.scoped))
})
