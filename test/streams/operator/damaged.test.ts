/** A snapshot whose windows cannot be is refused, with a sentence that names the window. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { StateWriter } from "../../../src/streams/operator/State.ts"
import { WindowOperator } from "../../../src/streams/operator/windowed/WindowOperator.ts"
import { windowOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"
import { tablesOf } from "../../../src/testing/SnapshotText.ts"
import { readerOf, stateOf } from "./written.ts"
import { finish } from "../../../src/streams/operator/Work.ts"

const quotes = Source.make("quotes", {
  schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int }),
  key: "key",
  eventTime: "time"
})

const sums = { sum: Aggregate.sum("size") }

const pipelines = {
  hopping: quotes.pipe(Window.hopping(4, 2), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.emitOnUpdate(), Pipeline.named("hopping")),
  session: quotes.pipe(Window.session(4), Aggregate.into(sums), Pipeline.allowedLateness(10), Pipeline.emitOnUpdate(), Pipeline.named("session"))
}

const make = (kind: keyof typeof pipelines) => new WindowOperator(kind, windowOf(pipelines[kind].checked))

/** Rows of one key, of which one is late for some of its windows. */
const used = (kind: keyof typeof pipelines): WindowOperator => {
  const operator = make(kind)
  const times = [1, 12, 3]
  const batch = Batch.make(quotes.definition, new Batch.Dictionary(), 0, times.length)
  batch.length = times.length
  batch.keys.fill(batch.dictionary.numberOf("A"))
  batch.offsets.set([0, 1, 2])
  batch.times.set(times)
  batch.watermarks.set([-Infinity, 1, 12])
  for (const column of batch.columns) column.fill(1)
  finish(operator.take(0, { batch, keep: null, refused: [], outcomes: new Uint8Array(times.length), holds: new Uint8Array(times.length), others: Infinity, made: null }))
  return operator
}

/** Takes up a state in which a column of a table has these numbers, or these strings. */
const restoring = (kind: keyof typeof pipelines, table: string, column: string, values: ReadonlyArray<number | string>) => () => {
  const state = stateOf(used(kind))
  expect(state[table].entries).toBe(values.length)
  const { c, payload } = columnOf(values)
  const before = Buffer.from(state.payload, "base64")
  // Its numbers stand behind all others.
  for (const numbers of [c, c.places]) if (numbers?.at !== undefined) numbers.at += before.length
  state[table].columns[column] = c
  state.payload = Buffer.concat([before, Buffer.from(payload, "base64")]).toString("base64")
  make(kind).restore(readerOf(state))
}

const columnOf = (values: ReadonlyArray<number | string>) => {
  const writer = new StateWriter()
  const written = writer.table("t", values.length)
  if (typeof values[0] === "string") written.strings("c", values.map(String))
  else written.numbers("c", Float64Array.from(values, Number))
  const { payload, t } = JSON.parse(JSON.stringify(tablesOf(writer.bytes!)))
  return { c: t.columns.c, payload }
}

describe("what cannot be is refused", () => {
  it("and what was written is taken, and written again as it was", () => {
    for (const kind of ["hopping", "session"] as const) {
      const state = stateOf(used(kind))
      const operator = make(kind)
      operator.restore(readerOf(state))
      expect(stateOf(operator)).toEqual(state)
    }
  })

  it.each([
    ["hopping", "progress", "closedTo", [0.5], "the progress of windows is damaged"],
    ["hopping", "progress", "closedTo", [NaN], "the progress of windows is damaged"],
    ["hopping", "progress", "latest", [Infinity], "the progress of windows is damaged"],
    ["session", "progress", "latest", [NaN], "the progress of windows is damaged"],
    ["hopping", "slices", "start", [1, 12], "no slice is from 1 to 2"],
    ["hopping", "slices", "end", [3, 14], "no slice is from 0 to 3"],
    ["hopping", "emitted", "start", [-1, 0, 2, 10], "no window is from -1 to 4"],
    ["hopping", "emitted", "kind", ["retracted", "late", "late", "early"], "no pane that is still open is \"retracted\""],
    ["hopping", "late", "start", [1, 2], "no window is from 1 to 4"],
    ["session", "sessions", "end", [0, 16], "no session of a key with these others is from 1 to 0"],
    ["session", "sessions", "end", [12, 16], "no session of a key with these others is from 12 to 16"],
    ["session", "sessions", "start", [1, 7], "no session of a key with these others is from 7 to 16"],
    ["session", "emitted", "start", [2, 12], "there is no session from 2 to 7"],
    ["session", "emitted", "key", ["B", "A"], "there is no session from 1 to 7"],
    ["session", "emitted", "end", [8, 16], "there is no session from 1 to 8"],
    ["session", "emitted", "kind", ["", "early"], "no pane that is still open is \"\""]
  ] as const)("%s, %s.%s %j", (kind, table, column, values, why) => {
    expect(restoring(kind, table, column, values)).toThrow(why)
  })

  it("a key twice in a window too", () => {
    const state = stateOf(used("hopping"))
    state.slices.columns.start = { base: 0, bytes: 0, at: 0 }
    state.slices.columns.end = { base: 2, bytes: 0, at: 0 }
    expect(() => make("hopping").restore(readerOf(state))).toThrow("a key has two states of one window")
  })
})
