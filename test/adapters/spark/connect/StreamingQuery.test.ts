/** How a query is started and waited for, against a server of this process. */
import { assert, it } from "@effect/vitest"
import type { MessageInitShape } from "@bufbuild/protobuf"
import { Duration, Effect } from "effect"
import * as Plan from "../../../../src/adapters/spark/connect/Plan.ts"
import type { ExecutePlanResponseSchema } from "../../../../src/adapters/spark/connect/proto/base_pb.ts"
import type { Command } from "../../../../src/adapters/spark/connect/proto/commands_pb.ts"
import { connect, Session } from "../../../../src/adapters/spark/connect/Session.ts"
import * as StreamingQuery from "../../../../src/adapters/spark/connect/StreamingQuery.ts"
import * as FakeSpark from "./FakeSpark.ts"

type Answer = Exclude<MessageInitShape<typeof ExecutePlanResponseSchema>["responseType"], undefined>

const queryId = { id: "of the checkpoint", runId: "of the run" }

const options: StreamingQuery.Options = {
  relation: Plan.readStream({ format: "rate" }),
  format: "noop",
  checkpoint: "/checkpoint",
  outputMode: "append",
  trigger: { processingTime: "1500 millis" },
  name: "ticking"
}

/** A query is started, and its commands are answered as told; what was asked, in order. */
const started = (answer: (command: Command["commandType"]) => Answer) =>
  Effect.gen(function*() {
    const asked: Array<Command["commandType"]> = []
    const server = yield* FakeSpark.serve({
      executePlan: async function*({ plan }) {
        if (plan?.opType.case !== "command") return
        const { commandType } = plan.opType.value
        asked.push(commandType)
        const isStart = commandType.case === "writeStreamOperationStart"
        yield {
          responseId: "0",
          responseType: isStart
            ? { case: "writeStreamOperationStartResult", value: { queryId, name: "ticking" } }
            : answer(commandType)
        }
        yield { responseId: "1", responseType: { case: "resultComplete", value: {} } }
      }
    })
    const session = yield* connect(server)
    const query = yield* Effect.provideService(StreamingQuery.start(options), Session, session)
    return { asked, query }
  })

it.live("a query is started with what it was declared with", () =>
  Effect.gen(function*() {
    const { asked: [start], query } = yield* started(() => ({ case: "resultComplete", value: {} }))
    assert.deepStrictEqual([query.id, query.runId, query.name], ["of the checkpoint", "of the run", "ticking"])
    assert.strictEqual(start?.case, "writeStreamOperationStart")
    if (start?.case !== "writeStreamOperationStart") return
    const { format, options, outputMode, queryName, trigger } = start.value
    assert.deepStrictEqual(
      { format, options: { ...options }, outputMode, queryName, trigger },
      {
        format: "noop",
        options: { checkpointLocation: "/checkpoint" },
        outputMode: "append",
        queryName: "ticking",
        trigger: { case: "processingTimeInterval", value: "1500 milliseconds" }
      }
    )
  }).pipe(Effect.scoped))

it.live("is waited for in rounds until it has ended", () =>
  Effect.gen(function*() {
    const { asked, query } = yield* runningFor(2)
    assert.isTrue(yield* query.awaitTermination())
    assert.deepStrictEqual(limitsOf(asked), [20_000, 20_000, 20_000])
  }).pipe(Effect.scoped))

it.live("is waited for no longer than told", () =>
  Effect.gen(function*() {
    const { asked, query } = yield* runningFor(Infinity)
    assert.isFalse(yield* query.awaitTermination("50 millis"))
    assert.isFalse(yield* query.awaitTermination(Duration.zero))
    const [limit = 0, shortest, ...more] = limitsOf(asked)
    assert.isTrue(limit > 0 && limit <= 50)
    assert.deepStrictEqual([shortest, more], [1, []])
  }).pipe(Effect.scoped))

it.live("an answer to another question is not taken for one", () =>
  Effect.gen(function*() {
    const { query } = yield* runningFor(1)
    const error = yield* Effect.flip(query.status)
    assert.strictEqual(error.reason, "not-understood")
  }).pipe(Effect.scoped))

/** A query that has not ended before it was waited for so often. */
const runningFor = (rounds: number) => {
  let left = rounds
  return started(() => ({
    case: "streamingQueryCommandResult",
    value: { queryId, resultType: { case: "awaitTermination", value: { terminated: left-- <= 0 } } }
  }))
}

const limitsOf = (asked: ReadonlyArray<Command["commandType"]>) =>
  asked.flatMap((command) =>
    command.case === "streamingQueryCommand" && command.value.command.case === "awaitTermination"
      ? [Number(command.value.command.value.timeoutMs)]
      : [])
