/** Windows of trading sessions on days on which something is unusual, by the dates of the exchanges. */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import * as Calendar from "../../../src/domain/TradingCalendar.ts"
import { Job } from "../../../src/streams/engine/Job.ts"
import { Aggregate, Events, Fill, Panes, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Pane from "../../../src/streams/pipeline/Pane.ts"
import * as PaneDecoder from "../../../src/streams/pipeline/PaneDecoder.ts"
import { records as recordsOf } from "../../../src/testing/Harness.ts"

const Trade = Schema.Struct({ symbol: Schema.String, time: Schema.Int, size: Schema.Int, exchange: Schema.optionalKey(Schema.String) })

const trades = Source.make("trades", { schema: Trade, key: "symbol", eventTime: "time" })

const counted = Aggregate.into({ trades: Aggregate.count })

type Assign = (rows: typeof trades) => Window.Windowed<Pipeline.RowOf<typeof trades>>

/** The windows of trades at these times, each as its bounds in UTC and its number of trades. */
const windowsOf = (assign: Assign, times: ReadonlyArray<string | readonly [time: string, exchange: string]>) => {
  const job = new Job([assign(trades).pipe(counted, Pipeline.named("sessions"))], { partitions: 1 })
  const lines = times.map((each) => {
    const [time, exchange] = typeof each === "string" ? [each] : each
    return JSON.stringify({ symbol: exchange ?? "A", time: Date.parse(time), size: 1, ...exchange === undefined ? {} : { exchange } })
  })
  const output = job.take(recordsOf(0, 0, lines))
  const panes = [...output.panes, ...job.close().panes].map(({ end, start, values }) => [at(start), at(end), values["trades"]].join(" "))
  return { panes, filtered: job.counts.filtered, late: job.counts.late, refused: output.unused.map(({ detail, reason }) => `${reason}: ${detail}`) }
}

const at = (time: number) => new Date(time).toISOString().slice(0, 16)

describe("a session", () => {
  it("has what is in its hours, half days too, and leaves out the rest without calling it late", () => {
    const times = ["2024-07-02T20:00Z", "2024-07-03T13:29:59.999Z", "2024-07-03T13:30Z", "2024-07-03T16:59:59.999Z", "2024-07-03T17:00Z", "2024-07-04T15:00Z", "2024-07-05T19:00Z"]
    expect(windowsOf(Window.trading("XNYS"), times)).toEqual({
      panes: ["2024-07-03T13:30 2024-07-03T17:00 2", "2024-07-05T13:30 2024-07-05T20:00 1"],
      filtered: 4,
      late: 0,
      refused: []
    })
  })

  it("has no row of its lunch break, and none of its bars goes into it", () => {
    const times = ["2024-11-05T09:00+09:00", "2024-11-05T11:29+09:00", "2024-11-05T11:30+09:00", "2024-11-05T12:29+09:00", "2024-11-05T12:30+09:00", "2024-11-05T15:29+09:00"]
    expect(windowsOf(Window.trading("XTKS"), times)).toMatchObject({ panes: ["2024-11-05T00:00 2024-11-05T06:30 4"], filtered: 2 })
    expect(windowsOf(Window.trading("XTKS", { bars: "1 hour" }), times).panes).toEqual([
      "2024-11-05T00:00 2024-11-05T01:00 1",
      "2024-11-05T02:00 2024-11-05T02:30 1",
      "2024-11-05T03:30 2024-11-05T04:30 1",
      "2024-11-05T05:30 2024-11-05T06:30 1"
    ])
  })

  it("begins the day before where the exchange says so, and lasts 23 or 25 hours where the clock changes in it", () => {
    expect(windowsOf(Window.trading("GLOBEX"), ["2024-03-10T18:00-04:00", "2024-03-11T16:59-04:00", "2024-03-11T17:30-04:00"])).toMatchObject({
      panes: ["2024-03-10T22:00 2024-03-11T21:00 2"],
      filtered: 1
    })
    expect(windowsOf(Window.trading("FX"), ["2024-03-10T17:00-04:00", "2024-03-11T16:59-04:00", "2024-03-11T17:00-04:00"]).panes)
      .toEqual(["2024-03-10T21:00 2024-03-11T21:00 2", "2024-03-11T21:00 2024-03-12T21:00 1"])
    const berlin = Calendar.make("berlin", { ...Calendar.named("24/7").definition, timeZone: "Europe/Berlin" })
    expect(windowsOf(Window.trading(berlin), ["2024-03-31T12:00Z", "2024-10-27T12:00Z"]).panes)
      .toEqual(["2024-03-30T23:00 2024-03-31T22:00 1", "2024-10-26T22:00 2024-10-27T23:00 1"])
  })

  it("is told apart from what comes before and after it", () => {
    const times = ["2024-07-03T04:00-04:00", "2024-07-03T09:29-04:00", "2024-07-03T09:30-04:00", "2024-07-03T13:00-04:00", "2024-07-03T16:59-04:00", "2024-07-03T17:00-04:00"]
    const of = (hours: Calendar.Part) => windowsOf(Window.trading("XNYS", { hours }), times).panes
    expect(of("pre")).toEqual(["2024-07-03T08:00 2024-07-03T13:30 2"])
    expect(of("regular")).toEqual(["2024-07-03T13:30 2024-07-03T17:00 1"])
    expect(of("post")).toEqual(["2024-07-03T17:00 2024-07-03T21:00 2"])
    expect(of("extended")).toEqual(["2024-07-03T08:00 2024-07-03T21:00 5"])
    expect(windowsOf(Window.trading("XNYS", { hours: "extended", bars: "4 hours" }), times).panes).toEqual([
      "2024-07-03T08:00 2024-07-03T12:00 1",
      "2024-07-03T12:00 2024-07-03T13:30 1",
      "2024-07-03T13:30 2024-07-03T17:00 1",
      "2024-07-03T17:00 2024-07-03T21:00 2"
    ])
  })
})

describe("a calendar for each row", () => {
  const times = [["2024-11-05T09:00+09:00", "JPX"], ["2024-11-05T09:30-05:00", "NMS"], ["2024-11-05T12:00Z", "CCC"]] as const

  it("is the one that its field names", () => {
    const by: Assign = (rows) => rows.pipe(Window.trading({ by: "exchange", calendars: { JPX: "XTKS", NMS: "XNYS", CCC: "24/7" } }))
    expect(windowsOf(by, times).panes).toEqual([
      "2024-11-05T00:00 2024-11-05T06:30 1",
      "2024-11-05T14:30 2024-11-05T21:00 1",
      "2024-11-05T00:00 2024-11-06T00:00 1"
    ])
  })

  it("is missing where it names none: the row is refused and not lost", () => {
    const by: Assign = (rows) => rows.pipe(Window.trading({ by: "exchange", calendars: { JPX: "XTKS" } }))
    const output = windowsOf(by, [...times, "2024-11-05T12:00Z"])
    expect(output).toMatchObject({ filtered: 0, late: 0 })
    expect(output.refused).toEqual([
      "no-calendar: \"exchange\" is \"NMS\", which names none of its calendars (JPX)",
      "no-calendar: \"exchange\" is \"CCC\", which names none of its calendars (JPX)",
      "no-calendar: \"exchange\", which names its calendar, is missing or null"
    ])
    const otherwise: Assign = (rows) => rows.pipe(Window.trading({ by: "exchange", calendars: { JPX: "XTKS" }, otherwise: "24/7" }))
    expect(windowsOf(otherwise, ["2024-11-05T12:00Z"]).panes).toEqual(["2024-11-05T00:00 2024-11-06T00:00 1"])
  })
})

it("a time of which a calendar knows nothing is refused, and not taken for one outside of sessions", () => {
  const output = windowsOf(Window.trading("XNYS"), ["1999-12-15T15:00Z", "2027-10-29T15:00Z", "2027-11-03T15:00Z"])
  expect(output).toEqual({
    panes: ["2027-10-29T13:30 2027-10-29T20:00 1"],
    filtered: 0,
    late: 0,
    refused: [
      "no-calendar: the calendar XNYS knows the sessions from 2000-01-01 to 2027-10-29, and its time is 1999-12-15T15:00:00.000Z",
      "no-calendar: the calendar XNYS knows the sessions from 2000-01-01 to 2027-10-29, and its time is 2027-11-03T15:00:00.000Z"
    ]
  })
})

it("windows without events are filled in sessions, and not between them", () => {
  const filled = trades.pipe(
    Events.keyBy(["exchange", "symbol"]),
    Window.trading({ by: "exchange", bars: "1 hour" }),
    counted,
    Panes.fill({ trades: Fill.previous }, { within: "1 day" }),
    Pipeline.named("filled")
  )
  const job = new Job([filled], { partitions: 1 })
  const lines = [["2024-11-04T14:00+09:00", "XTKS"], ["2024-11-05T11:00+09:00", "XTKS"], ["2024-11-05T12:00Z", "24/7"]]
    .map(([time, exchange]) => JSON.stringify({ symbol: "A", time: Date.parse(time!), size: 1, exchange }))
  const panes = [...job.take(recordsOf(0, 0, lines)).panes, ...job.close().panes]
  // The 4th was a holiday in Tokyo: nothing was traded, and nothing is carried into it.
  expect(panes.filter(({ key }) => key.includes("XTKS")).map(({ start }) => at(start))).toEqual([
    "2024-11-05T02:00",
    "2024-11-05T03:30",
    "2024-11-05T04:30",
    "2024-11-05T05:30"
  ])
})

it("the session is made of its bars, whose rows are those of their last milliseconds", () => {
  const sessions = trades.pipe(
    Window.trading("XNYS", { bars: "1 hour" }),
    counted,
    Panes.toEvents,
    Window.trading("XNYS"),
    Aggregate.into({ bars: Aggregate.count, trades: Aggregate.sum("trades") }),
    Pipeline.named("sessions")
  )
  const job = new Job([sessions], { partitions: 1 })
  const lines = ["13:30", "14:29", "16:59"].map((time) => JSON.stringify({ symbol: "A", time: Date.parse(`2024-07-03T${time}Z`), size: 1 }))
  const panes = [...job.take(recordsOf(0, 0, lines)).panes, ...job.close().panes]
  expect(panes.map(({ end, start, values }) => [at(start), at(end), values])).toEqual([["2024-07-03T13:30", "2024-07-03T17:00", { bars: 2, trades: 3 }]])
})

it("what a calendar says is a part of the fingerprint, and its name is none", () => {
  const fingerprint = (calendar: Calendar.Calendar) => trades.pipe(Window.trading(calendar), counted, Pipeline.named("sessions")).checked.fingerprint
  const { definition } = Calendar.named("XNYS")
  expect(fingerprint(Calendar.make("mine", definition))).toBe(fingerprint(Calendar.named("XNYS")))
  expect(fingerprint(Calendar.make("XNYS", { ...definition, closed: [] }))).not.toBe(fingerprint(Calendar.named("XNYS")))
})

it("panes are read back, and one that is too long for the windows is a former pipeline's", () => {
  const bars = trades.pipe(Window.trading("XNYS", { bars: "1 hour" }), counted, Pipeline.named("bars"))
  const read = PaneDecoder.make([bars])
  const pane = { pipeline: "bars", key: "A", start: 0, end: 3_600_000, pane: "on-time", revision: 0, changes: 1, values: { trades: 1 } } as const
  const encoded = (pane: Pane.Pane) => new TextEncoder().encode(Pane.toJson(pane))
  expect(read(encoded(pane))).toEqual(pane)
  expect(read(encoded({ ...pane, end: 1_800_000 }))).toEqual({ ...pane, end: 1_800_000 })
  expect(read(encoded({ ...pane, end: 3_600_001 }))).toBe("former-pipeline")
})
