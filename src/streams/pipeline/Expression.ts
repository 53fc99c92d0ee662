/** Expressions as data, as the calls of `Expr` have put them together: what `Check` gives types to, and engines evaluate. */

export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte"

/** A value that stands in an expression itself; a number is what its shortest decimal text says. */
export type Literal = string | number | boolean

export type Node = Condition | Value

/** True or false, and never absent. */
export type Condition =
  /** A field against a literal; a decimal field takes a text or a number. */
  | { readonly op: Comparison; readonly field: string; readonly value: Literal }
  | { readonly op: "isNot"; readonly field: string; readonly value: Literal }
  /** Two values against each other. */
  | { readonly op: "compare"; readonly by: Comparison | "isNot"; readonly left: Node; readonly right: Node }
  | { readonly op: "and" | "or"; readonly all: ReadonlyArray<Node> }
  | { readonly op: "not"; readonly that: Node }
  | { readonly op: "isNull"; readonly of: Node }

/** Absent where what it is made of is, unless it says otherwise. */
export type Value =
  | { readonly op: "field"; readonly field: string }
  | { readonly op: "literal"; readonly value: Literal }
  | { readonly op: "add" | "subtract" | "multiply" | "least" | "greatest"; readonly left: Node; readonly right: Node }
  | { readonly op: "divide"; readonly left: Node; readonly right: Node; readonly scale: number | null }
  | { readonly op: "negate" | "abs" | "toDouble" | "lower" | "upper"; readonly of: Node }
  | { readonly op: "concat"; readonly all: ReadonlyArray<Node> }
  | { readonly op: "coalesce"; readonly value: Node; readonly instead: Node }
  | { readonly op: "conditional"; readonly condition: Node; readonly value: Node; readonly otherwise: Node }
  | { readonly op: "substring"; readonly of: Node; readonly from: number; readonly length: number | null }
  | { readonly op: "extract"; readonly of: Node; readonly pattern: string; readonly group: number }
  | { readonly op: "split"; readonly of: Node; readonly pattern: string; readonly part: number }
  | { readonly op: "hour" | "dayOfWeek"; readonly of: Node; readonly timeZone: string }

/** What a node is made of, in order. */
export const partsOf = (node: Node): ReadonlyArray<Node> => {
  switch (node.op) {
    case "and":
    case "or":
    case "concat":
      return node.all
    case "not":
      return [node.that]
    case "compare":
    case "add":
    case "subtract":
    case "multiply":
    case "least":
    case "greatest":
    case "divide":
      return [node.left, node.right]
    case "coalesce":
      return [node.value, node.instead]
    case "conditional":
      return [node.condition, node.value, node.otherwise]
    case "isNull":
    case "negate":
    case "abs":
    case "toDouble":
    case "lower":
    case "upper":
    case "substring":
    case "extract":
    case "split":
    case "hour":
    case "dayOfWeek":
      return [node.of]
    default:
      return []
  }
}

/** The fields that a node looks at, with those of its parts. */
export const fieldsOf = (node: Node): ReadonlyArray<string> =>
  "field" in node ? [node.field] : partsOf(node).flatMap(fieldsOf)
