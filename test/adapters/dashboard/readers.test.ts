/** Hundreds of readers that never read: what others get, and what it costs. */
import { assert, it } from "@effect/vitest"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { get } from "node:http"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"

type Server = ChildProcessByStdio<Writable, Readable, null>

const lineOf = async (server: Server): Promise<string> => {
  const [line] = await once(server.stdout, "data")
  return String(line)
}

const stateOf = async (server: Server): Promise<{ readonly memory: number; readonly connections: number }> => {
  server.stdin.write("\n")
  return JSON.parse(await lineOf(server))
}

/** Milliseconds until health has been answered, over a connection of its own. */
const health = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const begun = performance.now()
    get({ port, host: "127.0.0.1", path: "/api/health", agent: false }, (response) => {
      response.resume().on("end", () => resolve(performance.now() - begun))
    }).on("error", reject)
  })

const several = async (port: number, times: number): Promise<ReadonlyArray<number>> => {
  const found: Array<number> = []
  for (let i = 0; i < times; i++) {
    found.push(await health(port))
    await sleep(50)
  }
  return found.sort((a, b) => a - b)
}

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** Asks for the live events and reads nothing of them. */
const unreading = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.pause()
      socket.write(`GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
      resolve(socket)
    })
    socket.on("error", reject)
  })

const at = (sorted: ReadonlyArray<number>, part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? NaN

it("500 readers that never read hold nobody up, take a bounded amount of memory each, and are disconnected", { timeout: 600_000 }, async () => {
  const server: Server = spawn(process.execPath, [join(import.meta.dirname, "readersServer.ts")], { stdio: ["pipe", "pipe", "inherit"] })
  const sockets: Array<Socket> = []
  try {
    const port = Number(await lineOf(server))
    await several(port, 20)
    const alone = await several(port, 40)
    const { memory } = await stateOf(server)
    for (let i = 0; i < 500; i++) sockets.push(await unreading(port))
    // Whoever asks while they all connect waits for those who came before.
    while ((await stateOf(server)).connections < 500) await sleep(100)
    await health(port)
    const beside = await several(port, 200)
    const after = await stateOf(server)
    const kibEach = (after.memory - memory) / 1_024 / 500
    const figures = { alone: at(alone, 0.5), beside: at(beside, 0.5), p75: at(beside, 0.75), p99: at(beside, 0.99), kibEach }
    console.log(figures)
    // The slowest quarter waits for other work too, where the machine has some.
    assert.isBelow(figures.p75, figures.alone + 100)
    // Two thirds of it are what any connection and its answer take.
    assert.isBelow(figures.kibEach, 320)
    let { connections } = after
    for (let i = 0; i < 240 && connections > 10; i++) {
      await sleep(1_000)
      connections = (await stateOf(server)).connections
    }
    assert.isAtMost(connections, 10)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.kill()
  }
})
