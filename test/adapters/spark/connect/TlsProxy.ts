/** TLS before a server that has none, with a certificate of its own authority. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { createServer } from "node:tls"
import * as Certificates from "../../../../services/kafka/certificates.ts"
import { temporaryFolder } from "../../../cli/courant.ts"

/** A server with TLS, which hands on to one without. */
export const withTls = Effect.fnUntraced(function*(to: number) {
  const files = yield* Certificates.make("Spark", yield* temporaryFolder)
  const pem = readFileSync(files.server, "utf8")
  const sockets = new Set<Socket>()
  const server = createServer({ key: pem, cert: pem, ALPNProtocols: ["h2"] }, (incoming) => {
    const outgoing = connect(to, "127.0.0.1")
    for (const [socket, other] of [[incoming, outgoing], [outgoing, incoming]] as const) {
      sockets.add(socket.on("error", () => {}).on("close", () => other.destroy()))
    }
    incoming.pipe(outgoing).pipe(incoming)
  })
  server.on("tlsClientError", () => {})
  yield* Effect.acquireRelease(Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))), () =>
    Effect.sync(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    }))
  const address = server.address()
  return { ca: readFileSync(files.ca, "utf8"), port: typeof address === "object" && address !== null ? address.port : 0 }
})
