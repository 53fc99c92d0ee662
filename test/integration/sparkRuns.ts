/** Plans over a topic of their own on a real Spark: all at once, or batch after batch with state in between. */
import { create } from "@bufbuild/protobuf"
import { Effect, Layer } from "effect"
import { mkdirSync, mkdtempSync } from "node:fs"
import { join } from "node:path"
import * as KafkaEventLog from "../../src/adapters/kafka/KafkaEventLog.ts"
import * as KafkaResultSink from "../../src/adapters/kafka/KafkaResultSink.ts"
import { compileAny, settings } from "../../src/adapters/spark/compile/Compile.ts"
import { countsOf, type Program, relationOf } from "../../src/adapters/spark/compile/Program.ts"
import * as Observed from "../../src/adapters/spark/connect/Observed.ts"
import * as Plan from "../../src/adapters/spark/connect/Plan.ts"
import { RelationCommonSchema } from "../../src/adapters/spark/connect/proto/relations_pb.ts"
import { Session } from "../../src/adapters/spark/connect/Session.ts"
import * as StreamingQuery from "../../src/adapters/spark/connect/StreamingQuery.ts"
import * as Write from "../../src/adapters/spark/connect/Write.ts"
import { EventLog } from "../../src/streams/ports/EventLog.ts"
import type { Any as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"
import { fromBytes, Kind } from "../../src/streams/records/Records.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import type { Definition } from "../../src/streams/pipeline/Source.ts"
import { SparkStack } from "./sparkHarness.ts"
import * as Checked from "../../src/streams/pipeline/Checked.ts"

/** A session in which plans mean what they are to mean. */
export const session = Layer.unwrap(Effect.map(SparkStack, ({ connect }) => Session.layer(connect))).pipe(
  Layer.tap((context) => Effect.provideContext(Session.use((session) => session.set(settings)), context))
)

export interface Written {
  readonly partition: number
  readonly kind: Kind
  /** `null` is a record without a value. */
  readonly bytes: Uint8Array | null
}

const encoder = new TextEncoder()

export const event = (text: string, partition = 0): Written => ({ partition, kind: Kind.event, bytes: encoder.encode(text) })

let topics = 0

export interface Options {
  readonly partitions?: number
  readonly preAggregated?: Definition
  readonly maxTimeAhead?: number
}

/** A topic, and pipelines that are to run over it, each with a name of its own. */
export const over = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>, options: Options = {}) {
  const topic = yield* topicOf(pipelines, options)
  return { ...topic, ...yield* runOf([topic]) }
})

/** What {@link over} gives, of several topics whose pipelines make one query. Their names are not shared either. */
export const together = Effect.fnUntraced(function*(
  members: ReadonlyArray<{ readonly pipelines: ReadonlyArray<AnyPipeline>; readonly options?: Options }>
) {
  const topics = yield* Effect.forEach(members, ({ options, pipelines }) => topicOf(pipelines, options))
  return { topics, ...yield* runOf(topics) }
})

type Topic = Effect.Success<ReturnType<typeof topicOf>>

const topicOf = Effect.fnUntraced(function*(pipelines: ReadonlyArray<AnyPipeline>, options: Options = {}) {
  const id = ++topics
  const name = `runs-${process.pid}-${id}`
  const { preAggregated, partitions = 1 } = options
  const source = Checked.inputOf(pipelines[0]!.checked).events.definition
  const log = yield* Layer.build(KafkaEventLog.layer({ topic: name, source, preAggregated, partitions }))
  return {
    id,
    name,
    programs: yield* Effect.forEach(pipelines, (pipeline) => compileAny(pipeline, options)),
    append: (records: ReadonlyArray<Written>) =>
      Effect.forEach(Map.groupBy(records, ({ partition }) => partition), ([partition, own]) =>
        EventLog.use((log) => log.append(partition, fromBytes(own.map(({ bytes }) => bytes), own.map(({ kind }) => kind)))), {
        discard: true
      }).pipe(Effect.provideContext(log))
  }
})

const runOf = Effect.fnUntraced(function*(topics: ReadonlyArray<Topic>) {
  const { brokers, checkpoints } = yield* SparkStack
  const [all, batches] = [`${topics[0]!.name}-all`, `${topics[0]!.name}-batches`]
  const sinks = {
    all: yield* Layer.build(KafkaResultSink.layer({ topic: all })),
    batches: yield* Layer.build(KafkaResultSink.layer({ topic: batches }))
  }
  const servers = { "kafka.bootstrap.servers": brokers }
  // A reader that turns to another offset waits for what it has asked the broker for: half a second for each of many.
  const kafka = { ...servers, "kafka.fetch.max.wait.ms": "5" }
  mkdirSync(checkpoints, { recursive: true })
  const checkpoint = mkdtempSync(join(checkpoints, "runs-"))
  const session = yield* Session
  const streams = yield* Effect.forEach(topics, Effect.fnUntraced(function*({ id, name, programs }) {
    const streams = programs.map((program) => sharing(id, relationOf(program, { topic: name, streaming: true, kafka })))
    // Once a plan is looked at, the server knows it again by its id.
    if (streams.length > 1) yield* session.schema(readsOf(streams[0]!)[0]!)
    return streams
  }))
  const query = {
    relation: united(streams.flat()),
    format: "kafka",
    options: { ...servers, topic: batches },
    checkpoint,
    outputMode: "append",
    trigger: "availableNow"
  } as const
  const atOnce = <A>(of: (program: Program, from: Parameters<typeof relationOf>[1]) => A): ReadonlyArray<A> =>
    topics.flatMap(({ name, programs }) => programs.map((program) => of(program, { topic: name, streaming: false, kafka })))
  return {
    /** All that the topics hold, without a watermark. */
    compute: Write.append({
      relation: united(atOnce(relationOf)),
      format: "kafka",
      options: { ...servers, topic: all }
    }),
    /** What the plans count in the records of the topics. */
    counts: Effect.map(
      Session.use(({ observe }) => Effect.forEach(atOnce(countsOf), observe)),
      (answers) => Observed.of(answers.flat())
    ),
    /** What is new in the topics as one batch, and another where the watermark closes windows; what Spark says of them. */
    batch: Effect.gen(function*() {
      const started = yield* StreamingQuery.start(query)
      yield* started.awaitTermination()
      return yield* started.recentProgress
    }),
    /** The panes of `compute`, or of all batches so far. */
    panes: (of: keyof typeof sinks) => ResultSink.use((sink) => sink.read({})).pipe(Effect.provideContext(sinks[of]))
  }
})

/** What a plan reads, more than once where it has several branches. */
const readsOf = (relation: Plan.Relation): ReadonlyArray<Plan.Relation> => {
  const { relType: { value } } = relation
  if (typeof value !== "object") return [relation]
  if ("leftInput" in value) return [value.leftInput, value.rightInput].flatMap((side) => side === undefined ? [] : readsOf(side))
  return "input" in value && value.input !== undefined ? readsOf(value.input) : [relation]
}

/** Plans that read the same under one id are one source to a query, which asks Kafka once instead of once a pipeline. */
const sharing = (id: number, relation: Plan.Relation): Plan.Relation => {
  for (const read of readsOf(relation)) read.common = create(RelationCommonSchema, { planId: BigInt(id) })
  return relation
}

/** Many to a query: a plan takes its time to be compiled, a query longer. */
const united = (relations: ReadonlyArray<Plan.Relation>): Plan.Relation =>
  relations.reduce((left, right) => Plan.union(left, right))
