/** A Spark Connect server of this process: answers as told, and remembers what it was asked. */
import { ConnectError, Code, type ServiceImpl } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import { Effect, Redacted } from "effect"
import { createServer, type ServerHttp2Session } from "node:http2"
import { type ReleaseExecuteRequest, SparkConnectService } from "../../../../src/adapters/spark/connect/proto/base_pb.ts"
import { ErrorInfoSchema } from "../../../../src/adapters/spark/connect/proto/error_details_pb.ts"

export const token = Redacted.make("s3cret-t0ken")

export const serverSessionId = "the server's own"

export interface FakeSpark {
  readonly host: string
  readonly port: number
  readonly token: Redacted.Redacted
  /** What was released, of which execution. */
  readonly released: Array<ReleaseExecuteRequest["release"]>
  /** Sessions that were released. */
  readonly sessions: Array<string>
  /** Destroys all connections, as a network does. */
  readonly cut: () => void
}

/** What is not told answers as a server does that is well. */
export const serve = (told: Partial<ServiceImpl<typeof SparkConnectService>> = {}, port = 0) =>
  Effect.acquireRelease(listen(told, port), ({ close }) => Effect.promise(close))

const listen = (told: Partial<ServiceImpl<typeof SparkConnectService>>, wanted: number) =>
  Effect.callback<FakeSpark & { readonly close: () => Promise<void> }>((resume) => {
    const connections = new Set<ServerHttp2Session>()
    const cut = () => {
      for (const connection of connections) connection.destroy()
    }
    const released: FakeSpark["released"] = []
    const sessions: FakeSpark["sessions"] = []
    const server = createServer(connectNodeAdapter({
      routes: (router) =>
        router.service(SparkConnectService, {
          analyzePlan: (_, { requestHeader }) => {
            if (requestHeader.get("authorization") !== `Bearer ${Redacted.value(token)}`) {
              throw new ConnectError("Invalid authentication token", Code.Unauthenticated)
            }
            return { serverSideSessionId: serverSessionId, result: { case: "sparkVersion", value: { version: "4.0.0" } } }
          },
          releaseExecute: ({ release }) => {
            released.push(release)
            return {}
          },
          releaseSession: ({ sessionId }) => {
            sessions.push(sessionId)
            return {}
          },
          ...told
        })
    }))
    server.on("session", (connection) => {
      connections.add(connection)
      connection.on("error", () => {}).once("close", () => connections.delete(connection))
    })
    const close = () =>
      new Promise<void>((done) => {
        server.close(() => done())
        cut()
      })
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ host: "127.0.0.1", port, token, released, sessions, cut, close }))
    })
  })

/** An error as Spark puts it into a status. */
export const sparkError = (errorClass: string, metadata: Readonly<Record<string, string>> = {}) =>
  new ConnectError(`[${errorClass}] told so`, Code.Internal, undefined, [{
    desc: ErrorInfoSchema,
    value: {
      reason: "org.apache.spark.SparkException",
      domain: "org.apache.spark",
      metadata: { errorClass, sqlState: "XX000", ...metadata }
    }
  }])
