/** What the tests of the documentation read out of it. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export const read = (file: string): string => readFileSync(join(root, file), "utf8")

const find = (pattern: string): ReadonlyArray<string> => globSync(pattern, { cwd: root }).toSorted()

/** Every page that people read, from the root of the project. */
export const pages: ReadonlyArray<string> = find("{*.md,docs/*.md}")

export interface Block {
  readonly file: string
  readonly line: number
  readonly language: string
  readonly code: string
  /** The `output` block that follows: what the code prints. */
  readonly output: string | undefined
}

const fence = /^```(\w+)\n([^]*?)^```$(?:\n+^```output\n([^]*?)^```$)?/gm

const blocksIn = (file: string, text: string): ReadonlyArray<Block> =>
  [...text.matchAll(fence)].map(({ 1: language = "", 2: code = "", 3: output, index }) => ({
    file,
    line: text.slice(0, index).split("\n").length,
    language,
    code,
    output
  }))

/** The code of pages and of the `@example`s in docstrings, one module or script a block. */
export const blocks: ReadonlyArray<Block> = [
  ...pages.flatMap((file) => blocksIn(file, read(file))),
  ...find("src/**/*.ts").flatMap((file) => blocksIn(file, read(file).replaceAll(/^ *\* ?/gm, "")))
]

export interface Link {
  readonly page: string
  readonly text: string
  /** From the root of the project, without the anchor. */
  readonly file: string
  readonly anchor: string
}

/** Links to files of the project; those to the rest of the world are not looked at. */
export const links: ReadonlyArray<Link> = pages.flatMap((page) =>
  [...read(page).replaceAll(/^```[^]*?^```$/gm, "").matchAll(/\[([^\]]*)\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
    .filter(({ 2: target = "" }) => !/^[a-z]+:/.test(target))
    .map(({ 1: text = "", 2: target = "", 3: anchor = "" }) => ({
      page,
      text,
      file: target === "" ? page : relative(root, join(root, dirname(page), target)),
      anchor
    }))
)
