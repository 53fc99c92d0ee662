/** A topic with several partitions that are read in pieces, and what pipelines make of it to the end. */
import { Job, Pane, type Pipeline, Row } from "../../src/index.ts"
import { numberOf } from "../../src/streams/ports/SourceLogs.ts"
import * as Harness from "../../src/testing/Harness.ts"

export interface Outcome {
  /** The newest pane of each window, written. */
  readonly panes: ReadonlyArray<Pane.Encoded>
  readonly rows: ReadonlyArray<Row.Encoded>
  /** Late and refused records. */
  readonly unused: ReadonlyArray<string>
}

/** Over topics with partitions of their own, by their names; each is read a piece at a time. */
export const runTogether = (pipeline: Pipeline.Any, topics: { readonly [name: string]: ReadonlyArray<object> }, partitions = 2, pieces = 7): Outcome => {
  const sources = Object.keys(topics).map((name) => ({ name, partitions }))
  const job = new Job([pipeline], { sources })
  const lines = Object.values(topics).map((records) => records.map((record) => JSON.stringify(record)))
  const outputs = Array.from({ length: pieces }, (_, piece) =>
    lines.flatMap((all, source) => Array.from({ length: partitions }, (_, partition) => {
      const own = all.filter((_, index) => index % partitions === partition)
      const [from, to] = [piece, piece + 1].map((at) => Math.ceil(own.length * at / pieces)) as [number, number]
      return job.take(Harness.records(numberOf(partition, source, sources.length), from, own.slice(from, to)))
    }))).flat()
  return outcomeOf([...outputs, job.close()])
}

/**
 * Records go to the partitions in turn, and the partitions are read in turn, a piece of each. A piece of the first is as long
 * as those of all others together, so that it runs ahead of them.
 */
export const runOver = (pipelines: Pipeline.Any | ReadonlyArray<Pipeline.Any>, records: ReadonlyArray<object>, partitions = 3, piece = 97): Outcome => {
  const lines = Array.from({ length: partitions }, (_, partition) =>
    records.flatMap((record, index) => index % partitions === partition ? [JSON.stringify(record)] : []))
  return run(new Job([pipelines].flat() as ReadonlyArray<Pipeline.Any>, { partitions }), lines, (partition) => partition === 0 ? piece * partitions : piece)
}

/** The records of several sources, in one partition each: pieces of them are read in turn. */
export const runOverSources = (pipeline: Pipeline.Any, records: { readonly [source: string]: ReadonlyArray<object> }, piece = 97): Outcome => {
  const names = Object.keys(records).sort()
  const job = new Job([pipeline], { sources: names.map((name) => ({ name, partitions: 1 })) })
  return run(job, names.map((name) => records[name]!.map((record) => JSON.stringify(record))), () => piece)
}

const run = (job: Job, lines: ReadonlyArray<ReadonlyArray<string>>, pieceOf: (partition: number) => number): Outcome => {
  const next = lines.map(() => 0)
  const outputs = []
  while (next.some((at, partition) => at < lines[partition]!.length)) {
    for (const [partition, all] of lines.entries()) {
      const texts = all.slice(next[partition]!, next[partition]! + pieceOf(partition))
      if (texts.length === 0) continue
      outputs.push(job.take(Harness.records(partition, next[partition]!, texts)))
      next[partition]! += texts.length
    }
  }
  return outcomeOf([...outputs, job.close()])
}

const outcomeOf = (outputs: ReadonlyArray<ReturnType<Job["take"]>>): Outcome => ({
  panes: Harness.newest(outputs.flatMap(({ panes }) => panes)).map(Pane.encode),
  rows: outputs.flatMap(({ rows }) => rows).map(Row.encode),
  unused: outputs.flatMap(({ unused }) => unused).map(({ detail, reason }) => `${reason}: ${detail}`)
})
