/** A text is looked up where it is compared, and only there; however it is written, and whatever else is done with it. */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { Aggregate, Events, Expr, Job, Pipeline, Source, Window } from "../../../src/index.ts"
import { usesOf } from "../../../src/streams/pipeline/Uses.ts"
import { records } from "../../../src/testing/Harness.ts"

const schema = Schema.Struct({ id: Schema.String, at: Schema.Int, link: Schema.String, note: Schema.String, rank: Schema.Int })
const orders = Source.make("orders", { schema, key: "id", eventTime: "at" })

const link = `https://example.com/${"a".repeat(60)}`

/** The link in two spellings: only one is read byte by byte. */
const lines = [link, link.replace("/a", "/\\u0061"), link, `${link}b`].map((each, at) => `{"id":"A","at":${at},"link":"${each}","note":"short","rank":${at}}`)

const useIn = (pipeline: Pipeline.Any, field: string) => {
  const { checked } = pipeline
  return checked.nodes.flatMap((node) => node._tag === "source" ? [usesOf([checked], node.fingerprint)(field)] : [])[0]
}

const resultOf = (pipeline: Pipeline.Any) => {
  const job = new Job([pipeline], { partitions: 1 })
  return [...job.take(records(0, 0, lines)).panes, ...job.close().panes].map(({ values }) => values)
}

it("windows hand on what they choose, and look up what they count, compare and go by", () => {
  const pipeline = orders.pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({
      last: Aggregate.last("link"),
      highest: Aggregate.maxBy("note", "rank"),
      notes: Aggregate.countDistinct("note", { atMost: 10 })
    }),
    Pipeline.named("chosen")
  )
  expect(["link", "note"].map((field) => useIn(pipeline, field))).toEqual(["carried", "compared"])
  expect(resultOf(pipeline)).toEqual([{ last: `${link}b`, highest: "short", notes: 1 }])
})

it("equal texts are one where they are counted or compared", () => {
  const pipeline = orders.pipe(
    Window.tumbling("1 minute"),
    Aggregate.into({
      links: Aggregate.countDistinct("link", { atMost: 10 }),
      of: Aggregate.where(Expr.eq("link", link))(Aggregate.count)
    }),
    Pipeline.named("counted")
  )
  expect(useIn(pipeline, "link")).toBe("compared")
  expect(resultOf(pipeline)).toEqual([{ links: 2, of: 3 }])
})

it("what is computed from a text before windows is used as that is", () => {
  const derived = orders.pipe(Events.derive({ lower: Expr.lower("link") }))
  const chosen = derived.pipe(Window.tumbling("1 minute"), Aggregate.into({ first: Aggregate.first("lower") }), Pipeline.named("chosen"))
  const counted = derived.pipe(Window.tumbling("1 minute"), Aggregate.into({ links: Aggregate.countDistinct("lower", { atMost: 10 }) }), Pipeline.named("counted"))
  expect([chosen, counted].map((pipeline) => useIn(pipeline, "link"))).toEqual(["carried", "compared"])
  expect(resultOf(chosen)).toEqual([{ first: link }])
  expect(resultOf(counted)).toEqual([{ links: 2 }])
})
