/** How far the queries on Spark are: a line for each, which a terminal shows in its place, and others now and then. */
import { Effect, Stream } from "effect"
import { type Batch, SparkCluster } from "../../adapters/spark/SparkCluster.ts"
import { Monitor } from "../../streams/ports/Monitor.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { say } from "./Problem.ts"

/** What is known of the query of one pipeline. */
export interface Standing {
  /** Whether the cluster has it. */
  isStarted: boolean
  /** The newest batch of this run. */
  batch: Batch | undefined
  /** Events, and panes that the sinks have taken, since this run began. */
  read: number
  panes: number
}

export type Standings = ReadonlyMap<string, Standing>

export const standingsOf = (pipelines: ReadonlyArray<AnyPipeline>): Standings =>
  new Map(pipelines.map(({ name }) => [name, { isStarted: false, batch: undefined, read: 0, panes: 0 }]))

/** The same cluster; what becomes of its queries is noted on the way. */
export const noting = (standings: Standings, cluster: SparkCluster["Service"]): SparkCluster["Service"] =>
  SparkCluster.of({
    ...cluster,
    start: Effect.fnUntraced(function*(work) {
      const query = yield* cluster.start(work)
      const standing = standings.get(work.pipeline.name)
      if (standing === undefined) return query
      standing.isStarted = true
      const note = (batch: Batch) => Effect.sync(() => {
        standing.batch = batch
        standing.read += batch.read
      })
      return { ...query, batches: Stream.tap(query.batches, note) }
    })
  })

/** `candles-1m on Spark: batch 12, read 10,000, watermark 2026-11-24 14:03:05, behind 0, 321 panes` */
export const lineOf = (pipeline: string, { batch, panes, read }: Standing, timeZone: string): string => {
  if (batch === undefined) return `${pipeline} on Spark: no new batch yet, ${count(panes)} panes`
  const watermark = batch.watermark === null ? "no watermark yet" : `watermark ${clock(timeZone).format(batch.watermark)}`
  return `${pipeline} on Spark: batch ${batch.id}, read ${count(read)}, ${watermark}, behind ${count(batch.lag)}, ` +
    `${count(panes)} panes`
}

const count = (value: number): string => value.toLocaleString("en-US")

/** With the date, and that as ISO 8601 has it: a query may be days behind. */
const clock = (timeZone: string) => new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" })

/** Shows while something runs, and for the last time at its end. */
export const during = (standings: Standings, timeZone: string) => <A, E, R>(run: Effect.Effect<A, E, R>) => {
  const show = process.stderr.isTTY ? inPlace(standings, timeZone) : nowAndThen(standings, timeZone)
  return Effect.forkScoped(notePanes(standings)).pipe(
    Effect.andThen(Effect.forkScoped(show)),
    Effect.andThen(run),
    Effect.scoped
  )
}

const notePanes = Effect.fnUntraced(function*(standings: Standings) {
  const monitor = yield* Monitor
  yield* monitor.events.pipe(Stream.runForEach((event) =>
    Effect.sync(() => {
      if (event._tag !== "panes") return
      for (const { pipeline } of event.panes) {
        const standing = standings.get(pipeline)
        if (standing !== undefined) standing.panes++
      }
    })
  ))
})

/** Up to the first line, then each over its former self; below what somebody else has written since. */
const inPlace = (standings: Standings, timeZone: string) => {
  let writtenAt = -1
  const draw = Effect.sync(() => {
    // A line that wraps would take two.
    const width = process.stderr.columns || Infinity
    const lines = [...standings].map(([pipeline, standing]) => lineOf(pipeline, standing, timeZone).slice(0, width))
    const up = process.stderr.bytesWritten === writtenAt ? `\u001b[${lines.length}A` : ""
    process.stderr.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`)
    writtenAt = process.stderr.bytesWritten
  })
  return Effect.forever(Effect.andThen(draw, Effect.sleep("500 millis"))).pipe(Effect.ensuring(draw))
}

/** What has changed, every ten seconds; of each query the first batch as soon as it is known. */
const nowAndThen = (standings: Standings, timeZone: string) => {
  const said = new Map<string, { readonly line: string; readonly at: number }>()
  const sayChanged = (now: number) => {
    for (const [pipeline, standing] of standings) {
      const last = said.get(pipeline)
      const line = lineOf(pipeline, standing, timeZone)
      if (standing.batch === undefined || line === last?.line || now - (last?.at ?? -Infinity) < pause) continue
      said.set(pipeline, { line, at: now })
      say(line)
    }
  }
  const pass = Effect.map(MonotonicTime.millis, sayChanged)
  return Effect.forever(Effect.andThen(pass, Effect.sleep("500 millis"))).pipe(
    Effect.ensuring(Effect.sync(() => sayChanged(Infinity)))
  )
}

const pause = 10_000
