/**
 * The command line is out of the core and the adapters: nothing that they say names a flag, a variable or a command of
 * ours, nor the flags of a broker's tools. Errors carry a reason, and `src/cli` has what to type.
 */
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as ts from "typescript-6"
import { describe, expect, it } from "vitest"

const src = join(import.meta.dirname, "../src")

const files = globSync("{domain,streams,analytics,adapters}/**/*.ts", { cwd: src })
  // What a compiler makes of Spark's protocol holds no words of ours.
  .filter((file) => !file.endsWith("_pb.ts"))
  .sort()

const commands = readdirSync(join(src, "cli/commands")).map((file) =>
  file.replace(/\.ts$/, "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
)

/** `--flag`, the beginning of one whose name is filled in, `COURANT_VARIABLE`, `courant command`. */
const ofTheCommandLine = new RegExp(String.raw`--[A-Za-z…]|COURANT_|\bcourant (?:${commands.join("|")})\b`)

/** What stands in the place of what a template fills in. */
const hole = "…"

/** Words as they are at run time, without escapes: adjacent strings that are added up are read as one. */
const wordsOf = (node: ts.Node): string | undefined => {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => hole + literal.text).join("")
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return (wordsOf(node.left) ?? hole) + (wordsOf(node.right) ?? hole)
  }
  return ts.isParenthesizedExpression(node) ? wordsOf(node.expression) : undefined
}

const foundIn = (text: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true)
  const found: Array<string> = []
  const note = (node: ts.Node, words: string) => {
    const at = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    if (ofTheCommandLine.test(words)) found.push(`${at}: ${words.replaceAll(/\s+/g, " ").trim()}`)
  }
  const visit = (node: ts.Node): void => {
    const words = wordsOf(node)
    if (words !== undefined) note(node, words)
    // Parts of what was read as one are not told twice; what fills a template may be a text of its own.
    if (ts.isStringLiteralLike(node)) return
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const comment of commentsOf(file)) note(comment.node, comment.text)
  return [...new Set(found)]
}

const commentsOf = (file: ts.SourceFile): ReadonlyArray<{ readonly node: ts.Node; readonly text: string }> => {
  const found: Array<{ readonly node: ts.Node; readonly text: string }> = []
  const visit = (node: ts.Node): void => {
    const before = ts.getLeadingCommentRanges(file.text, node.getFullStart()) ?? []
    const behind = ts.getTrailingCommentRanges(file.text, node.getEnd()) ?? []
    for (const { end, pos } of [...before, ...behind]) found.push({ node, text: file.text.slice(pos, end) })
    node.getChildren(file).forEach(visit)
  }
  visit(file)
  return found
}

it.each(files)("%s knows no flag, no variable and no command", (file) => {
  expect(foundIn(readFileSync(join(src, file), "utf8"))).toEqual([])
})

describe("the law notices", () => {
  it.each([
    ["a flag", `const a = "start once with --restart"`],
    ["one in a template", "const a = `port ${port} is in use; choose another with --port`"],
    ["one whose name is filled in", "const a = `give --${flag}`"],
    ["one that is cut in two", `const a = "start with -" + "-restart"`],
    ["one within what fills a template", "const a = `it is ${isOld ? `read with --restart` : ``}`"],
    ["one with escapes", String.raw`const a = "\u002d\u002drestart"`],
    ["a variable", `const a = "set COURANT_KAFKA_TLS=1"`],
    ["one of a broker's tools", "const a = `kafka-topics.sh --alter --topic ${topic}`"],
    ["a command", `const a = "make it with: courant doctor"`],
    ["a docstring", `/** Set with --port. */\nconst a = 1`],
    ["a comment at the end of a line", `const a = 1 // or --page-port\nconst b = 2`],
    ["a comment within", `const f = () => {\n  // With --restart only.\n  return 1\n}`]
  ])("%s", (_, text) => expect(foundIn(text)).not.toEqual([]))

  it("and lets be what is none of them", () => {
    expect(foundIn("/** A cluster as courant uses it. */\nlet a = b - -c\na--\nconst d = `-- ${a} -- ` + 'courant_total'")).toEqual([])
  })
})
