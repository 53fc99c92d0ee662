/** A log and what was decided over it, to compute from anew: nothing is made, and nothing is changed. */
import { Effect, type Layer, Option } from "effect"
import * as Resumption from "../streams/engine/Resumption.ts"
import * as Checked from "../streams/pipeline/Checked.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import type { CheckpointStore } from "../streams/ports/CheckpointStore.ts"
import type { Decisions } from "../streams/ports/Decisions.ts"
import type { EventLog } from "../streams/ports/EventLog.ts"
import * as Flags from "./Flags.ts"
import * as Kafka from "./kafka/Kafka.ts"
import * as Pipelines from "./Pipelines.ts"
import * as Saved from "./Saved.ts"
import * as Stores from "./Stores.ts"
import { say, usage } from "./terminal/Problem.ts"
import * as Topics from "./Topics.ts"

export const flags = {
  outOfOrderness: Flags.outOfOrderness,
  allowedLateness: Flags.allowedLateness,
  maxTimeAhead: Flags.maxTimeAhead,
  log: Flags.keptLog,
  data: Flags.data,
  topics: Flags.topics,
  as: Flags.as,
  brokers: Flags.brokers,
  connectTimeout: Flags.connectTimeout
}

export interface Input extends Kafka.Input {
  readonly log: "sqlite" | "kafka"
  readonly data: string
  readonly topics: Parameters<typeof Topics.of>[0]
  readonly as: Option.Option<string>
}

export const stores = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const layer: Layer.Layer<Decisions | EventLog, Error> = input.log === "kafka" ? yield* ofKafka(input, pipelines) : yield* ofSqlite(input, pipelines)
  return layer
})

/**
 * Says where what is computed again may be other than what a run has told. Nothing that is kept has the bounds of a run, but the
 * fingerprint of what was saved tells whether they, or the pipeline, were others.
 */
export const sayBounds = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const saved: Layer.Layer<CheckpointStore | EventLog, Error> = yield* Saved.stores(input, pipelines)
  const told = yield* Effect.provide(Resumption.toldBy, saved)
  for (const { checked, name } of pipelines) {
    const fingerprint = told.get(name)
    if (fingerprint === checked.fingerprint) continue
    say(fingerprint === undefined
      ? `nothing is saved of ${name} that says with which bounds it ran: it is computed with ${boundsOf(checked)}`
      : `what is saved of ${name} ran with other bounds, or as another pipeline: this is computed with ${boundsOf(checked)}, and may never have been told. Give the bounds of the run`)
  }
}, (said) => Effect.ignore(said))

const boundsOf = (checked: AnyPipeline["checked"]): string => {
  const outOfOrderness = [...new Set(Checked.inputsOf(checked).map(({ events }) => events.definition.outOfOrderness))]
  const lateness = checked.nodes.flatMap((node) => node._tag === "window" ? [node.allowedLateness] : [])
  const flags = [
    ...outOfOrderness.length === 1 ? [`--out-of-orderness ${lengthOf(outOfOrderness[0]!)}`] : ["the out-of-orderness of each source"],
    ...lateness.length === 1 ? [`--allowed-lateness ${lengthOf(lateness[0]!)}`] : []
  ]
  return flags.join(" and ")
}

/** As the flags take it. */
const lengthOf = (milliseconds: number): string => {
  if (milliseconds === 0) return "0s"
  const [unit, length] = ([["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]] as const).find(([, length]) => milliseconds % length === 0) ?? ["ms", 1]
  return `${milliseconds / length}${unit}`
}

const ofSqlite = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const named = yield* Effect.flatMap(Topics.of(input.topics), Topics.inFolder)
  const topic = yield* Stores.chooseTopic(input.data, Option.getOrUndefined(named))
  const sources = yield* Stores.sourcesFor({ data: input.data, topic }, pipelines)
  return Stores.pastOf({ data: input.data, topic, sources }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

const ofKafka = Effect.fnUntraced(function*(input: Input, pipelines: ReadonlyArray<AnyPipeline>) {
  const { topic, topics } = yield* Kafka.givenTopics(input.topics, pipelines)
  const connection = yield* Kafka.optionsOf(input)
  const { past } = yield* Effect.promise(() => import("./kafka/KafkaStores.ts"))
  return past({ connection, topic, topics: topics && Kafka.withSources(topics, pipelines), sources: Kafka.sourcesOf(pipelines) }, whose(input, Pipelines.groupOf(topic, pipelines)))
})

/** Decisions are a processor's own. Those of the pipelines that are replayed are meant, or of the only one that there is. */
const whose = (input: Input, own: string): Stores.Choose => (processors) => {
  const wanted = Option.getOrUndefined(input.as)
  const there = `there are decisions of ${processors.join(", ")}`
  if (wanted !== undefined) {
    if (processors.includes(wanted)) return Effect.succeed(wanted)
    return Effect.fail(usage(`${wanted} has taken no decisions over this log; ${processors.length === 0 ? "nobody has" : there}`))
  }
  if (processors.includes(own)) return Effect.succeed(own)
  return processors.length < 2
    ? Effect.succeed(processors[0] ?? null)
    : Effect.fail(usage(`${there}: say with --as whose are to be taken, since what was late hangs on them`))
}
