/** What relations count along the way (`Plan.observe`), from the answers of an execution. */
import type { Answer } from "./Execution.ts"
import type { Expression_Literal } from "./proto/expressions_pb.ts"

/** By the name of the observation and of the count. */
export type Observed = Readonly<Record<string, Readonly<Record<string, number>>>>

/**
 * Of a write, Spark 4.0 answers without the counts where its own listeners have not been told of the end yet; of a
 * relation, never.
 */
export const of = (answers: ReadonlyArray<Answer>): Observed => {
  const observed = answers.flatMap((answer) => answer.case === "observedMetrics" ? answer.value : [])
  return Object.fromEntries(observed.filter(({ keys }) => keys.length > 0).map(({ keys, name, values }) =>
    [name, Object.fromEntries(keys.map((key, i) => [key, numberOf(values[i])]))]))
}

/** Counts are whole numbers; of anything else nothing is made. */
const numberOf = (literal: Expression_Literal | undefined): number =>
  literal?.literalType.case === "long" || literal?.literalType.case === "integer" ? Number(literal.literalType.value) : NaN
