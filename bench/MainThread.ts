/**
 * What a page's main thread does, out of a trace: its tasks by the clock and by the CPU time that they took, which tells a busy
 * page from a busy machine. Times are in milliseconds.
 */
import type { Browser, CDPSession } from "playwright-core"

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** Microseconds: when it began, how long it took by the clock, and of the CPU. */
  readonly ts: number
  readonly dur?: number
  readonly tdur?: number
  readonly args: { readonly name?: string }
}

export interface Task {
  readonly wall: number
  readonly cpu: number
  /** CPU time of the scripts in it. */
  readonly scripts: number
  /** Whether it made a frame. */
  readonly isFrame: boolean
}

export interface Trace {
  readonly tasks: ReadonlyArray<Task>
  /** How often each kind of work was done. */
  readonly counts: { readonly layouts: number; readonly styles: number; readonly paints: number; readonly collections: number }
}

const categories = ["devtools.timeline", "disabled-by-default-devtools.timeline", "v8"]

/** The main thread of the page that is busiest, while something is done. */
export const traced = async (browser: Browser, during: () => Promise<unknown>): Promise<Trace> => {
  const session = await browser.newBrowserCDPSession()
  const events: Array<TraceEvent> = []
  // The protocol's own type of an event of a trace is an object of anything.
  session.on("Tracing.dataCollected", ({ value }) => void events.push(...value as unknown as ReadonlyArray<TraceEvent>))
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { recordMode: "recordUntilFull", includedCategories: categories } })
  await during()
  await endOf(session)
  await session.detach()
  return traceOf(ofBusiest(events))
}

const endOf = async (session: CDPSession): Promise<void> => {
  const ended = new Promise<void>((resolve) => session.once("Tracing.tracingComplete", () => resolve()))
  await session.send("Tracing.end")
  await ended
}

const ofBusiest = (events: ReadonlyArray<TraceEvent>): ReadonlyArray<TraceEvent> => {
  const idOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`
  const mains = new Set(events.filter(({ args, name }) => name === "thread_name" && args.name === "CrRendererMain").map(idOf))
  const byThread = Map.groupBy(events.filter((event) => event.ph === "X" && mains.has(idOf(event))), idOf)
  const cpu = (all: ReadonlyArray<TraceEvent>) => sum(all.filter(({ name }) => name === taskName).map(({ tdur = 0 }) => tdur))
  const [busiest = []] = [...byThread.values()].sort((a, b) => cpu(b) - cpu(a))
  return busiest.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
}

const taskName = "RunTask"
const frameName = "FireAnimationFrame"
const scriptNames = ["FunctionCall", "EvaluateScript", "v8.evaluateModule", "v8.compileModule", "v8.compile"]

/** @param events of one thread, in the order in which they began, the outer before the inner */
const traceOf = (events: ReadonlyArray<TraceEvent>): Trace => {
  const tasks = events.filter(({ name }) => name === taskName)
  const scripts = outermost(events.filter(({ name }) => scriptNames.includes(name)))
  const frames = events.filter(({ name }) => name === frameName || name === "Commit")
  const count = (...names: ReadonlyArray<string>) => events.filter(({ name }) => names.includes(name)).length
  return {
    tasks: tasks.map((task) => ({
      wall: (task.dur ?? 0) / 1e3,
      cpu: (task.tdur ?? 0) / 1e3,
      scripts: sum(scripts.filter((event) => isIn(event, task)).map(({ tdur = 0 }) => tdur)) / 1e3,
      isFrame: frames.some((event) => isIn(event, task))
    })),
    counts: { layouts: count("Layout"), styles: count("UpdateLayoutTree"), paints: count("Paint"), collections: count("MinorGC", "MajorGC") }
  }
}

const isIn = (event: TraceEvent, task: TraceEvent): boolean => event.ts >= task.ts && event.ts < task.ts + (task.dur ?? 0)

const outermost = (events: ReadonlyArray<TraceEvent>): ReadonlyArray<TraceEvent> => {
  let end = -Infinity
  return events.filter(({ dur = 0, ts }) => {
    if (ts < end) return false
    end = ts + dur
    return true
  })
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)
