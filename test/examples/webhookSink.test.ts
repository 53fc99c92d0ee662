/** The example of a webhook sink against a server that fails now and then. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as webhookSink from "../../examples/webhookSink.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import * as ResultSinkContract from "../../src/testing/ResultSinkContract.ts"

/** Answers by number, the first request being 0; what it has taken, and how often it was asked. */
const serverThat = (answer: (request: number, response: ServerResponse, message: IncomingMessage) => number | null) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly taken: Array<unknown>; readonly close: () => void; asked: () => number }>((resume) => {
      const taken: Array<unknown> = []
      let asked = 0
      const server = createServer((message, response) => {
        const chunks: Array<Buffer> = []
        message.on("data", (chunk: Buffer) => chunks.push(chunk))
        message.on("end", () => {
          const status = answer(asked++, response, message)
          if (status === null) return message.socket.destroy()
          if (status === 200) taken.push(...JSON.parse(Buffer.concat(chunks).toString()) as Array<unknown>)
          response.writeHead(status).end()
        })
      }).listen(0, "127.0.0.1", () => {
        // A server that listens on TCP has such an address.
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/panes`, taken, close, asked: () => asked }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const pane = (start: number): Pane => ({ pipeline: "p", key: "k", start, end: start + 1, pane: "on-time", revision: 0, changes: 1, values: { n: 2n ** 60n } })

const writing = (url: string, batches: number) =>
  ResultSink.use((sink) => Effect.forEach(Array.from({ length: batches }, (_, n) => n), (n) => sink.write([pane(n)]), { discard: true })).pipe(
    Effect.provide(webhookSink.layer(url))
  )

it.live("every pane arrives, in order, however often the server fails or says nothing", () =>
  Effect.scoped(Effect.gen(function*() {
    const statuses = [500, null, 200, 429, 503, 200, null, 408]
    const { asked, taken, url } = yield* serverThat((request) => statuses[request % statuses.length] ?? 500)
    yield* writing(url, 6)
    assert.deepStrictEqual(taken, Array.from({ length: 6 }, (_, n) => ({ ...pane(n), values: { n: String(2n ** 60n) } })))
    assert.isAbove(asked(), 12)
  })), 60_000)

it.live("what will never pass ends the run, and says what the server said", () =>
  Effect.scoped(Effect.gen(function*() {
    const { asked, url } = yield* serverThat(() => 422)
    const error = yield* Effect.flip(writing(url, 1))
    assert.match(error.message, /the function that takes panes failed: .*422/)
    assert.strictEqual(asked(), 1)
  })))

ResultSinkContract.suiteWriteOnly("a webhook", Layer.unwrap(Effect.map(serverThat(() => 200), ({ url }) => webhookSink.layer(url))))
