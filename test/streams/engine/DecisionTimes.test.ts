/** Decisions say when they were taken, and keep the steps behind which something happened. */
import { describe, expect, it } from "vitest"
import { DecisionTimes } from "../../../src/streams/engine/DecisionTimes.ts"
import { asKnownAt, type Decision, type Idle, stepsOf } from "../../../src/streams/records/Decision.ts"

const idle = (watermark: number, at = 3, partition = 0): Idle => ({ _tag: "idle", partition, at, watermark, eventTime: "time" })

const steps = (decision: Decision | undefined) => decision?._tag === "idle" ? decision.steps?.map(({ takenAt, watermark }) => [takenAt, watermark]) : null

describe("the times of decisions", () => {
  it("keeps the steps of one silence behind which something happened, and the last", () => {
    const times = new DecisionTimes([])
    times.taken([idle(10)], 100)
    times.taken([idle(20)], 200)
    times.happened()
    times.taken([idle(30)], 300)
    const [kept] = times.taken([idle(40)], 400)
    expect(steps(kept)).toEqual([[200, 20], [400, 40]])
    const [other] = times.taken([idle(50, 4)], 500)
    expect(steps(other)).toEqual([[500, 50]])
  })

  it("keeps those of each partition, whatever others do meanwhile", () => {
    const times = new DecisionTimes([])
    times.taken([idle(10), idle(10, 7, 1)], 100)
    times.happened()
    times.taken([idle(20, 7, 1)], 200)
    const [first, second] = times.taken([idle(30), idle(30, 7, 1)], 300)
    expect(steps(first)).toEqual([[100, 10], [300, 30]])
    expect(steps(second)).toEqual([[100, 10], [300, 30]])
  })

  it("goes on from what a former run has kept", () => {
    const former: Idle = { ...idle(20), steps: [{ takenAt: 100, watermark: 10 }, { takenAt: 200, watermark: 20 }] }
    const [kept] = new DecisionTimes([former]).taken([idle(30)], 300)
    expect(steps(kept)).toEqual([[100, 10], [200, 20], [300, 30]])
  })

  it("of an end the first time stands, and the steps of one silence are bounded", () => {
    const times = new DecisionTimes([])
    const end = (now: number) => times.taken([{ _tag: "end", at: [3] }], now)[0]
    expect([end(100), end(200)].map((decision) => decision?._tag === "end" ? decision.takenAt : null)).toEqual([100, 100])
    let last: Decision | undefined
    for (let step = 0; step < 1_000; step++) {
      ;[last] = times.taken([idle(step)], step)
      times.happened()
    }
    expect(steps(last)?.length).toBeLessThanOrEqual(64)
    expect(steps(last)?.slice(-32).map(([takenAt]) => takenAt)).toEqual(Array.from({ length: 32 }, (_, index) => 968 + index))
    expect(steps(last)?.[0]).toEqual([0, 0])
  })
})

describe("what was known of a decision", () => {
  const decision: Idle = { ...idle(30), steps: [{ takenAt: 100, watermark: 10 }, { takenAt: 300, watermark: 30 }] }

  it("is its steps by then, and nothing before the first", () => {
    expect(asKnownAt(decision, 99)).toBeNull()
    expect(asKnownAt(decision, 299)).toEqual({ ...decision, watermark: 10, steps: [{ takenAt: 100, watermark: 10 }] })
    expect(asKnownAt(decision, 300)).toEqual(decision)
    expect(asKnownAt({ _tag: "end", at: [1], takenAt: 5 }, 4)).toBeNull()
  })

  it("is all of it where nobody knows when it was taken", () => {
    expect(asKnownAt(idle(30), 0)).toEqual(idle(30))
    expect(stepsOf(idle(30))).toEqual([idle(30)])
    expect(stepsOf(decision).map(({ watermark }) => watermark)).toEqual([10, 30])
  })
})
