/**
 * What a page and a sink add to a run: the recorded session at full speed through the built-in pipelines, everything in memory,
 * without either, with a page that nobody views, with one that is viewed, and with an InfluxDB that reads and answers.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, get } from "node:http"
import type { AddressInfo } from "node:net"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Benchmark from "./Benchmark.ts"
import { courant } from "./CourantProcess.ts"
import { inTurn, ratios } from "./Measure.ts"
import { cpuOf } from "./Processes.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const common = [courant, "run", "--feed", "recorded", "--speed", "max", "--log", "memory"]
const paged = [...common, "--sink", "memory", "--page", "--port", "0"]

/** As a page with a chart of one symbol does it. */
const viewed = "api/v1/stream?follow=candles-1m~SPY&follow=candles-5m~SPY&follow=day~SPY&watch=candles-1m:close,volume&watch=day:open,close,volume"

/** Seconds of CPU until the feed has ended and all of it is in windows. The run would stay for whoever looks at its page. */
const spent = async (args: ReadonlyArray<string>, { env = {}, view = false }: { env?: NodeJS.ProcessEnv; view?: boolean } = {}): Promise<number> => {
  const run = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] })
  const exit = once(run, "exit")
  try {
    let last = ""
    for await (const line of createInterface({ input: run.stderr })) {
      const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? []
      if (view && url !== undefined) get(url + viewed, (response) => void response.resume()).on("error", () => {})
      last = line
      if (line.startsWith("The feed has ended")) return await settled(run.pid!)
    }
    throw new Error(`${args.join(" ")} ended before its feed: ${last}`)
  } finally {
    run.kill()
    await exit
  }
}

/** What it has spent once it is quiet: the last windows are computed after the feed's end. */
const settled = async (pid: number): Promise<number> => {
  let [before, now] = [-1, cpuOf(pid)]
  while (now - before > 0.03) {
    await new Promise((resolve) => void setTimeout(resolve, 1_000))
    ;[before, now] = [now, cpuOf(pid)]
  }
  return now
}

/** Reads what it is sent and answers that it is written. */
const influxdb = async () => {
  let written = 0
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => void (written += chunk.length))
    request.on("end", () => {
      const isQuery = request.url?.startsWith("/api/v2/query") === true
      response.writeHead(isQuery ? 200 : 204, isQuery ? { "content-type": "text/csv" } : {}).end()
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  // It listens on a port.
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => written }
}

export const beside = Benchmark.make({
  name: "page and sink",
  rows: {
    page: { name: "a page without a viewer: CPU against the run without it", unit: "x", goal: { atMost: 1.1 }, better: "less" },
    viewer: { name: "a page with a viewer: CPU against the run without it", unit: "x", goal: { atMost: 1.1 }, better: "less" },
    sink: { name: "InfluxDB as the sink: CPU against one in memory", unit: "x", goal: { atMost: 1.1 }, better: "less" }
  },
  run: async () => {
    const { bytes, server, url } = await influxdb()
    const env = { COURANT_INFLUXDB_URL: url, COURANT_INFLUXDB_TOKEN: "token", COURANT_INFLUXDB_ORG: "bench", COURANT_INFLUXDB_BUCKET: "bench" }
    try {
      const costs = await inTurn({ rounds: 3, warmUp: 0 }, {
        bare: () => spent([...common, "--sink", "memory", "--no-page"]),
        page: () => spent(paged),
        viewer: () => spent(paged, { view: true }),
        sink: () => spent([...common, "--sink", "influxdb", "--no-page"], { env })
      })
      if (bytes() === 0) throw new Error("the sink was sent nothing")
      return { page: ratios(costs.page, costs.bare), viewer: ratios(costs.viewer, costs.bare), sink: ratios(costs.sink, costs.bare) }
    } finally {
      server.close()
    }
  }
})
