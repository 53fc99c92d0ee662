/** After a restart state is let go as it would have been without one. */
import { expect, it } from "vitest"
import { horizon } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Window } from "../../../src/streams/pipeline/index.ts"
import { source } from "../../../src/testing/Arbitraries.ts"
import { makeJob, records } from "../../../src/testing/Harness.ts"

it("what windows were compared with is forgotten once it is too far away", () => {
  const pipeline = source(0).pipe(
    Window.tumbling(10),
    Aggregate.into({ count: Aggregate.count }),
    Pipeline.percentChange("change", "count"),
    Pipeline.named("changes")
  )
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
