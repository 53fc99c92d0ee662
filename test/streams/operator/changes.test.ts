/** Windows that others are compared with count as long as they are near, and are forgotten then, after a restart too. */
import { expect, it } from "vitest"
import { horizon } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import { Kind } from "../../../src/streams/records/Records.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { batches, foldedPanes, lines, makeJob, records, run } from "../../../src/testing/Harness.ts"

const pipeline = source(0).pipe(
  Window.tumbling(10),
  Aggregate.into({ count: Aggregate.count }),
  Pipeline.percentChange("change", "count"),
  Pipeline.named("changes")
)

it("a chain of windows that has ended counts for no later one", () => {
  const times = [0, 20, 2 * horizon, 2 * horizon + 20, 2 * horizon + 40, 4 * horizon, 4 * horizon + 20]
  const entries = times.map((time) => ({ partition: 0, kind: Kind.event, value: { key: "A", time, price: "1", size: 1 } }))
  const log = { partitions: 1, entries }
  const panes = run(makeJob([pipeline], 1), batches(log, [1]))
  expect(panes.map(({ changes }) => changes)).toEqual([1, 2, 1, 2, 3, 1, 2])
  expect(lines(panes)).toEqual(lines(foldedPanes(pipeline, log)))
})

it("what windows were compared with is forgotten once it is too far away", () => {
  const [usual, before, after] = [makeJob([pipeline], 1), makeJob([pipeline], 1), makeJob([pipeline], 1)]
  const row = (key: string, time: number) => JSON.stringify({ key, time, price: "1", size: 1 })
  const rows = [row("gone", 0), row("kept", 20), ...[1, 2, 3, 4].map((times) => row("kept", times * horizon))]
  const knows = (snapshot: string) => snapshot.includes("gone")
  for (const [at, text] of rows.entries()) {
    usual.take(records(0, at, [text]))
    if (at < 2) before.take(records(0, at, [text]))
    if (at === 1) {
      expect(after.restore(before.snapshot())).toBe(true)
      expect(knows(after.snapshot())).toBe(true)
    }
    if (at > 1) after.take(records(0, at, [text]))
  }
  expect(after.snapshot()).toBe(usual.snapshot())
  expect(knows(after.snapshot())).toBe(false)
})
