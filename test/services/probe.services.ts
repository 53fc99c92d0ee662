/** An open port is not a broker that can be used: the probe, against answers of brokers that are not there yet. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Socket } from "node:net"
import * as Probe from "../../services/kafka/probe.ts"

/** What a server does with a request for an API; its port. */
const server = (answer: (socket: Socket, api: number) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const open = new Set<Socket>()
      const server = createServer((socket) => {
        open.add(socket)
        // After the size of the request comes the number of the API.
        socket.on("data", (request) => answer(socket, request.readInt16BE(4)))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        assert.isObject(address)
        const close = () => {
          for (const socket of open) socket.destroy()
          server.close()
        }
        // Only a server on a pipe has an address that is a text, and only a closed one has none.
        resume(Effect.succeed({ port: (address as { readonly port: number }).port, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ port }) => port))

/** Size, correlation id, body. */
const response = (body: ReadonlyArray<number>) => Buffer.from([0, 0, 0, 4 + body.length, 0, 0, 0, 1, ...body])

const metadata = 3
const noBrokers = response([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
const oneBroker = response([0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 104, 0, 0, 35, 132, 255, 255, 0, 0, 0, 1, 0, 0, 0, 0])
const coordinator = (error: number) => response([0, error, 0, 0, 0, 1, 0, 1, 104, 0, 0, 35, 132])

describe("a broker", () => {
  const notYet: { readonly [what: string]: readonly [(socket: Socket, api: number) => void, RegExp] } = {
    "that closes the connection": [(socket) => socket.destroy(), /closed the connection/],
    "that closes it in the middle of its answer": [
      (socket) => socket.end(oneBroker.subarray(0, 11)),
      /closed the connection/
    ],
    "that takes the request and never answers": [() => {}, /does not answer within 2 seconds/],
    "that knows of no broker": [(socket) => socket.write(noBrokers), /does not list itself yet/],
    "without a coordinator of groups": [
      (socket, api) => socket.write(api === metadata ? oneBroker : coordinator(15)),
      /consumer groups yet \(error 15\)/
    ]
  }
  for (const [what, [answer, reason]] of Object.entries(notYet)) {
    it.live(`${what} is not ready`, () =>
      Effect.gen(function*() {
        const port = yield* server(answer)
        assert.match((yield* Effect.flip(Probe.ready(port))).message, reason)
      }))
  }

  it.live("that answers both is ready, in however many pieces its answers come", () =>
    Effect.gen(function*() {
      const port = yield* server((socket, api) => {
        const bytes = api === metadata ? oneBroker : coordinator(0)
        let sent = 0
        const timer = setInterval(() => {
          socket.write(bytes.subarray(sent, ++sent))
          if (sent === bytes.length) clearInterval(timer)
        }, 1)
      })
      yield* Probe.ready(port)
    }))
})
