/** `courant check`: what becomes of the saved state when these pipelines are started. It changes nothing. */
import { Console, Effect, Layer } from "effect"
import { Argument, Command } from "effect/cli"
import * as Resumption from "../../streams/engine/Resumption.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { EventLog } from "../../streams/ports/EventLog.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import * as Pipelines from "../Pipelines.ts"
import * as Saved from "../Saved.ts"

const flags = {
  pipelines: Argument.String("pipelines").pipe(
    Argument.withDescription("Names of built-in pipelines, and files that export pipelines; all built-in ones by default"),
    Argument.variadic()
  ),
  ...Saved.flags
}

export const command = Command.make(
  "check",
  flags,
  Effect.fnUntraced(function*(input) {
    const names = input.pipelines.length === 0 ? undefined : input.pipelines
    const pipelines = yield* Pipelines.resolveAll(names, Pipelines.boundsOf(input), "any")
    const stores: Layer.Layer<CheckpointStore | EventLog, Error> = yield* Saved.stores(input, pipelines)
    yield* Effect.provide(check(pipelines), stores)
  })
).pipe(
  Command.withDescription(
    "Checks pipelines, and says of each what a start with them would do: whether it goes on with its saved state, or is " +
      "computed from the beginning of the log, and why. It changes nothing, and may run beside others. A sink that has not got the " +
      "former results is filled from the log whatever this says."
  ),
  Command.withExamples([
    { command: "courant check ./signals.ts --data .courant", description: "The pipelines of a file, against what is saved" },
    { command: "courant check candles-1m day --log kafka --brokers 127.0.0.1:9092 --topic ticks", description: "Of a topic of Kafka" },
    {
      command: "courant check ./market.ts --log kafka --brokers 127.0.0.1:9092 --topic market --topic trades=my-trades --topic quotes=my-quotes",
      description: "Of several topics of Kafka"
    }
  ])
)

const check = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>) {
  const { ends, topic } = yield* EventLog
  const plan = yield* Resumption.planWithoutSinks(Pipelines.checkpointName(topic, pipelines), pipelines)
  const count = (yield* ends).reduce((sum, end) => sum + end, 0)
  yield* Console.log(lines(plan, count).join("\n"))
  const refusal = yield* Resumption.refusalOf(plan)
  if (refusal !== null) return yield* refusal
})

const lines = ({ added, changed, checkpoint, kept, removed, savedAs }: Resumption.Plan, count: number): ReadonlyArray<string> => {
  const again = `computed from the beginning of the log, ${number(count)} records`
  const told: ReadonlyArray<readonly [name: string, what: string]> = [
    ...kept.map(({ name }) => [name, "kept: it goes on where it was"] as const),
    ...changed.map(({ name }) => [name, `changed: its results are removed and ${again}`] as const),
    ...added.map(({ name }) => [name, `${checkpoint === null ? "no saved state" : "new"}: ${again}`] as const),
    ...removed.map((name) => [name, "removed: not computed any more; its results stay"] as const)
  ]
  const width = Math.max(...told.map(([name]) => name.length))
  const read = checkpoint?.offsets.reduce((sum, offset) => sum + offset, 0) ?? 0
  return [
    ...(checkpoint === null ? [] : [`${savedAs}, saved at record ${number(read)} of ${number(count)}`]),
    ...told.map(([name, what]) => `${name.padEnd(width)}  ${what}`)
  ]
}

const number = (value: number): string => value.toLocaleString("en-US")
