/**
 * `npm run bench:viewing`: what the page costs the browser of a viewer, with 1,000 symbols and 10,000 ticks a second, beside the
 * same page without data: how soon it is there, how busy its main thread is, its longest task, scripting, frames, and what the heap
 * keeps. Needs Chromium. `--minutes 10` looks for so long (half a minute by default, in which the heap has no goal), `--at HASH` at
 * another address of the page; with `--check` the program fails where a goal is missed.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import type { CDPSession, Page } from "playwright-core"
import { launch } from "../test/browser/chromium.ts"
import { type Task, type Trace, traced } from "./MainThread.ts"
import { type Figure, isMissed, machine, print } from "./Measure.ts"

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "0.5" }, at: { type: "string", default: "" }, check: { type: "boolean", default: false } }
})
const seconds = Number(values.minutes) * 60

/** Seconds that frames are counted, that tasks are traced, and from navigation until the page is taken to be at rest. */
const [counting, tracing, opening] = [10, 20, 8]

/** Seconds that a page which takes longer is waited for. */
const mostLooks = 60

/** Milliseconds of a task beyond which it blocks, and from navigation on those in which it counts. */
const [blocking, blockedWithin] = [50, 5_000]

const server = spawn(process.execPath, [new URL("pageServer.ts", import.meta.url).pathname], { stdio: ["pipe", "pipe", "inherit"] })
const { value: port } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()
const address = `http://127.0.0.1:${port}/`

/** Until the hour before has been read. */
while (((await (await fetch(`${address}api/v1/keys?pipeline=candles-5m&limit=1`)).json()) as { total: number }).total < 1_000) {
  await new Promise((resolve) => void setTimeout(resolve, 500))
}
const browser = await launch()

interface Seen {
  readonly firstCandle: number
  readonly firstPaint: number
  readonly largestPaint: number
  readonly shift: number
  readonly blocked: number
  readonly longest: number
}

/** Notes what a visitor sees of the page's coming, and the longest task. */
const watch = `(() => {
  const seen = globalThis.seen = { firstCandle: NaN, firstPaint: NaN, largestPaint: NaN, shift: 0, blocked: 0, longest: 0 }
  const observe = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true })
  observe("paint", ({ name, startTime }) => name === "first-contentful-paint" && (seen.firstPaint = startTime))
  observe("largest-contentful-paint", ({ startTime }) => seen.largestPaint = startTime)
  observe("layout-shift", ({ hadRecentInput, value }) => hadRecentInput || (seen.shift += value))
  observe("longtask", ({ duration, startTime }) => {
    seen.longest = Math.max(seen.longest, duration)
    if (startTime < ${blockedWithin}) seen.blocked += duration - ${blocking}
  })
  const look = () => {
    const said = document.getElementById("chart")?.getAttribute("aria-label") ?? ""
    // The chart draws itself in the frame after it was told what to draw.
    if (/: [1-9]/.test(said)) requestAnimationFrame(() => requestAnimationFrame(() => seen.firstCandle = performance.now()))
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
})()`

/** A stream of which nothing ever comes. */
const deaf = "globalThis.EventSource = class extends EventTarget { static OPEN = 1; static CLOSED = 2; readyState = 0; close() {} }"

const seen = (page: Page): Promise<Seen> => page.evaluate("({ ...seen })")

/** Seconds that the main thread has spent by the clock and of the CPU, and bytes of the heap that are in use after a collection. */
const spent = async (session: CDPSession) => {
  await session.send("HeapProfiler.collectGarbage")
  const { metrics } = await session.send("Performance.getMetrics")
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN
  return { at: of("Timestamp"), busy: of("TaskDuration"), cpu: of("ThreadTime"), heap: of("JSHeapUsedSize"), nodes: of("Nodes"), layouts: of("LayoutCount") }
}

/** What a stretch of time took, with nothing else looking on. */
const stretch = async (page: Page, session: CDPSession, seconds: number) => {
  const before = await spent(session)
  await page.evaluate("void (seen.longest = 0)")
  await page.waitForTimeout(seconds * 1_000)
  const { longest } = await seen(page)
  const after = await spent(session)
  const time = after.at - before.at
  return {
    longest,
    busy: (after.busy - before.busy) / time,
    cpu: (after.cpu - before.cpu) / time,
    heap: (after.heap - before.heap) / time,
    nodes: after.nodes - before.nodes,
    layouts: (after.layouts - before.layouts) / time
  }
}

/** Frames a second, for which a page that has nothing to draw is asked for one after the other. */
const framesOf = async (page: Page): Promise<number> => {
  const frames = await page.evaluate<number>(`new Promise((resolve) => {
    let frames = 0
    const end = performance.now() + ${counting * 1_000}
    const frame = (now) => now > end ? resolve(frames) : (frames++, requestAnimationFrame(frame))
    requestAnimationFrame(frame)
  })`)
  return frames / counting
}

const look = async (script: string, seconds: number) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.addInitScript(script)
  const opened = await traced(browser, async () => {
    await page.goto(address + values.at, { waitUntil: "commit" })
    await page.waitForTimeout(opening * 1_000)
    for (let look = 0; look < mostLooks && Number.isNaN((await seen(page)).firstCandle); look++) await page.waitForTimeout(1_000)
  })
  const session = await page.context().newCDPSession(page)
  await session.send("Performance.enable")
  const first = await seen(page)
  const resting = await stretch(page, session, seconds)
  const frames = await framesOf(page)
  const trace = await traced(browser, () => page.waitForTimeout(tracing * 1_000))
  await page.close()
  return { opened, first, resting, frames, trace }
}

const quiet = await look(watch + ";" + deaf, counting)
const live = await look(watch, seconds)
await browser.close()
server.kill()

const most = (tasks: ReadonlyArray<Task>, of: (task: Task) => number): number => Math.max(0, ...tasks.map(of))
const total = (tasks: ReadonlyArray<Task>, of: (task: Task) => number): number => tasks.reduce((sum, task) => sum + of(task), 0)
const cpu = (task: Task): number => task.cpu
const wall = (task: Task): number => task.wall
const scripts = (task: Task): number => task.scripts

const framesIn = ({ tasks }: Trace) => tasks.filter(({ isFrame }) => isFrame)
const { counts, tasks } = live.trace
const drawn = framesIn(live.trace)

const figures: ReadonlyArray<Figure> = [
  { name: "first candle after navigation", value: live.first.firstCandle, unit: "ms", goal: { atMost: 2_000 } },
  { name: "first contentful paint", value: live.first.firstPaint, unit: "ms" },
  { name: "largest contentful paint", value: live.first.largestPaint, unit: "ms" },
  { name: "layout shift", value: live.first.shift, unit: "", goal: { atMost: 0.1 } },
  { name: `blocked, in the first ${blockedWithin / 1_000} s`, value: live.first.blocked, unit: "ms", goal: { atMost: 200 } },
  { name: "longest task while opening", value: live.first.longest, unit: "ms" },
  { name: "longest task while opening, of the CPU", value: most(live.opened.tasks, cpu), unit: "ms", goal: { atMost: 50 } },
  { name: "main thread busy", value: live.resting.busy * 100, unit: "%", goal: { atMost: 20 } },
  { name: "main thread's CPU", value: live.resting.cpu * 100, unit: "%", goal: { atMost: 20 } },
  { name: "main thread's CPU, without data", value: quiet.resting.cpu * 100, unit: "%" },
  { name: "longest task", value: Math.max(live.resting.longest, most(tasks, wall)), unit: "ms", goal: { atMost: 50 } },
  { name: "longest task, of the CPU", value: most(tasks, cpu), unit: "ms", goal: { atMost: 50 } },
  { name: "tasks beside their CPU: 1 where the machine has nothing else to do", value: total(tasks, wall) / total(tasks, cpu), unit: "x" },
  { name: "scripting, by each frame that there can be", value: total(tasks, scripts) / tracing / live.frames, unit: "ms", goal: { atMost: 4 } },
  { name: "scripting, by each frame that is drawn", value: total(tasks, scripts) / drawn.length, unit: "ms" },
  { name: "scripting in the longest frame", value: most(drawn, scripts), unit: "ms" },
  { name: "frames, beside the page without data", value: live.frames / quiet.frames, unit: "", goal: { atLeast: 0.9 } },
  { name: "frames where as many are asked for as there can be", value: live.frames, unit: "/s" },
  { name: "frames that are drawn", value: drawn.length / tracing, unit: "/s" },
  { name: "layouts", value: live.resting.layouts, unit: "/s" },
  { name: "styles, paints", value: (counts.styles + counts.paints) / tracing, unit: "/s" },
  { name: "collections of garbage", value: counts.collections / tracing, unit: "/s" },
  { name: "nodes that have become more", value: live.resting.nodes, unit: "" },
  // What was just opened fills its caches: half a minute says nothing of what is kept.
  { name: "heap grows", value: live.resting.heap * 60 / 1e6, unit: "MB/min", ...seconds >= 300 ? { goal: { atMost: 1 } } : {} }
]
print(figures)
console.log(machine())
const missed = figures.filter(isMissed)
console.log(missed.length === 0 ? "All goals are met." : `Missed: ${missed.map(({ name }) => name).join("; ")}.`)
if (values.check && missed.length > 0) process.exitCode = 1
