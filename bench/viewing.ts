/**
 * `npm run bench:viewing`: what the page costs the browser of a viewer, with 1,000 symbols and 10,000 ticks a second: how busy
 * its main thread is, its longest task, scripting a frame, frames beside those of the same page without data, and what the heap
 * keeps; and how soon the first candle is there. Needs Chromium. `--minutes 10` looks for so long (half a minute by default).
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import type { CDPSession, Page } from "playwright-core"
import { launch } from "../test/browser/chromium.ts"
import { type Figure, machine, print } from "./Measure.ts"

const { values } = parseArgs({ options: { minutes: { type: "string", default: "0.5" } } })
const seconds = Number(values.minutes) * 60

const server = spawn(process.execPath, [new URL("pageServer.ts", import.meta.url).pathname], { stdio: ["pipe", "pipe", "inherit"] })
const { value: port } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()

/** Counts frames and notes the longest task and when the first candle was there. */
const watch = `(() => {
  const seen = { frames: 0, longest: 0, firstCandle: 0 }
  globalThis.seen = seen
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration)
  }).observe({ entryTypes: ["longtask"] })
  const frame = () => {
    seen.frames++
    if (seen.firstCandle === 0 && /: [1-9]/.test(document.getElementById("chart")?.getAttribute("aria-label") ?? "")) seen.firstCandle = performance.now()
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})()`

/** A stream of which nothing ever comes. */
const deaf = "globalThis.EventSource = class extends EventTarget { static OPEN = 1; static CLOSED = 2; readyState = 0; close() {} }"

interface Seen {
  readonly frames: number
  readonly longest: number
  readonly firstCandle: number
}

const seen = (page: Page): Promise<Seen> => page.evaluate("({ ...seen })")

/** Seconds that the main thread has spent, and bytes of the heap that are in use after a collection. */
const spent = async (session: CDPSession) => {
  await session.send("HeapProfiler.collectGarbage")
  const { metrics } = await session.send("Performance.getMetrics")
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN
  return { tasks: of("TaskDuration"), scripts: of("ScriptDuration"), layout: of("LayoutDuration") + of("RecalcStyleDuration"), heap: of("JSHeapUsedSize"), at: of("Timestamp") }
}

const browser = await launch()

const look = async (script: string) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.addInitScript(script)
  await page.goto(`http://127.0.0.1:${port}/`)
  const session = await page.context().newCDPSession(page)
  await session.send("Performance.enable")
  await page.waitForTimeout(8_000)
  const opening = await seen(page)
  await page.evaluate("void (seen.longest = 0)")
  const [before, first] = [await spent(session), await seen(page)]
  await page.waitForTimeout(seconds * 1_000)
  const [last, after] = [await seen(page), await spent(session)]
  await page.close()
  const [time, frames] = [after.at - before.at, last.frames - first.frames]
  return { opening, longest: last.longest, frames: frames / time, busy: (after.tasks - before.tasks) / time, layout: (after.layout - before.layout) / time, scripting: (after.scripts - before.scripts) / frames, heap: (after.heap - before.heap) / time }
}

const quiet = await look(watch + ";" + deaf)
const live = await look(watch)
await browser.close()
server.kill()

const figures: ReadonlyArray<Figure> = [
  { name: "first candle after navigation", value: live.opening.firstCandle, unit: "ms" },
  { name: "longest task while opening", value: live.opening.longest, unit: "ms" },
  { name: "main thread busy", value: live.busy * 100, unit: "%", goal: { atMost: 20 } },
  { name: "main thread busy, without data", value: quiet.busy * 100, unit: "%" },
  { name: "of that layout", value: live.layout * 100, unit: "%" },
  { name: "longest task", value: live.longest, unit: "ms", goal: { atMost: 50 } },
  { name: "scripting a frame", value: live.scripting * 1_000, unit: "ms", goal: { atMost: 4 } },
  { name: "frames, beside the page without data", value: live.frames / quiet.frames, unit: "", goal: { atLeast: 0.9 } },
  { name: "frames", value: live.frames, unit: "/s" },
  { name: "heap grows", value: live.heap * 60 / 1e6, unit: "MB/min", goal: { atMost: 1 } }
]
print(figures)
console.log(machine())
