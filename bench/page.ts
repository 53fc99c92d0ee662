/**
 * `npm run bench:page`: what one viewer of the page is sent, and what that costs the server, with 1,000 symbols and 10,000
 * ticks a second: for nobody, for a program that hears of every window, and for a page that follows a symbol and watches
 * all of them. All in one run, in turn.
 */
import { spawn } from "node:child_process"
import { get } from "node:http"
import { createInterface } from "node:readline"
import { type Figure, machine, medianOf, print } from "./Measure.ts"

const seconds = 8
const rounds = 3

const server = spawn(process.execPath, [new URL("pageServer.ts", import.meta.url).pathname], { stdio: ["pipe", "pipe", "inherit"] })
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()

const answer = async (): Promise<number> => Number((await lines.next()).value)

const cpu = (): Promise<number> => {
  server.stdin.write("\n")
  return answer()
}

interface Heard {
  readonly bytes: number
  readonly events: ReadonlyMap<string, number>
  /** Share of a core that the server has used. */
  readonly cpu: number
}

/** What a viewer hears in a phase; without a path nobody listens. */
const listen = async (port: number, path: string | null): Promise<Heard> => {
  let text = ""
  const request = path === null ? null : get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
    response.setEncoding("latin1")
    response.on("data", (part: string) => void (text += part))
  })
  request?.on("error", () => {})
  // What stands at its coming is sent once, and not counted.
  await sleep(2_000)
  text = ""
  const before = await cpu()
  await sleep(seconds * 1_000)
  const used = await cpu() - before
  const heard = text
  request?.destroy()
  const names = [...heard.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name ?? "")
  const events = new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
  return { bytes: heard.length, events, cpu: used / 1e6 / seconds }
}

const sleep = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis))

const figuresOf = (name: string, phases: ReadonlyArray<Heard>): ReadonlyArray<Figure> => {
  const rate = (of: (heard: Heard) => number) => medianOf(phases.map((heard) => of(heard) / seconds))
  const kinds = [...new Set(phases.flatMap(({ events }) => [...events.keys()]))].sort()
  return [
    { name: `${name}: sent`, value: rate(({ bytes }) => bytes), unit: "bytes/s" },
    ...kinds.map((kind) => ({ name: `${name}: ${kind}`, value: rate(({ events }) => events.get(kind) ?? 0), unit: "events/s" })),
    { name: `${name}: the server`, value: medianOf(phases.map((heard) => heard.cpu)), unit: "cores" }
  ]
}

const paths = {
  nobody: null,
  "every window": "/api/stream",
  "what is shown": "/api/v1/stream?follow=candles-1m~S007&follow=candles-5m~S007&follow=day~S007&follow=indicators-1m~S007" +
    "&watch=candles-1m:close,volume&watch=day:open,close,volume"
}

const port = await answer()
// Windows of a minute and of five have closed by then.
await sleep(3_000)
const heard = new Map<string, ReadonlyArray<Heard>>()
for (let round = 0; round < rounds; round++) {
  for (const [name, path] of Object.entries(paths)) {
    heard.set(name, [...heard.get(name) ?? [], await listen(port, path)])
  }
}
print([...heard].flatMap(([name, phases]) => figuresOf(name, phases)))
console.log(machine())
server.stdin.end()
