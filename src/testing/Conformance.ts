/**
 * The rules of event time as small cases in JSON, whose values were worked out by hand: what an engine has to leave in the
 * end, whoever wrote it and in whatever language. The files are in `dist/testing/conformance` of the package.
 */
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, it } from "vitest"
import aggregates from "./conformance/aggregates.json" with { type: "json" }
import * as Case from "./conformance/Case.ts"
import { pipelineOf } from "./conformance/CasePipeline.ts"
import type { Outcome, Run } from "./conformance/CaseRun.ts"
import changes from "./conformance/changes.json" with { type: "json" }
import keys from "./conformance/keys.json" with { type: "json" }
import lateness from "./conformance/lateness.json" with { type: "json" }
import merging from "./conformance/merging.json" with { type: "json" }
import nodes from "./conformance/nodes.json" with { type: "json" }
import numbers from "./conformance/numbers.json" with { type: "json" }
import partitions from "./conformance/partitions.json" with { type: "json" }
import results from "./conformance/results.json" with { type: "json" }
import sessions from "./conformance/sessions.json" with { type: "json" }
import times from "./conformance/times.json" with { type: "json" }
import windows from "./conformance/windows.json" with { type: "json" }
import { usual } from "./EngineLaw.ts"
import { same } from "./Law.ts"

export * as Case from "./conformance/Case.ts"
export { pipelineOf } from "./conformance/CasePipeline.ts"
export { engineRun, foldRun, isWritten, kindOf, type Outcome, type Run, type Subject, textOf } from "./conformance/CaseRun.ts"

/** Reads a file of cases; throws a `SchemaError` that names what is wrong. */
export const decode: (json: unknown) => ReadonlyArray<Case.Case> = Schema.decodeUnknownSync(Schema.Array(Case.Case))

/** Every case that engines are held to. */
export const cases: ReadonlyArray<Case.Case> = [
  windows, lateness, partitions, times, sessions, aggregates, numbers, keys, merging, changes, nodes, results
].flatMap(decode)

export interface Options {
  /** {@link cases} by default. */
  readonly cases?: ReadonlyArray<Case.Case>
  /** Why a case is left out, if it is. */
  readonly skip?: (subject: Case.Case) => string | undefined
}

/** One test a case, over orders in which its partitions may be read. */
export const suite = (name: string, run: Run, options: Options = {}): void => {
  describe(`the rules, case by case: ${name}`, () => {
    for (const subject of options.cases ?? cases) {
      const skipped = options.skip?.(subject)
      if (skipped === undefined) it(`${subject.name}: ${subject.why}`, () => check(subject, run))
      else it.skip(`${subject.name}: ${skipped}`, () => undefined)
    }
  })
}

/** Fails where an engine does not leave what a case expects; the message has the order in which the rows were read. */
export const check = async (subject: Case.Case, run: Run): Promise<void> => {
  const pipeline = pipelineOf(subject)
  const numRuns = subject.partitions === 1 ? 1 : Math.ceil(30 * usual.times)
  await fc.assert(
    fc.asyncProperty(orders(subject), async (rows) => compare(subject, await run({ case: subject, pipeline, rows }))),
    { numRuns, ...(usual.seed === undefined ? {} : { seed: usual.seed }) }
  )
}

/** The log in a random order of its partitions; of each one in its own. */
const orders = (subject: Case.Case): fc.Arbitrary<ReadonlyArray<Case.Placed>> => {
  const rows = placed(subject)
  const turns = rows.map(({ partition }) => partition)
  return fc.shuffledSubarray(turns, { minLength: turns.length }).map((turns) => {
    const next = new Map<number, number>()
    return turns.flatMap((partition) => {
      const offset = next.get(partition) ?? 0
      next.set(partition, offset + 1)
      return rows.filter((row) => row.partition === partition && row.offset === offset)
    })
  })
}

/** The rows of a case with their places, in the order in which they are written. */
export const placed = ({ rows }: Case.Case): ReadonlyArray<Case.Placed> =>
  rows.map((row, index) => ({
    ...row,
    offset: rows.slice(0, index).filter(({ partition }) => partition === row.partition).length
  }))

/** Throws where something else came than a case expects. */
export const compare = ({ expected }: Case.Case, { late, panes, refused }: Outcome): void => {
  same(inOrder(panes), inOrder(expected.panes), "other panes came than were expected")
  if (late !== undefined) same(inOrder(late), inOrder(expected.late ?? []), "other rows were late than were expected")
  if (refused !== undefined) same(inOrder(refused), inOrder(expected.refused ?? []), "other rows were refused than were expected")
}

/** Members in one order, and then the whole. */
const inOrder = (list: ReadonlyArray<Case.Result | Case.Place | Case.Refused>): ReadonlyArray<string> =>
  list.map((each) => JSON.stringify(sorted(each))).sort()

const sorted = (value: object): object =>
  Object.fromEntries(
    Object.entries(value)
      .map(([name, value]: [string, unknown]) =>
        [name, typeof value === "object" && value !== null ? sorted(value) : value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  )
