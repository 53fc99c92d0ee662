/** Laws of a log of several sources: what a pipeline gives hangs on its own and on nothing else. */
import * as fc from "fast-check"
import type { Decision } from "../streams/records/Decision.ts"
import type { AnyOfPanes } from "../streams/pipeline/Pipeline.ts"
import { numberOf } from "../streams/ports/SourceLogs.ts"
import { from } from "./Altered.ts"
import { cuts, decidedLogs, type Log, pipelines } from "./Arbitraries.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { type Engine, isDecision, lines, type MakeEngine, type Piece, pieces, run } from "./Harness.ts"
import { holds, same } from "./Law.ts"

/** A source with its log, and a pipeline that reads it. */
interface Read {
  readonly name: string
  readonly pipeline: AnyOfPanes
  readonly log: Log
  readonly cut: ReadonlyArray<number>
}

/** Sources in the order of their names, as a log has them. */
const reads: fc.Arbitrary<ReadonlyArray<Read>> = fc.integer({ min: 2, max: 3 }).chain((count) =>
  fc.tuple(...["first", "other", "third"].slice(0, count).map((name) =>
    fc.record({ pipeline: pipelines({ revisions: true }), log: decidedLogs, cut: cuts }).map((read): Read =>
      ({ ...read, name, pipeline: from(read.pipeline, name, `of-${name}`) }))
  ))
)

const anything = { reads, turns: fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }), crash: fc.nat(60) }

export const sourceLaws: EngineLaws = {
  "of several sources each gives what it gives alone, however they are read beside one another and wherever a run begins anew": law(
    25,
    fc.record(anything),
    (make, { crash, reads, turns }) => {
      const input = beside(reads, turns)
      const engine = over(make, reads)
      const before = input.slice(0, crash).flatMap(({ piece }) => lines(engine.take(piece).panes))
      const again = over(make, reads)
      holds(again.restore(engine.snapshot()), "its own snapshot was refused")
      same(again.snapshot(), engine.snapshot())
      const panes = [...before, ...lines(run(again, input.slice(crash).map(({ piece }) => piece)))]
      for (const { alone, counts, panes: expected, read } of reads.map((read) => ofAlone(make, read))) {
        same(panes.filter((line) => JSON.parse(line).pipeline === read.pipeline.name), expected, read.name)
        same(again.countsByPipeline.get(read.pipeline.name), alone.countsByPipeline.get(read.pipeline.name), read.name)
        same(again.countsBySource.get(read.name), counts, read.name)
      }
    }
  ),

  "a source that is added or is no more changes nothing of the others": law(
    25,
    fc.record(anything),
    (make, { crash, reads, turns }) => {
      const kept = reads.slice(1)
      const input = beside(reads, turns)
      const engine = over(make, reads)
      const panes = input.slice(0, crash).flatMap(({ piece }) => lines(engine.take(piece).panes))
      const fewer = over(make, kept)
      holds(fewer.restore(engine.snapshot()), "a snapshot that has one source more was refused")
      // What is left of those that are kept, in the numbering of a log without the first.
      const left = input.slice(crash).filter(({ source }) => source > 0)
      panes.push(...lines(run(fewer, left.map(({ own, source }) => numbered(own, source - 1, kept.length)))))
      for (const read of kept) {
        same(panes.filter((line) => JSON.parse(line).pipeline === read.pipeline.name), ofAlone(make, read).panes, read.name)
      }
      holds(!over(make, reads).restore(over(make, kept).snapshot()), "a snapshot that lacks a pipeline was taken")
    }
  )
}

const over = (make: MakeEngine, reads: ReadonlyArray<Read>): Engine =>
  make(reads.map(({ pipeline }) => pipeline), 0, { sources: reads.map(({ log, name }) => ({ name, partitions: log.partitions })) })

const ofAlone = (make: MakeEngine, read: Read) => {
  const alone = make([read.pipeline], read.log.partitions)
  const panes = lines(run(alone, piecesOf(read)))
  return { alone, panes, counts: alone.counts, read }
}

/** An end is one of all sources: of one alone there is none. */
const piecesOf = ({ cut, log }: Read): ReadonlyArray<Piece> => pieces(log, cut).filter((piece) => !isDecision(piece) || piece._tag !== "end")

interface Placed {
  readonly source: number
  /** In the numbering of the source. */
  readonly own: Piece
  /** In that of all. */
  readonly piece: Piece
}

/** A piece of one source, then one of another, in turns. */
const beside = (reads: ReadonlyArray<Read>, turns: ReadonlyArray<number>): ReadonlyArray<Placed> => {
  const left = reads.map(piecesOf).map((all) => [...all])
  const all: Array<Placed> = []
  for (let turn = 0; left.some(({ length }) => length > 0); turn++) {
    const wanted = turns[turn % turns.length]! % reads.length
    const source = left[wanted]!.length > 0 ? wanted : left.findIndex(({ length }) => length > 0)
    const own = left[source]!.shift()!
    all.push({ source, own, piece: numbered(own, source, reads.length) })
  }
  return all
}

const numbered = (piece: Piece, source: number, sources: number): Piece => {
  if (!isDecision(piece)) return { ...piece, partition: numberOf(piece.partition, source, sources) }
  return piece._tag === "end" ? piece : { ...piece, partition: numberOf(piece.partition, source, sources) } satisfies Decision
}
