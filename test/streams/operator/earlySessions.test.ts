import { expect, it } from "vitest"
import { Aggregate, Job, Pane, Pipeline, Source, Window } from "../../../src/index.ts"
import { Schema } from "effect"
import { records } from "../../../src/testing/Harness.ts"

/**
 * A session that is compared with the one before it is computed from the rows of both. The one before may be taken back,
 * since a late row has made it longer, while this one is open: the next early pane has to be the newer all the same.
 */
it("an early pane of a session is newer than the one before, though the session that it was compared with is open again", () => {
  const visits = Source.make("visits", { schema: Schema.Struct({ page: Schema.String, at: Schema.Int }), key: "page", eventTime: "at" }).pipe(
    Window.session("6 millis"),
    Aggregate.into({ count: Aggregate.count }),
    Pipeline.percentChange("change", "count"),
    Pipeline.allowedLateness("3 millis"),
    Pipeline.emitOnUpdate(),
    Pipeline.named("visits")
  )
  const job = new Job([Pipeline.withBounds(visits, { outOfOrderness: 4 })], { partitions: 2 })
  const take = (partition: number, page: string, at: number) =>
    job.take(records(partition, job.offsets[partition]!, [JSON.stringify({ page, at })])).panes
  const panes = [
    take(0, "C", 19),
    take(0, "A", 30),
    take(1, "A", 30),
    take(0, "C", 32),
    take(0, "C", 25),
    take(1, "C", 32),
    job.close().panes
  ].flat().filter(({ key, start }) => key === "C" && start === 32)
  expect(panes.map(({ changes, pane, values }) => [pane, values["count"], changes])).toEqual([
    ["early", 1, 2],
    ["early", 2, 3],
    ["on-time", 2, 4]
  ])
  const [first, second] = panes
  expect(Pane.replaces(second!, first!) && !Pane.replaces(first!, second!)).toBe(true)
})
