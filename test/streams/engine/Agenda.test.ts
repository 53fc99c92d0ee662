/** Decisions of a former run come back at the places at which they were taken, however the log is cut into batches. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Agenda } from "../../../src/streams/engine/Agenda.ts"
import { type Decision, identityOf, takenAt } from "../../../src/streams/records/Decision.ts"
import { cuts } from "../../../src/testing/Arbitraries.ts"
import { isDecision, type Piece, records } from "../../../src/testing/Harness.ts"

const partitions = 2

const offsets = fc.nat(12)

const decisions: fc.Arbitrary<ReadonlyArray<Decision>> = fc.uniqueArray(
  fc.oneof(
    fc.record({ partition: fc.nat(1), at: offsets }).map((place): Decision => ({ _tag: "idle", watermark: 0, ...place })),
    offsets.map((at): Decision => ({ _tag: "end", at: [at, Math.floor(at / 2)] })),
    fc.record({ partition: fc.nat(1), at: offsets }).map(({ at, partition }): Decision => ({ _tag: "gap", partition, at, to: at + 1 }))
  ),
  { maxLength: 12, selector: identityOf }
)

/** A log of two partitions with gaps between offsets, read in some order and in some batches. */
const logs = fc.record({
  turns: fc.array(fc.record({ partition: fc.nat(1), gap: fc.nat(2) }), { maxLength: 20 }),
  cut: cuts
}).map(({ cut, turns }) => {
  const next = [0, 0]
  const batches: Array<{ partition: number; offsets: Array<number> }> = []
  for (const { gap, partition } of turns) {
    const offset = next[partition]! + gap
    next[partition] = offset + 1
    const last = batches.at(-1)
    const size = cut[batches.length % cut.length] ?? 1
    if (last?.partition === partition && last.offsets.length < size) last.offsets.push(offset)
    else batches.push({ partition, offsets: [offset] })
  }
  return batches.map(({ offsets, partition }) => ({ ...records(partition, 0, offsets.map(() => "{}")), offsets: Float64Array.from(offsets) }))
})

it("each once, behind all records before its place and before the first at or after it", () => {
  fc.assert(fc.property(decisions, logs, (decisions, log) => {
    const agenda = new Agenda(decisions, partitions)
    const next = [0, 0]
    const came: Array<Piece> = [...agenda.due(next)]
    for (const batch of log) {
      for (const piece of agenda.weave(batch, () => next)) {
        came.push(piece)
        if (!isDecision(piece)) next[piece.partition] = piece.offsets[piece.length - 1]! + 1
      }
    }
    expect(came.flatMap((piece) => isDecision(piece) ? [] : [...piece.offsets].map((offset) => [piece.partition, offset])))
      .toEqual(log.flatMap(({ offsets, partition }) => [...offsets].map((offset) => [partition, offset])))
    const applied = came.flatMap((piece) => isDecision(piece) ? [identityOf(piece)] : [])
    expect(new Set(applied).size).toBe(applied.length)
    for (const decision of decisions) {
      const index = came.indexOf(decision)
      if (decision._tag === "gap") expect(index).toBe(-1)
      else if (index === -1) expect(isReached(decision, next)).toBe(false)
      else expect(isInPlace(decision, came.slice(0, index), came.slice(index + 1))).toBe(true)
    }
  }), { numRuns: 2_000 })
})

it("in the order in which they were taken, where several are due together, and none before its time", () => {
  const idle = (partition: number, takenAt: number): Decision => ({ _tag: "idle", partition, at: 0, watermark: 5, steps: [{ takenAt, watermark: 5 }] })
  const decisions: ReadonlyArray<Decision> = [idle(0, 20), idle(1, 10), { _tag: "end", at: [0, 0], takenAt: 15 }]
  const due = (now?: number) => [...new Agenda(decisions, 2).due([0, 0], now)].map(takenAt)
  expect(due()).toEqual([10, 15, 20])
  expect(due(12)).toEqual([10])
  const agenda = new Agenda(decisions, 2)
  agenda.skip([1, 0], 15)
  expect([...agenda.due([1, 0])].map(takenAt)).toEqual([])
})

const isReached = (decision: Decision, next: ReadonlyArray<number>): boolean =>
  decision._tag === "end" ? decision.at.every((at, partition) => at <= next[partition]!) : decision.at <= next[decision.partition]!

/** An end waits for the slowest partition: only of one of them it is before the first record behind its place. */
const isInPlace = (decision: Decision, before: ReadonlyArray<Piece>, after: ReadonlyArray<Piece>): boolean => {
  const offsetsIn = (pieces: ReadonlyArray<Piece>, partition: number) =>
    pieces.flatMap((piece) => isDecision(piece) || piece.partition !== partition ? [] : [...piece.offsets])
  if (decision._tag === "idle") {
    const { at, partition } = decision
    return offsetsIn(before, partition).every((offset) => offset < at) && offsetsIn(after, partition).every((offset) => offset >= at)
  }
  if (decision._tag === "gap") return false
  return decision.at.every((at, partition) => offsetsIn(after, partition).every((offset) => offset >= at)) &&
    (before.length === 0 || decision.at.some((at, partition) => offsetsIn(before, partition).every((offset) => offset < at)))
}
