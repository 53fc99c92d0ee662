/** `courant history`: how a window came to be what it is. It changes nothing. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as History from "../../streams/engine/History.ts"
import { windowOf } from "../../streams/pipeline/Checked.ts"
import { encode, toJson } from "../../streams/pipeline/Pane.ts"
import { isOfPanes } from "../../streams/pipeline/Pipeline.ts"
import { type Place, placeToJson } from "../../streams/pipeline/Row.ts"
import * as Flags from "../Flags.ts"
import * as Instants from "../Instants.ts"
import * as Past from "../Past.ts"
import * as Pipelines from "../Pipelines.ts"
import { problem, say, usage } from "../terminal/Problem.ts"
import * as Table from "../terminal/Table.ts"
import * as WindowTimes from "../WindowTimes.ts"

const flags = {
  chosen: Flags.chosenPipelines,
  key: Argument.String("key").pipe(Argument.withDescription("Key of the window (for market data: the symbol)")),
  time: Argument.String("time").pipe(
    Argument.withDescription("A time in the window: 10:31, on the newest day that has a window then, in the time zone shown; a date such as 2013-10-08 (of trading sessions theirs, else in the time zone shown); or 2013-10-08T14:31:00Z (without a zone in the time zone shown), or milliseconds since the epoch")
  ),
  pipelines: Flags.pipelines,
  end: Flag.String("end").pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription("Of several windows at this time that which ends then, in the same forms (default: the newest, and of those that begin together the longest)"),
    Flag.optional
  ),
  timeZone: Flags.timeZone,
  limit: Flags.mostRecords,
  json: Flags.json,
  ...Past.flags
}

export const command = Command.make(
  "history",
  flags,
  Effect.fnUntraced(function*(input) {
    const { chosen: [pipeline, ...others] } = yield* Pipelines.chosenOf(input, Pipelines.boundsOf(input))
    if (pipeline === undefined || others.length > 0) return yield* usage("a window is one of one pipeline: name it alone; of a file with several, by --pipelines FILE beside its name")
    if (!isOfPanes(pipeline)) return yield* usage(`${pipeline.name} ends in events: it has no windows with a history`)
    const timeZone = Instants.zoneOf(input.timeZone)
    const isWanted = yield* WindowTimes.holding(input.time, windowOf(pipeline.checked).window, timeZone)
    const isOfEnd = Option.isNone(input.end) ? () => true : yield* WindowTimes.ending(input.end.value, timeZone)
    yield* Past.sayBounds(input, [pipeline])
    yield* Effect.gen(function*() {
      const options = { maxTimeAhead: input.maxTimeAhead }
      const windows = yield* History.windowsOf(pipeline, input.key, options)
      const fitting = windows.filter(isWanted)
      const [window, ...others] = fitting.filter(isOfEnd).sort((a, b) => b.start - a.start || b.end - a.end)
      if (window === undefined && fitting.length > 0) {
        return yield* problem(`of the windows at ${input.time} none ends at ${Option.getOrElse(input.end, () => "")}; they are ${spansOf(fitting, timeZone).join(", ")} (${timeZone})`)
      }
      if (window === undefined) return yield* problem(`${pipeline.name} has told no window of ${input.key} ${whenOf(input.time, windows, timeZone)} (what is still open has no history yet: see courant why${adviceOn(input, windows)})`)
      const history = yield* History.ofWindow(pipeline, window, options)
      yield* Console.log((input.json ? jsonOf(history) : textOf(history, { ...window, others, pipeline: pipeline.name, limit: input.limit, timeZone })).join("\n"))
      if (input.json && others.length > 0) say(othersOf(others, timeZone))
      if (!input.json && history.records.length > input.limit) say(`the first ${input.limit} of ${history.records.length} records; see --limit, or --json for all`)
    }).pipe(Effect.provide(yield* Past.stores(input, [pipeline])))
  })
).pipe(
  Command.withDescription(
    "Lists the revisions of a window: when each became known, and the record that led to it; and the records that the window is " +
      "made of, as they are in the log. All is computed again from the log, by the times of append that it has."
  ),
  Command.withExamples([
    { command: "courant history candles-1m IBM 10:31 --time-zone America/New_York", description: "The minute after 10:31 of the newest day" },
    { command: "courant history day IBM 2013-10-08T13:30:00Z --json", description: "A day, for another program" }
  ])
)

const whenOf = (time: string, windows: ReadonlyArray<History.Window>, timeZone: string): string => {
  const starts = windows.map(({ start }) => start).sort((a, b) => a - b)
  if (starts.length === 0) return "at all"
  const [first, last] = Table.times([starts[0]!, starts.at(-1)!], timeZone)
  return `at ${time}; those that it has told begin from ${first} to ${last} (${timeZone})`
}

const spansOf = (windows: ReadonlyArray<History.Window>, timeZone: string): ReadonlyArray<string> => {
  const [starts, ends] = [Table.times(windows.map(({ start }) => start), timeZone), Table.times(windows.map(({ end }) => end), timeZone)]
  return windows.map((_, i) => `from ${starts[i]} to ${ends[i]}`)
}

/** What is most often wrong with a symbol, and with a time of day. */
const adviceOn = ({ key, time, timeZone }: { readonly key: string; readonly time: string; readonly timeZone: Option.Option<string> }, windows: ReadonlyArray<History.Window>): string => {
  if (windows.length === 0) return key === key.toUpperCase() ? "" : `; symbols are in upper case: ${key.toUpperCase()}`
  return Option.isNone(timeZone) && WindowTimes.clockOf(time) !== null ? "; a time of another zone needs --time-zone, such as America/New_York" : ""
}

/** How many others may be named in a line. */
const fewWindows = 5

/** The newest is shown, and of those that begin together the longest. */
const othersOf = (others: ReadonlyArray<History.Window>, timeZone: string): string => {
  const named = spansOf(others.slice(0, fewWindows), timeZone).join(", ")
  const more = others.length > fewWindows ? `, and ${others.length - fewWindows} more` : ""
  return `${others.length} other ${others.length === 1 ? "window fits" : "windows fit"} this time, which --end chooses by their ends: ${named}${more}`
}

interface Shown extends History.Window {
  readonly others: ReadonlyArray<History.Window>
  readonly pipeline: string
  readonly limit: number
  readonly timeZone: string
}

const textOf = ({ records, revisions }: History.OfWindow, { end, key, limit, others, pipeline, start, timeZone }: Shown): ReadonlyArray<string> => {
  const [from, to] = Table.times([start, end], timeZone)
  const panes = revisions.map(({ pane }) => encode(pane))
  const names = [...new Set(panes.flatMap(({ values }) => Object.keys(values)))]
  const shown = records.slice(0, limit)
  const counting = records.filter(({ counts }) => counts).length
  return [
    `${pipeline} ${key} from ${from} to ${to} (${timeZone}), ${revisions.length} ${revisions.length === 1 ? "revision" : "revisions"}:`,
    ...others.length === 0 ? [] : [othersOf(others, timeZone)],
    ...Table.of([
      Table.text("known at", Table.times(revisions.map(({ knownAt }) => knownAt), timeZone)),
      Table.text("led to by", revisions.map(({ cause }) => cause === null ? "silence, or the end" : placeText(cause))),
      Table.text("pane", panes.map(({ pane }) => pane)),
      ...names.map((name) => Table.valuesOf(panes, name))
    ]),
    "",
    `made of ${counting} ${counting === 1 ? "record" : "records"}${records.length === counting ? "" : `, beside what was taken back`}:`,
    ...(shown.length === 0 ? [] : Table.of([
      Table.text("place", shown.map(({ place }) => placeText(place))),
      Table.text("event time", Table.times(shown.map(({ time }) => time), timeZone)),
      Table.text("known at", knownTimes(shown, timeZone)),
      ...(records.length === counting ? [] : [Table.text("counts", shown.map(countsText))]),
      Table.text("record", shown.map(({ kind, record }) => `${kind === "event" ? "" : "pre-aggregated: "}${Table.printable(record ?? "not in the log")}`))
    ]))
  ]
}

const knownTimes = (records: ReadonlyArray<History.Contribution>, timeZone: string): ReadonlyArray<string> => {
  const known = records.flatMap(({ knownAt }) => knownAt ?? [])
  const times = Table.times(known, timeZone)[Symbol.iterator]()
  return records.map(({ knownAt }) => knownAt === null ? "-" : times.next().value ?? "-")
}

const countsText = ({ counts, takenBackBy }: History.Contribution): string => {
  if (counts) return "yes"
  return takenBackBy === null ? "no: took back others" : `no: taken back by ${placeText(takenBackBy)}`
}

const placeText = ({ joined, offset, partition, source, window }: Place): string => {
  if (window !== undefined) return `window from ${new Date(window.start).toISOString()} of ${window.key}`
  return [{ source, partition, offset }, ...joined ?? []].map((place) => place === null ? "none" : `${place.source} ${place.partition}@${place.offset}`).join(" with ")
}

const jsonOf = ({ records, revisions }: History.OfWindow): ReadonlyArray<string> => [
  ...revisions.map(({ cause, knownAt, pane }) =>
    `{"revision":${pane.revision},"knownAt":${knownAt},"cause":${cause === null ? "null" : placeToJson(cause)},"pane":${toJson(pane)}}`),
  ...records.map(({ counts, kind, knownAt, place, record, takenBackBy, time }) =>
    `{"place":${placeToJson(place)},"kind":"${kind}","time":${time},"knownAt":${knownAt},"counts":${counts},"takenBackBy":${takenBackBy === null ? "null" : placeToJson(takenBackBy)},"record":${JSON.stringify(record)}}`)
]
