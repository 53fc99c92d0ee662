/** `courant replay`: pipelines over the log's past, without changing anything. */
import { Effect, Layer, Option } from "effect"
import { Command } from "effect/cli"
import * as StdoutRowSink from "../../adapters/stdio/StdoutRowSink.ts"
import * as StdoutSink from "../../adapters/stdio/StdoutSink.ts"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Output } from "../../streams/engine/Job.ts"
import * as Replay from "../../streams/engine/Replay.ts"
import { bySource } from "../../streams/engine/Run.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { ResultSink } from "../../streams/ports/ResultSink.ts"
import { RowSink } from "../../streams/ports/RowSink.ts"
import * as Flags from "../Flags.ts"
import * as Instants from "../Instants.ts"
import * as Past from "../Past.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Report from "../terminal/Report.ts"

const flags = {
  pipelines: Flags.pipelines,
  from: Flags.from,
  to: Flags.to,
  speed: Flags.speedOf(Infinity),
  ...Past.flags,
  report: Flags.report
}

type Input = Command.Command.Config.Infer<typeof flags>

export const command = Command.make(
  "replay",
  flags,
  Effect.fnUntraced(function*(input) {
    const bounds = {
      from: Option.isNone(input.from) ? -Infinity : yield* Instants.instantOf(input.from.value, Instants.zoneOf(Option.none())),
      to: Option.isNone(input.to) ? Infinity : yield* Instants.instantOf(input.to.value, Instants.zoneOf(Option.none()))
    }
    const pipelines = yield* Pipelines.resolveAll(Option.getOrUndefined(input.pipelines), Pipelines.boundsOf(input), "any")
    const log = yield* Past.stores(input, pipelines)
    yield* replay(input, pipelines, bounds).pipe(Effect.provide(Layer.mergeAll(log, StdoutSink.layer, StdoutRowSink.layer)))
  })
).pipe(
  Command.withDescription(
    "Runs pipelines over what the log holds and writes their panes and rows to stdout. They are those of the live run, " +
      "since every decision of the live run is kept beside the log. It changes nothing and may run beside a live run."
  ),
  Command.withExamples([
    { command: "courant replay --pipelines candles-1m", description: "All candles, as fast as possible" },
    {
      command: "courant replay --pipelines day,candles-5m --from 2013-10-08T13:30:00Z --to 2013-10-08T14:30:00Z --speed 60",
      description: "One hour in a minute"
    },
    {
      command: "courant replay --log kafka --brokers 127.0.0.1:9092 --topic ticks --pipelines candles-1m",
      description: "All candles of a Kafka topic"
    },
    {
      command: "courant replay --pipelines ./range.ts --as courant-yahoo-candles-1m",
      description: "A new pipeline over the past, late where that processor was"
    }
  ])
)

/** The bounds choose among the panes, and among the rows of pipelines that end in events. */
const replay = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>, bounds: { readonly from: number; readonly to: number }) {
  const sink = yield* ResultSink
  const rowSink = yield* RowSink
  const { from, to } = bounds
  let [panes, rows] = [0, 0]
  const clock = new Clock(input.speed)
  const isWanted = (time: number) => time >= from && time < to
  const write = Effect.fnUntraced(function*(output: Pick<Output, "panes" | "rows">) {
    const wanted = { panes: output.panes.filter(({ start }) => isWanted(start)), rows: output.rows.filter(({ time }) => isWanted(time)) }
    panes += wanted.panes.length
    rows += wanted.rows.length
    yield* clock.paced(wanted.panes, ({ end }) => end, sink.write)
    yield* clock.paced(wanted.rows, ({ time }) => time, rowSink.write)
  })
  const job = yield* Replay.run({ pipelines, maxTimeAhead: input.maxTimeAhead }, write)
  const report = { ...job.counts, panes, rows, byPipeline: Object.fromEntries(job.countsByPipeline), ...bySource(job) }
  yield* Report.write(report, { file: input.report })
})

/** Holds panes and rows back until their time has come, counted from the first one. */
class Clock {
  readonly #speed: number
  #begin: { readonly clock: number; readonly time: number } | null = null

  constructor(speed: number) {
    this.#speed = speed
  }

  paced<A, E>(all: ReadonlyArray<A>, timeOf: (each: A) => number, write: (some: ReadonlyArray<A>) => Effect.Effect<void, E>) {
    return this.#speed === Infinity
      ? write(all)
      : Effect.forEach(Map.groupBy(all, timeOf), ([time, group]) => Effect.andThen(this.#until(time), write(group)), { discard: true })
  }

  #until(time: number) {
    return Effect.flatMap(MonotonicTime.millis, (now) => {
      this.#begin ??= { clock: now, time }
      return Effect.sleep(Math.max(0, this.#begin.clock + (time - this.#begin.time) / this.#speed - now))
    })
  }
}
