/** Writing a bounded relation into a sink, once and to its end. */
import { create } from "@bufbuild/protobuf"
import { Effect } from "effect"
import type { Expression_Literal } from "./proto/expressions_pb.ts"
import { CommandSchema } from "./proto/commands_pb.ts"
import type { Relation } from "./proto/relations_pb.ts"
import { Session } from "./Session.ts"

export interface Options {
  readonly relation: Relation
  /** Of the sink: `kafka`, `json`. */
  readonly format: string
  readonly options: Readonly<Record<string, string>>
}

/** What the relation has counted, by the name of the observation and of the count. */
export type Observed = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Adds the rows of a relation to what the sink has; done when they are written. What was written by a failure stays. */
export const append = Effect.fnUntraced(function*({ format, options, relation }: Options) {
  const session = yield* Session
  const answers = yield* session.execute(create(CommandSchema, {
    commandType: { case: "writeOperation", value: { input: relation, source: format, mode: appending, options: { ...options } } }
  }))
  const observed = answers.flatMap((answer) => answer.case === "observedMetrics" ? answer.value : [])
  return Object.fromEntries(observed.map(({ keys, name, values }) =>
    [name, Object.fromEntries(keys.map((key, i) => [key, numberOf(values[i])]))])) satisfies Observed
})

/** `SAVE_MODE_APPEND`. */
const appending = 1

/** Counts are whole numbers; of anything else nothing is made. */
const numberOf = (literal: Expression_Literal | undefined): number =>
  literal?.literalType.case === "long" || literal?.literalType.case === "integer" ? Number(literal.literalType.value) : NaN
