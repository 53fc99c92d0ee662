/** The recorded session through pipelines, and what the page would know of it: panes as JSON has them. */
import { Effect, Stream } from "effect"
import * as Recorded from "../../../../src/adapters/recorded/Recorded.ts"
import { Job } from "../../../../src/streams/engine/Job.ts"
import * as Pane from "../../../../src/streams/pipeline/Pane.ts"
import type { Any as AnyPipeline } from "../../../../src/streams/pipeline/Pipeline.ts"

export interface Played {
  /** The newest pane of each window, in the order of time. */
  readonly panes: (pipeline: string, key: string) => ReadonlyArray<Pane.Encoded>
  readonly watermark: number
}

/** All of it, or what was known by an instant, with the windows that formed then. */
export const play = async (pipelines: ReadonlyArray<AnyPipeline>, until = Infinity): Promise<Played> => {
  const job = new Job(pipelines, { partitions: 1 })
  const newest = new Map<string, Pane.Pane>()
  const know = (panes: ReadonlyArray<Pane.Pane>) => {
    for (const pane of panes) {
      const id = [pane.pipeline, pane.key, pane.start].join()
      const known = newest.get(id)
      if (known === undefined || Pane.replaces(pane, known)) newest.set(id, pane)
    }
  }
  await Effect.runPromise(Recorded.events.pipe(
    Stream.takeWhile(() => (job.watermark ?? 0) < until),
    Stream.runForEach((chunk) => Effect.sync(() => {
      const first = job.counts.read
      const offsets = Float64Array.from({ length: chunk.length }, (_, i) => first + i)
      know(job.take({ ...chunk, partition: 0, offsets, appendedAt: new Float64Array(chunk.length) }).panes)
    }))
  ))
  know(until === Infinity ? job.close().panes : job.forming())
  const all = Map.groupBy([...newest.values()].sort(Pane.order), ({ key, pipeline }) => `${pipeline} ${key}`)
  return {
    panes: (pipeline, key) => (all.get(`${pipeline} ${key}`) ?? []).map((pane) => JSON.parse(Pane.toJson(pane))),
    watermark: until === Infinity ? Infinity : job.watermark ?? -Infinity
  }
}

export const symbols = ["AIG", "BAC", "IBM", "SPY"]
