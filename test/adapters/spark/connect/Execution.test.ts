/** A command is done once, and answered in full, whatever becomes of the streams. */
import { assert, describe, it } from "@effect/vitest"
import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { Code, ConnectError } from "@connectrpc/connect"
import { Effect, Fiber } from "effect"
import * as fc from "fast-check"
import type { Answer } from "../../../../src/adapters/spark/connect/Execution.ts"
import type { ExecutePlanResponseSchema } from "../../../../src/adapters/spark/connect/proto/base_pb.ts"
import { CommandSchema } from "../../../../src/adapters/spark/connect/proto/commands_pb.ts"
import * as Session from "../../../../src/adapters/spark/connect/Session.ts"
import * as FakeSpark from "./FakeSpark.ts"

const command = create(CommandSchema, {
  commandType: { case: "streamingQueryManagerCommand", value: { command: { case: "active", value: true } } }
})

/** How a stream ends before its time: rotated by the server, refused from in between, or with its connection. */
type End = "rotated" | "unavailable" | "cut"

/** The responses of an execution, numbered: `count` answers and that it is complete. */
const responsesAfter = (last: string | undefined, count: number): Array<Response> => {
  const next = last === undefined ? 0 : Number(last) + 1
  return Array.from({ length: count + 1 - next }, (_, index) => response(next + index, next + index === count))
}

type Response = MessageInitShape<typeof ExecutePlanResponseSchema>

const response = (number: number, isLast: boolean): Response => ({
  responseId: String(number),
  serverSideSessionId: FakeSpark.serverSessionId,
  responseType: isLast
    ? { case: "resultComplete", value: {} }
    : { case: "arrowBatch", value: { rowCount: BigInt(number) } }
})

/** A server whose streams end early as told, each after so many responses, until nothing more is told. */
const serveCutting = (count: number, cuts: ReadonlyArray<readonly [after: number, end: End]>) =>
  Effect.gen(function*() {
    const left = [...cuts]
    const operations: Array<string> = []
    const stream = async function*(last: string | undefined) {
      const [after, end] = left.shift() ?? [Infinity, "rotated"]
      let sent = 0
      for (const response of responsesAfter(last, count)) {
        if (sent++ >= after) break
        yield response
        // A response a packet, so that some arrive before a cut.
        await new Promise((resume) => setTimeout(resume, 2))
      }
      if (end === "unavailable") throw new ConnectError("gone", Code.Unavailable)
      if (end === "cut" && after !== Infinity) {
        server.cut()
        await new Promise(() => {})
      }
    }
    const server: FakeSpark.FakeSpark = yield* FakeSpark.serve({
      executePlan: ({ operationId = "" }) => {
        operations.push(operationId)
        return stream(undefined)
      },
      reattachExecute: ({ lastResponseId, operationId }) => {
        assert.strictEqual(operationId, operations[0])
        return stream(lastResponseId)
      }
    })
    return { server, operations }
  })

const rowCounts = (answers: ReadonlyArray<Answer>) =>
  answers.map((answer) => answer.case === "arrowBatch" ? Number(answer.value.rowCount) : answer.case)

const end = fc.constantFrom<End>("rotated", "unavailable", "cut")

const cuts = fc.array(fc.tuple(fc.nat({ max: 4 }), end), { maxLength: 4 })

describe("execution", () => {
  it("is attached to again behind the last answer, however its streams end", async () => {
    const law = fc.asyncProperty(fc.nat({ max: 6 }), cuts, (count, cuts) =>
      Effect.runPromise(
        Effect.gen(function*() {
          const { operations, server } = yield* serveCutting(count, cuts)
          const session = yield* Session.connect(server)
          const answers = yield* session.execute(command)
          assert.deepStrictEqual(rowCounts(answers), Array.from({ length: count }, (_, index) => index))
          assert.strictEqual(operations.length, 1)
          assert.deepStrictEqual(server.released.at(-1)?.case, "releaseAll")
        }).pipe(Effect.scoped)
      ))
    await fc.assert(law, { numRuns: 20 })
  })

  it.live("what was seen is released when the stream is rotated", () =>
    Effect.gen(function*() {
      const { server } = yield* serveCutting(4, [[3, "rotated"]])
      const session = yield* Session.connect(server)
      yield* session.execute(command)
      const [first] = server.released
      assert.strictEqual(first?.case === "releaseUntil" && first.value.responseId, "2")
    }).pipe(Effect.scoped))

  it.live("is sent again where it never reached the server, and only then", () =>
    Effect.gen(function*() {
      let executions = 0
      const server = yield* FakeSpark.serve({
        executePlan: async function*() {
          if (++executions === 1) throw new ConnectError("connection refused", Code.Unavailable)
          yield* responsesAfter(undefined, 1)
        },
        // oxlint-disable-next-line require-yield -- A stream that only fails.
        reattachExecute: async function*() {
          throw FakeSpark.sparkError("INVALID_HANDLE.OPERATION_NOT_FOUND")
        }
      })
      const session = yield* Session.connect(server)
      assert.deepStrictEqual(rowCounts(yield* session.execute(command)), [0])
      assert.strictEqual(executions, 2)
    }).pipe(Effect.scoped))

  it.live("what had begun and is no longer known is told as lost, and not done again", () =>
    Effect.gen(function*() {
      let executions = 0
      const server = yield* FakeSpark.serve({
        executePlan: async function*() {
          executions++
          yield* responsesAfter(undefined, 2).slice(0, 1)
          throw new ConnectError("gone", Code.Unavailable)
        },
        // oxlint-disable-next-line require-yield -- A stream that only fails.
        reattachExecute: async function*() {
          throw FakeSpark.sparkError("INVALID_HANDLE.OPERATION_NOT_FOUND")
        }
      })
      const session = yield* Session.connect(server)
      const error = yield* Effect.flip(session.execute(command))
      assert.deepStrictEqual([error.reason, executions], ["execution-lost", 1])
    }).pipe(Effect.scoped))

  it.live("gives up when the server is away for longer than we have patience", () =>
    Effect.gen(function*() {
      const { server } = yield* serveCutting(3, Array.from({ length: 100 }, () => [0, "unavailable"] as const))
      const session = yield* Session.connect({ ...server, patience: "300 millis" })
      const error = yield* Effect.flip(session.execute(command))
      assert.strictEqual(error.reason, "unreachable")
    }).pipe(Effect.scoped))

  it.live("interrupted, it ends on the server", () =>
    Effect.gen(function*() {
      let begun = () => {}
      const isRunning = new Promise<void>((resume) => begun = resume)
      const server = yield* FakeSpark.serve({
        // oxlint-disable-next-line require-yield -- A stream on which nothing comes.
        executePlan: async function*() {
          begun()
          await new Promise(() => {})
        }
      })
      const session = yield* Session.connect(server)
      const running = yield* Effect.forkChild(session.execute(command))
      yield* Effect.promise(() => isRunning)
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(server.released.map(({ case: what }) => what), ["releaseAll"])
    }).pipe(Effect.scoped))
})
