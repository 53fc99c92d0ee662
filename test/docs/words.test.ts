/** Whoever comes from another system finds every node in the table of words, and in the table of steps. */
import { expect, it } from "vitest"
import { Events, Join, Panes, Window } from "../../src/streams/pipeline/index.ts"
import { read } from "./Markdown.ts"

/** Calls of a namespace that make no node. */
const others = ["Events.make", "Window.tumblingOf"]

const nodes = Object.entries({ Events, Join, Panes, Window })
  .flatMap(([noun, calls]) => Object.entries(calls).flatMap(([name, call]) => typeof call === "function" ? [`${noun}.${name}`] : []))
  .filter((name) => !others.includes(name))

const linesOf = (page: string, heading: string): string => {
  const text = read(page)
  const section = text.slice(text.indexOf(heading) + heading.length)
  return section.slice(0, section.indexOf("\n## ")).split("\n").filter((line) => line.startsWith("| ")).join("\n")
}

it.each(nodes)("%s is in the table of words", (node) => {
  expect(linesOf("docs/glossary.md", "## Coming from Kafka Streams, Flink, Bytewax or Quix")).toContain(`\`${node}\``)
})

it.each(nodes.filter((node) => !node.startsWith("Window.")))("%s is in the table of steps", (node) => {
  expect(linesOf("docs/pipelines.md", "## Steps")).toContain(`\`${node}\``)
})
