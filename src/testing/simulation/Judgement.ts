/** Holds what a simulation has left against an undisturbed run over the same log and the same decisions. */
import { Effect, Option } from "effect"
import { Agenda } from "../../streams/engine/Agenda.ts"
import { Job } from "../../streams/engine/Job.ts"
import * as Checked from "../../streams/pipeline/Checked.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { type Any, isOfPanes } from "../../streams/pipeline/Pipeline.ts"
import { newestIntact } from "../../streams/ports/CheckpointParts.ts"
import type { DeadLetter } from "../../streams/ports/DeadLetters.ts"
import type { Counts } from "../../streams/ports/Monitor.ts"
import { valueAt } from "../../streams/records/Records.ts"
import { idOf, Stores } from "./Stores.ts"
import type { Planned } from "./Workload.ts"

/** What a run says of itself. */
export type Account = Omit<Counts, "read"> & { readonly byPipeline: { readonly [name: string]: Counts } }

export interface Left {
  readonly stores: Stores
  readonly pipelines: ReadonlyArray<Any>
  readonly plan: ReadonlyArray<Planned>
  readonly account: Account
  /** Nothing of the feed may be late. */
  readonly isNothingLate: boolean
  /** The log has each line of the feed once, in their order. */
  readonly isVerbatim: boolean
  /** It went on until nothing was to come any more: every window has been told. */
  readonly isAllTold: boolean
}

/** What is not as it has to be. */
export const judge = (left: Left): ReadonlyArray<string> => {
  const { isAllTold, stores } = left
  const { expected, toCome } = undisturbed(left)
  return [
    ...differing("panes", withoutRemains(left, expected).flatMap(shown), [...expected.panes.values()].flatMap(shown)),
    ...differing("rows", [...stores.rows.values()], [...expected.rows.values()]),
    ...differing("dead letters", lettersIn(stores, remainsOf(left, expected, toCome)), lettersIn(expected)),
    ...accountProblems(left),
    ...logProblems(left),
    ...isAllTold ? memoryProblems(left) : []
  ]
}

/** What a run leaves to which nothing happens, and the dead letters that are still to come of rows that are held. */
const undisturbed = ({ isAllTold, pipelines, stores: { decisions, log } }: Left): { readonly expected: Stores; readonly toCome: Stores } => {
  const partitions = log.partitions.length
  const expected = new Stores(partitions)
  const toCome = new Stores(partitions)
  const job = new Job(pipelines, { partitions })
  const agenda = new Agenda([...decisions.values()], partitions)
  const keep = ({ panes, rows, unused }: ReturnType<Job["take"]>) => {
    for (const pane of panes) expected.keepPane(Pane.encode(pane))
    for (const row of rows) expected.keepRow(row)
    keepLetters(unused, expected)
  }
  const keepLetters = (unused: ReturnType<Job["take"]>["unused"], into: Stores) => {
    for (const { detail, offset, partition, pipeline, reason } of unused) {
      const all = log.records(partition)
      const bytes = valueAt(all, all.offsets.indexOf(offset))
      into.keepLetter({ topic: "simulated", partition, offset, pipeline, reason, detail, bytes })
    }
  }
  for (const decision of agenda.due(job.offsets)) keep(job.decide(decision))
  for (const batch of log.partitions.map((_, partition) => log.records(partition))) {
    for (const part of agenda.weave(batch, () => job.offsets)) keep("_tag" in part ? job.decide(part) : job.take(part))
  }
  const rest = job.close()
  if (isAllTold) keep(rest)
  else keepLetters(rest.unused, toCome)
  return { expected, toCome }
}

/** What each window finally holds, and whether it is told as final. */
const shown = ({ end, key, pane, pipeline, start, values }: Pane.Encoded): ReadonlyArray<string> =>
  pane === "retracted" ? [] : [`${idOf({ pipeline, key, start, end })} ${pane === "early" ? "forming" : "final"} ${JSON.stringify(values)}`]

/**
 * The same of dead letters. Of two rows with one id another one is left out where a processor that has lost its place does not
 * know of its successor's decisions, and then it tells what becomes of a row of which there is nothing to tell. And a run that
 * begins anew with a partition that was added, and has nothing, still holds rows that were let go before.
 */
const remainsOf = ({ pipelines, stores }: Left, expected: Stores, toCome: Stores): ReadonlySet<DeadLetter> => {
  const holding = pipelines.flatMap(({ checked, name }) => checked.nodes.some(Checked.isHolding) ? [name] : [])
  return new Set([...stores.letters].flatMap(([id, letter]) => {
    const isOvertaken = stores.overtakenLetters.has(letter) && holding.includes(letter.pipeline ?? "")
    return !expected.letters.has(id) && (isOvertaken || toCome.letters.has(id)) ? [letter] : []
  }))
}

const lettersIn = ({ letters }: Stores, remains: ReadonlySet<DeadLetter> = new Set()): ReadonlyArray<string> =>
  [...letters.values()].filter((letter) => !remains.has(letter)).map(({ bytes, offset, partition, pipeline, reason }) =>
    JSON.stringify([partition, offset, pipeline, reason, Buffer.from(bytes).toString()]))

const differing = (what: string, found: ReadonlyArray<string>, expected: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [has, needs] = [new Set(found), new Set(expected)]
  const more = found.find((each) => !needs.has(each))
  const less = expected.find((each) => !has.has(each))
  return more === undefined && less === undefined ? [] : [`other ${what}: ${more ?? "nothing"} instead of ${less ?? "nothing"}`]
}

const accountProblems = ({ account, isNothingLate, pipelines, stores: { letters, log } }: Left): ReadonlyArray<string> => {
  const { aggregated, byPipeline, deadLettered, duplicate, filtered, held, late } = account
  const problems: Array<string> = []
  const found = aggregated + deadLettered + filtered + held + late
  // Duplicates are records that were read twice, and rows that are left out because of an id.
  const isDistinct = pipelines.some(({ checked }) => checked.nodes.some(({ _tag }) => _tag === "distinct"))
  if (isDistinct ? found > log.length || found + duplicate < log.length : found !== log.length) {
    problems.push(`of ${log.length} records there are ${JSON.stringify({ aggregated, deadLettered, duplicate, filtered, held, late })}`)
  }
  for (const { checked, name: pipeline } of pipelines) {
    const counts = byPipeline[pipeline] ?? { late: 0 }
    // A pair that is refused is a letter of its left row, in the place of one that the row was late on the other side.
    const isPaired = checked.nodes.some(({ _tag }) => _tag === "interval")
    const lateLetters = [...letters.values()].filter((letter) => letter.pipeline === pipeline && (isPaired || letter.reason === "late"))
    // A row that is late on one side of a join and refused on the other has two letters, and counts as refused.
    const isSo = isPaired || Checked.inputsOf(checked).length > 1 ? lateLetters.length >= counts.late : lateLetters.length === counts.late
    if (!isSo) problems.push(`${counts.late} rows were late for ${pipeline}, and of ${lateLetters.length} there are letters`)
  }
  if (isNothingLate && late > 0) problems.push(`${late} of an ordered feed were late`)
  return problems
}

const logProblems = ({ isVerbatim, plan, stores: { log } }: Left): ReadonlyArray<string> => {
  const texts = log.partitions.flat().map(({ bytes }) => Buffer.from(bytes).toString())
  if (isVerbatim) {
    const other = texts.length === plan.length ? texts.findIndex((text, index) => text !== plan[index]?.text) : Math.min(texts.length, plan.length)
    return other === -1 ? [] : [`the log has ${texts[other] ?? "nothing"} where the feed gave ${plan[other]?.text ?? "nothing"}`]
  }
  const there = new Set(texts)
  const lost = plan.find(({ text }) => !there.has(text))
  return lost === undefined ? [] : [`the feed gave what is not in the log: ${lost.text}`]
}

/**
 * Left out is what nobody can take back: a pane of a session that a processor has written into a sink that lets it, after its
 * successor had asked the sink what is there. It lies within the session of which it has become a part.
 */
const withoutRemains = ({ pipelines, stores }: Left, expected: Stores): ReadonlyArray<Pane.Encoded> => {
  const sessions = new Set(pipelines.flatMap(({ checked, name }) =>
    Checked.endsInResults(checked) && Checked.windowOf(checked).window.kind === "session" ? [name] : []))
  const told = [...expected.panes.values()].filter(({ pane, pipeline }) => sessions.has(pipeline) && pane !== "retracted")
  const isPartOf = ({ end, key, pipeline, start }: Pane.Encoded) => (other: Pane.Encoded) =>
    other.pipeline === pipeline && other.key === key && other.start <= start && end <= other.end && other.end - other.start > end - start
  return [...stores.panes.values()].filter((pane) => !stores.overtaken.has(idOf(pane)) || !told.some(isPartOf(pane)))
}

/**
 * Where nothing is open any more, nothing is kept of it; only derived values need those of the windows before, and nodes that
 * hold rows what they have seen.
 */
const memoryProblems = ({ pipelines, stores }: Left): ReadonlyArray<string> => {
  const keepsMore = (pipeline: Any) =>
    pipeline.checked.nodes.some(Checked.isHolding) || (isOfPanes(pipeline) && Checked.derivesOf(pipeline.checked).length > 0)
  if (pipelines.some(keepsMore)) return []
  const saved = Option.flatten(Effect.runSync(Effect.option(newestIntact("simulated", stores.checkpointsOf("simulated").chains))))
  const job = new Job(pipelines, { partitions: stores.log.partitions.length })
  if (Option.isNone(saved) || !job.restore(saved.value.sections)) return ["there is no checkpoint at the end"]
  return job.size === 0 ? [] : [`${job.size} states are kept of windows that are closed`]
}
