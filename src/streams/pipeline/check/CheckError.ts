/** What is wrong with a pipeline as it was declared: in which of its nodes, and what to do. */
import { Schema } from "effect"
import { nearest } from "../../../domain/Nearest.ts"

export class CheckError extends Schema.TaggedError<CheckError>()("CheckError", {
  pipeline: Schema.String,
  /** Such as `the aggregate "open"` or `Events.where`. */
  node: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `the pipeline "${this.pipeline}": ${this.node}: ${this.why}`
  }
}

/** How a check ends that finds something wrong; `Check` adds the name of the pipeline. */
export class Fault {
  readonly node: string
  readonly why: string

  constructor(node: string, why: string) {
    this.node = node
    this.why = why
  }
}

export const refuse = (node: string, why: string): never => {
  throw new Fault(node, why)
}

/** The names of what there is, for a name that is not among them; the one that may have been meant first. */
export const among = (name: unknown, names: ReadonlyArray<string>): string => {
  if (typeof name !== "string") return `it is given as ${String(name)}, and has to be one of ${names.join(", ")}`
  const meant = nearest(name, names)
  return `${meant === undefined ? "" : `did you mean "${meant}"? `}known: ${names.join(", ")}`
}
