/** What is wrong with a pipeline as it was declared: in which of its nodes, and what to do. */
import { Schema } from "effect"

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
  const meant = names.find((other) => isNear(name, other))
  return `${meant === undefined ? "" : `did you mean "${meant}"? `}known: ${names.join(", ")}`
}

/** One letter too many, too few, or another; or two that changed places. */
const isNear = (a: string, b: string): boolean => {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  return (x.length <= 1 && y.length <= 1) || (x.length === 2 && x[0] === y[1] && x[1] === y[0])
}
