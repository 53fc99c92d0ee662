/** Makes the mutants of a source. The kinds of mistake are those of Stryker, as far as one text can be replaced by another. */
import { createHash } from "node:crypto"
import { stripTypeScriptTypes } from "node:module"
import * as ts from "typescript-6"
import type { Mutant } from "./Mutant.ts"

type Change = Pick<Mutant, "end" | "kind" | "replacement" | "start">

/** Whether Node takes it for a program: what is none is not a mutant. */
export const isProgram = (source: string): boolean => {
  try {
    stripTypeScriptTypes(source)
    return true
  } catch {
    return false
  }
}

/** Every mutant of a source, in the order of the text. */
export const mutantsOf = (file: string, source: string): ReadonlyArray<Mutant> => {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const changes = new Map<string, Change>()
  const visit = (node: ts.Node): void => {
    if (isSilent(node)) return
    for (const [kind, start, end, replacement] of changesOf(node)) {
      const place = `${start}-${end}-${replacement}`
      if (!changes.has(place) && source.slice(start, end) !== replacement) changes.set(place, { kind, start, end, replacement })
    }
    node.forEachChild(visit)
  }
  visit(parsed)
  const seen = new Map<string, number>()
  return [...changes.values()].sort((a, b) => a.start - b.start || a.end - b.end).map((change): Mutant => {
    const { end, kind, replacement, start } = change
    const name = JSON.stringify([file, kind, ...linesAround(source, start, end), replacement])
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    const id = createHash("sha256").update(`${name}${count}`).digest("hex").slice(0, 12)
    const line = parsed.getLineAndCharacterOfPosition(start).line + 1
    return { id, file, line, kind, start, end, original: source.slice(start, end), replacement }
  })
}

/** The lines of a change without their indentation, and where in them it begins and ends. */
const linesAround = (source: string, start: number, end: number): ReadonlyArray<string | number> => {
  const from = source.lastIndexOf("\n", start - 1) + 1
  const to = source.indexOf("\n", end)
  const lines = source.slice(from, to === -1 ? source.length : to)
  const indent = lines.length - lines.trimStart().length
  return [lines.trim(), start - from - indent, end - start]
}

/** What a mistake in it says nothing of: types, and where modules come from. */
const isSilent = (node: ts.Node): boolean =>
  ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node) || ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)

type Found = readonly [kind: string, start: number, end: number, replacement: string]

const changesOf = (node: ts.Node): ReadonlyArray<Found> => [
  ...ofOperator(node),
  ...ofUnary(node),
  ...ofCondition(node),
  ...ofLiteral(node),
  ...ofCall(node),
  ...ofStatement(node),
  ...ofFunction(node)
]

const operators: { readonly [operator: string]: ReadonlyArray<string> } = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "**": ["*"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "/=": ["*="],
  "|=": ["&="],
  "&=": ["|="],
  "^=": ["&="],
  "??=": ["="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"]
}

/** Mixed with `??`, these need parentheses. */
const logical: ReadonlyArray<string> = ["&&", "||", "??"]

const ofOperator = (node: ts.Node): ReadonlyArray<Found> => {
  if (!ts.isBinaryExpression(node)) return []
  const { left, operatorToken, right } = node
  const operator = operatorToken.getText()
  // Strings can only be added.
  if (operator === "+" && [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side))) return []
  return (operators[operator] ?? []).map((other) =>
    logical.includes(operator)
      ? ["logical operator", node.getStart(), node.getEnd(), `((${left.getText()}) ${other} (${right.getText()}))`]
      : ["operator", operatorToken.getStart(), operatorToken.getEnd(), other]
  )
}

const ofUnary = (node: ts.Node): ReadonlyArray<Found> => {
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return []
  const [start, end] = [node.getStart(), node.getEnd()]
  const operand = node.operand.getText()
  switch (node.operator) {
    case ts.SyntaxKind.PlusPlusToken:
      return [["step", start, end, ts.isPrefixUnaryExpression(node) ? `--${operand}` : `${operand}--`]]
    case ts.SyntaxKind.MinusMinusToken:
      return [["step", start, end, ts.isPrefixUnaryExpression(node) ? `++${operand}` : `${operand}++`]]
    default:
      return [["sign", start, end, operand]]
  }
}

const ofCondition = (node: ts.Node): ReadonlyArray<Found> => {
  const always = (condition: ts.Expression, ...values: ReadonlyArray<string>) =>
    values.map((value): Found => ["condition", condition.getStart(), condition.getEnd(), value])
  if (ts.isIfStatement(node)) return always(node.expression, "true", "false")
  if (ts.isConditionalExpression(node)) return always(node.condition, "true", "false")
  if (ts.isWhileStatement(node)) return always(node.expression, "false")
  return ts.isForStatement(node) && node.condition !== undefined ? always(node.condition, "false") : []
}

const ofLiteral = (node: ts.Node): ReadonlyArray<Found> => {
  const [start, end] = [node.getStart(), node.getEnd()]
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [["literal", start, end, "false"]]
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [["literal", start, end, "true"]]
  const isName = ts.isPropertyAssignment(node.parent ?? node) && (node.parent as ts.PropertyAssignment).name === node
  if (isName) return []
  if (ts.isNumericLiteral(node)) return [["literal", start, end, String(Number(node.text) + 1)]]
  if (ts.isBigIntLiteral(node)) return [["literal", start, end, `${BigInt(node.text.slice(0, -1)) + 1n}n`]]
  if (ts.isStringLiteralLike(node)) return [["literal", start, end, node.text === "" ? `"other"` : `""`]]
  if (ts.isTemplateExpression(node)) return [["literal", start, end, `""`]]
  return []
}

/** Calls that have a counterpart. */
const counterparts: { readonly [call: string]: string } = {
  "Math.min": "Math.max",
  "Math.max": "Math.min",
  "Math.floor": "Math.ceil",
  "Math.ceil": "Math.floor",
  ".some": ".every",
  ".every": ".some"
}

/** Calls that can be left out, so that what they are called on stays as it is. */
const optional: ReadonlyArray<string> = ["filter", "slice", "sort", "toSorted", "reverse", "toReversed", "trim", "subarray"]

const ofCall = (node: ts.Node): ReadonlyArray<Found> => {
  const chain = (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node)) &&
    node.questionDotToken !== undefined ? node.questionDotToken : null
  if (chain !== null) return [["optional chain", chain.getStart(), chain.getEnd(), ts.isPropertyAccessExpression(node) ? "." : ""]]
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  const { expression, name } = node.expression
  const callee = node.expression.getText()
  const other = counterparts[callee]
  if (other !== undefined) return [["call", node.expression.getStart(), node.expression.getEnd(), other]]
  const method = counterparts[`.${name.text}`]
  if (method !== undefined) return [["call", name.getStart(), name.getEnd(), method.slice(1)]]
  return optional.includes(name.text) ? [["call", expression.getEnd(), node.getEnd(), ""]] : []
}

const ofStatement = (node: ts.Node): ReadonlyArray<Found> => {
  const [start, end] = [node.getStart(), node.getEnd()]
  if (ts.isExpressionStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node) || ts.isThrowStatement(node)) {
    // Without constructors of classes above it the class is none.
    return node.getText().startsWith("super(") ? [] : [["statement", start, end, ";"]]
  }
  if (ts.isReturnStatement(node)) return node.expression === undefined ? [["statement", start, end, ";"]] : [["result", start, end, "return undefined"]]
  if (ts.isBlock(node) && node.statements.length > 0) return [["block", start, end, "{}"]]
  return []
}

const ofFunction = (node: ts.Node): ReadonlyArray<Found> => {
  if (!ts.isArrowFunction(node) || ts.isBlock(node.body)) return []
  return [["result", node.body.getStart(), node.body.getEnd(), "undefined"]]
}
