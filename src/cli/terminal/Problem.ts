/** What a command says when it cannot go on: one line, with what to do about it. */
import { Schema } from "effect"

export class Problem extends Schema.TaggedError<Problem>()("Problem", {
  message: Schema.String,
  /** The command was called wrongly: exit code 2 instead of 1. */
  usage: Schema.optionalKey(Schema.Boolean)
}) {}

export const problem = (message: string): Problem => new Problem({ message })

export const usage = (message: string): Problem => new Problem({ message, usage: true })

/** A line for the person at the terminal. Results go to stdout, everything else goes here. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
