import { describe, expect, it } from "vitest"
import * as fc from "fast-check"
import * as BatchFold from "../../src/streams/BatchFold.ts"
import * as Pane from "../../src/streams/Pane.ts"
import { logs, pipelines } from "../../src/testing/Arbitraries.ts"
import { batches, events, makeJob } from "../../src/testing/Harness.ts"

describe("engine", () => {
  it("equals the batch fold", () => {
    fc.assert(
      fc.property(pipelines({ revisions: false }), logs, (pipeline, log) => {
        const folded = BatchFold.fold(pipeline, events(log))
        const job = makeJob([pipeline], log.partitions)
        const out = [...batches(log, [7, 1, 3]).flatMap((b) => job.take(b).panes), ...job.close().panes]
        const expected = folded.results.map((r) => ({ key: r.key, start: r.start, end: r.end, values: Pane.encode({ ...r, pipeline: "random", pane: "on-time", revision: 0 }).values }))
        const got = out.map((p) => Pane.encode(p)).map(({ key, start, end, values }) => ({ key, start, end, values }))
        expect(out.every((p) => p.pane === "on-time" && p.revision === 0)).toBe(true)
        expect(got).toEqual(expected)
        expect(job.counts.late).toBe(folded.late.length)
        expect(job.size).toBe(0)
      }),
      { numRuns: 2000 }
    )
  })
})

describe("revisions", () => {
  it("the last revision of each window is the batch fold's", () => {
    let late = 0, early = 0, retr = 0
    fc.assert(
      fc.property(pipelines({ revisions: true }), logs, (pipeline, log) => {
        const folded = BatchFold.fold(pipeline, events(log))
        const job = makeJob([pipeline], log.partitions)
        const out = [...batches(log, [7, 1, 3]).flatMap((b) => job.take(b).panes), ...job.close().panes]
        late += out.filter((p) => p.pane === "late").length
        early += out.filter((p) => p.pane === "early").length
        retr += out.filter((p) => p.pane === "retracted").length
        const last = new Map<string, Pane.Encoded>()
        for (const p of out) {
          const id = JSON.stringify([p.key, p.start, p.end])
          const before = last.get(id)
          expect(p.revision).toBe(before === undefined ? 0 : before.revision + 1)
          if (p.pane === "retracted") last.delete(id)
          else last.set(id, Pane.encode(p))
        }
        const strip = (v: Pane.Encoded["values"]) => ({ ...v, change: undefined })
        const got = [...last.values()].map(({ key, start, end, values }) => ({ key, start, end, values: strip(values) })).sort((a, b) => a.end - b.end || a.start - b.start || (a.key < b.key ? -1 : 1))
        const expected = folded.results.map((r) => ({ key: r.key, start: r.start, end: r.end, values: strip(Pane.encode({ ...r, pipeline: "random", pane: "on-time", revision: 0 }).values) }))
        expect(got).toEqual(expected)
        expect(job.counts.late).toBe(folded.late.length)
        expect(job.size).toBe(0)
      }),
      { numRuns: 3000 }
    )
    console.log({ late, early, retr })
  })
  it("cutting, snapshots", () => {
    fc.assert(
      fc.property(pipelines({ revisions: true }), logs, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), fc.nat(20), (pipeline, log, sizes, at) => {
        const whole = makeJob([pipeline], log.partitions)
        const expected = [...batches(log, [1]).flatMap((b) => whole.take(b).panes), ...whole.close().panes].map(Pane.toJson)
        let job = makeJob([pipeline], log.partitions)
        const out: string[] = []
        batches(log, sizes).forEach((b, i) => {
          out.push(...job.take(b).panes.map(Pane.toJson))
          if (i === at) { const s = job.snapshot(); job = makeJob([pipeline], log.partitions); expect(job.restore(s)).toBe(true); expect(job.snapshot()).toBe(s) }
        })
        out.push(...job.close().panes.map(Pane.toJson))
        expect(out).toEqual(expected)
      }),
      { numRuns: 3000 }
    )
  })
})
