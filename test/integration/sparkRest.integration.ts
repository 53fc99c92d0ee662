/** The REST API of a real master, and a Spark Connect server that it runs: what each fault leads to. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { connect as connectHttp2 } from "node:http2"
import { connect } from "node:net"
import { Spark } from "../../services/testing.ts"
import { ConnectServer, type Options } from "../../src/adapters/spark/rest/ConnectServer.ts"
import { Submissions } from "../../src/adapters/spark/rest/Submissions.ts"
import * as SubmissionsContract from "../adapters/spark/rest/SubmissionsContract.ts"
import { courant, temporaryFolder } from "../cli/courant.ts"
import { hasty } from "./sparkHarness.ts"

const scope = Scope.makeUnsafe()
let started: Context.Context<Spark> | null = null
beforeAll(async () => {
  started = await Effect.runPromise(Layer.buildWithScope(Spark.layer(), scope))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const cluster = Effect.suspend(() =>
  started === null ? Effect.die("no cluster yet") : Effect.succeed(Context.get(started, Spark)))

const submissions = Layer.unwrap(Effect.map(cluster, ({ access }) => Submissions.layer({ url: access.rest })))

/** Classes that Spark brings along, none of which opens a port but on loopback. */
SubmissionsContract.suite("on a real master", {
  endless: {
    mainClass: "org.apache.spark.deploy.master.Master",
    args: ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"],
    properties: { "spark.driver.memory": "256m" }
  },
  finishing: { mainClass: "org.apache.zookeeper.Version", properties: { "spark.driver.memory": "256m" } },
  failing: { mainClass: "no.such.Class", properties: { "spark.driver.memory": "256m" } }
}, submissions)

describe("a request that a real master cannot do", () => {
  for (const jar of ["s3://nowhere/app.jar", "file:///no/such.jar"]) {
    it.live(`is told by the end of the driver, with its reason: the jar ${jar}`, () =>
      Effect.gen(function*() {
        const { create, status } = yield* Submissions
        const id = yield* create({ mainClass: "org.example.Main", jar })
        let seen = yield* status(id)
        while (seen.state === "SUBMITTED" || seen.state === "RUNNING") {
          yield* Effect.sleep("100 millis")
          seen = yield* status(id)
        }
        assert.strictEqual(seen.state, "ERROR")
        assert.match(seen.message, /^Exception from the cluster:/)
      }).pipe(Effect.provide(submissions)))
  }
})

describe("courant spark on a real master", () => {
  it.live("submits an application with settings and arguments, says what has become of it, and ends it", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const { access, folder } = yield* cluster
      const spark = (args: string) => courant(`spark ${args}`, { cwd, env: { COURANT_SPARK_REST: access.rest } })
      const submitted = yield* spark(
        "submit --class org.apache.spark.deploy.master.Master --conf spark.driver.memory=256m " +
          "--conf spark.driver.extraJavaOptions=-Dcourant.test=a=b -- --host 127.0.0.1 --port 0 --webui-port 0"
      )
      assert.deepStrictEqual([submitted.code, submitted.stderr], [0, ""])
      const id = submitted.stdout.trim()
      assert.match(id, /^driver-\S+$/)
      const status = Effect.map(spark(`status ${id} --json`), ({ stdout }) => JSON.parse(stdout) as unknown)
      let running = yield* status
      while (!JSON.stringify(running).includes("RUNNING")) running = yield* status
      assert.deepStrictEqual(running, { id, state: "RUNNING", host: "127.0.0.1", message: "" })
      const [, started] = driverOf(folder, "deploy.master.Master")
      for (const part of ["-Xmx256M", "-Dcourant.test=a=b", "--host 127.0.0.1 --port 0 --webui-port 0"]) {
        assert.include(started, part)
      }
      assert.deepInclude(yield* spark(`kill ${id}`), { code: 0, stdout: "", stderr: `${id} is being stopped\n` })
      while (!(yield* spark(`status ${id}`)).stdout.startsWith(`${id}  KILLED on 127.0.0.1`)) yield* Effect.sleep("100 millis")
      assert.deepInclude(yield* spark(`kill ${id}`), { code: 0, stderr: `${id} had already ended\n` })
      const unknown = yield* spark("status driver-of-nobody")
      assert.deepStrictEqual(
        [unknown.code, unknown.stderr],
        [1, `courant: the Spark master at ${access.rest} knows no submission "driver-of-nobody"\n`]
      )
    }))
})

/** That something listens; what the server says is asked by the client of Spark Connect, which has its own tests. */
const listens = (address: string) =>
  Effect.callback<void, string>((resume) => {
    const [host = "", port = ""] = address.split(":")
    const socket = connect(Number(port), host, () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.on("error", ({ message }) => resume(Effect.fail(message)))
    return Effect.sync(() => socket.destroy())
  })

/** The status of an empty request, https://grpc.github.io/grpc/core/md_doc_statuscodes.html. */
const grpcStatus = (address: string, token?: string) =>
  Effect.callback<number, string>((resume) => {
    const session = connectHttp2(`http://${address}`)
    const end = (outcome: Effect.Effect<number, string>) => {
      session.destroy()
      resume(outcome)
    }
    session.on("error", ({ message }) => end(Effect.fail(message)))
    const status = (headers: Readonly<Record<string, unknown>>) => {
      if (headers["grpc-status"] !== undefined) end(Effect.succeed(Number(headers["grpc-status"])))
    }
    session.request({
      ":method": "POST",
      ":path": "/spark.connect.SparkConnectService/AnalyzePlan",
      "content-type": "application/grpc",
      "te": "trailers",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
    }).on("response", status).on("trailers", status).on("error", ({ message }) => end(Effect.fail(message)))
      .end(Buffer.alloc(5))
    return Effect.sync(() => session.destroy())
  })

const unauthenticated = 16

const withServer = <A, E>(
  use: (server: ConnectServer["Service"], submissions: Submissions["Service"], spark: Spark["Service"]) =>
    Effect.Effect<A, E>,
  options: Partial<Options> = {}
) =>
  Effect.gen(function*() {
    const spark = yield* cluster
    const { connect, token } = spark.access
    const server = ConnectServer.layer({
      port: Number(connect.split(":")[1]),
      token: Redacted.make(token),
      serves: listens,
      killAtEnd: true,
      ...options,
      properties: { ...hasty, ...options.properties }
    }).pipe(Layer.provideMerge(submissions))
    return yield* Effect.gen(function*() {
      return yield* use(yield* ConnectServer, yield* Submissions, spark)
    }).pipe(Effect.provide(server, { local: true }))
  })

/** The driver of a cluster that runs a class: its process, and how it was started. */
const driverOf = (folder: string, mainClass: string) => {
  const lines = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => [Number(pid), commandLineOf(pid)] as const)
  const found = lines.filter(([, line]) => [folder, "DriverWrapper", mainClass].every((part) => line.includes(part)))
  assert.strictEqual(found.length, 1)
  return found[0] ?? [0, ""] as const
}

const commandLineOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

describe("the Connect server on a real cluster", () => {
  it.live("serves at its address those who have its token, is back after kill -9, stays down after a kill by REST", () =>
    withServer((connectServer, { kill, status }, { access, folder }) =>
      Effect.gen(function*() {
        const first = yield* connectServer.server
        assert.strictEqual(first.address, access.connect)
        assert.strictEqual(yield* grpcStatus(first.address), unauthenticated)
        assert.strictEqual(yield* grpcStatus(first.address, "another"), unauthenticated)
        assert.notStrictEqual(yield* grpcStatus(first.address, access.token), unauthenticated)
        process.kill(driverOf(folder, "SparkConnectServer")[0], "SIGKILL")
        let second = first
        while (second.id === first.id) {
          yield* Effect.sleep("200 millis")
          second = yield* connectServer.server
        }
        assert.strictEqual((yield* status(first.id)).state, "FAILED")
        yield* listens(second.address)
        assert.isTrue(yield* kill(second.id))
        assert.match((yield* Effect.flip(connectServer.ended)).message, /was killed by a request, and stays down$/)
        yield* Effect.flip(listens(second.address))
      })
    ))

  it.live("goes on without us and is found again by its id; its worker's death starts it again; then its scope ends it", () =>
    Effect.gen(function*() {
      const first = yield* withServer(({ server }) => server, { killAtEnd: false })
      const last = yield* withServer(({ server }, _, { kill9, restart }) =>
        Effect.gen(function*() {
          const found = yield* server
          assert.deepStrictEqual(found, first)
          yield* kill9
          yield* restart
          let next = found
          while (next.id === found.id) {
            yield* Effect.sleep("200 millis")
            next = yield* server
          }
          return next
        }), { submission: first.id })
      yield* Effect.gen(function*() {
        const { status } = yield* Submissions
        assert.strictEqual((yield* status(first.id)).state, "ERROR")
        while ((yield* status(last.id)).state !== "KILLED") yield* Effect.sleep("100 millis")
      }).pipe(Effect.provide(submissions))
    }))

  it.live("without room for it is given up, and leaves nothing in the queue", () =>
    withServer((connectServer, { status }) =>
      Effect.gen(function*() {
        const { message } = yield* Effect.flip(connectServer.server)
        const [, id = ""] = /(driver-\S+) does not serve after 3s: no worker has the cores/.exec(message) ?? []
        while ((yield* status(id)).state !== "KILLED") yield* Effect.sleep("100 millis")
      }), { properties: { "spark.driver.cores": "64" }, startTimeout: "3 seconds" }))
})
