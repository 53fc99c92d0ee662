/** Writing a bounded relation into a sink, once and to its end. */
import { create } from "@bufbuild/protobuf"
import { Effect } from "effect"
import * as Observed from "./Observed.ts"
import { CommandSchema } from "./proto/commands_pb.ts"
import type { Relation } from "./proto/relations_pb.ts"
import { Session } from "./Session.ts"

export interface Options {
  readonly relation: Relation
  /** Of the sink: `kafka`, `json`. */
  readonly format: string
  readonly options: Readonly<Record<string, string>>
}

/** Adds the rows of a relation to what the sink has; done when they are written. What was written by a failure stays. */
export const append = Effect.fnUntraced(function*({ format, options, relation }: Options) {
  const session = yield* Session
  return Observed.of(yield* session.execute(create(CommandSchema, {
    commandType: { case: "writeOperation", value: { input: relation, source: format, mode: appending, options: { ...options } } }
  })))
})

/** `SAVE_MODE_APPEND`. */
const appending = 1
