/**
 * Every link of the documentation leads somewhere. One whose text is in quotes is the proof
 * of a claim: the file it leads to has a test, or states a law, of that name, or of one that begins so.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { links, pages, read, root } from "./Markdown.ts"

const quoted = /^"(.+?)…?"$/

/** GitHub's name for a heading. */
const anchorOf = (heading: string): string =>
  heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-")

const anchorsOf = (page: string): ReadonlyArray<string> =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(({ 1: heading = "" }) => anchorOf(heading))

describe.each(pages)("%s", (page) => {
  const own = links.filter((link) => link.page === page)

  it("links to files and headings that are there", () => {
    const broken = own.filter(({ anchor, file }) =>
      !existsSync(join(root, file)) || (anchor !== "" && !anchorsOf(file).includes(anchor)))
    expect(broken).toEqual([])
  })

  it("quotes tests that exist, by their names", () => {
    const wrong = own.filter(({ file, text }) => {
      const name = quoted.exec(text)?.[1]
      // In a source the quotes of a name that has some are escaped.
      return name !== undefined && existsSync(join(root, file)) && !read(file).replaceAll("\\\"", "\"").includes(name)
    })
    expect(wrong).toEqual([])
  })
})

const claiming = ["docs/semantics.md", "docs/numbers.md", "docs/delivery.md"]

it.each(claiming)("%s has a proof under each of its headings", (page) => {
  const sections = read(page).split(/^## /m).slice(1)
  const unproven = sections.filter((section) => !/\["[^\]]+"\]\(/.test(section))
  expect(unproven.map((section) => section.split("\n")[0])).toEqual([])
})
