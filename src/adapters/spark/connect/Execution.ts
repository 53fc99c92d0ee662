/**
 * Reattachable execution: the server keeps what a command answers until it is released, so that a stream that is cut,
 * or that the server rotates (after 2 minutes), is attached to again behind the last answer. A command is done once,
 * however often its stream breaks.
 *
 * Source: https://github.com/apache/spark/blob/v4.0.0/sql/connect/docs/client-connection-string.md and
 * `ReattachExecute` in base.proto
 */
import type { MessageInitShape } from "@bufbuild/protobuf"
import type { CallOptions } from "@connectrpc/connect"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import type {
  ExecutePlanResponse,
  ExecutePlanResponse_ObservedMetrics as ObservedMetrics,
  ReleaseExecuteRequestSchema
} from "./proto/base_pb.ts"
import type { Command } from "./proto/commands_pb.ts"
import type { Relation } from "./proto/relations_pb.ts"
import { fromFailure, SparkError } from "./SparkError.ts"
import { detailed, type Wire } from "./Wire.ts"

export type Answer =
  | ExecutePlanResponse["responseType"]
  /** What the relations of a bounded execution have counted: it stands beside the answer proper, often alone. */
  | { readonly case: "observedMetrics"; readonly value: ReadonlyArray<ObservedMetrics> }

/** A command, or a relation whose rows are not looked at: it may count along the way. */
export type Work =
  | { readonly case: "command"; readonly value: Command }
  | { readonly case: "root"; readonly value: Relation }

/** What a work is answered, when it is done. Interrupted, it is interrupted on the server as well. */
export const execute = Effect.fnUntraced(function*(wire: Wire, work: Work) {
  const state: State = {
    operationId: randomUUID(),
    isSent: false,
    last: undefined,
    failingSince: undefined,
    isComplete: false,
    answers: []
  }
  return yield* untilComplete(wire, work, state).pipe(
    Effect.catch((error) => Effect.flatMap(detailed(wire.client, wire.identity(), error), Effect.fail)),
    Effect.ensuring(Effect.suspend(() => state.isSent ? release(wire, state, true) : Effect.void))
  )
})

interface State {
  readonly operationId: string
  /** Whether the server may know of the execution. */
  isSent: boolean
  /** The id of the last answer. */
  last: string | undefined
  /** When the first of the failures was between which nothing was heard. */
  failingSince: number | undefined
  isComplete: boolean
  readonly answers: Array<Answer>
}

const untilComplete = Effect.fnUntraced(function*(wire: Wire, work: Work, state: State) {
  for (;;) {
    yield* wire.patiently(attach(wire, work, state), (now) => state.failingSince ??= now)
    if (state.isComplete) return state.answers
    state.failingSince = undefined
    yield* release(wire, state)
    // The server has rotated the stream, after minutes; one that ends streams at once is not to be run down.
    yield* Effect.sleep("100 millis")
  }
})

/** One stream, until it ends. */
const attach = (wire: Wire, work: Work, state: State): Effect.Effect<void, SparkError> =>
  Effect.tryPromise({
    try: async (signal) => {
      const stream = open(wire, work, state, { signal, timeoutMs: longerThanRotation })
      for await (const response of stream) note(wire, state, response)
    },
    catch: (failure) => afresh(state, fromFailure(wire.address, failure))
  })

/** The server ends streams sooner itself: one that is this old hangs, and is given up for another. */
const longerThanRotation = 180_000

const open = (wire: Wire, work: Work, state: State, options: CallOptions): AsyncIterable<ExecutePlanResponse> => {
  const { client } = wire
  const { isSent, last, operationId } = state
  const request = { ...wire.identity(), operationId }
  if (isSent) {
    return client.reattachExecute({ ...request, ...(last === undefined ? {} : { lastResponseId: last }) }, options)
  }
  state.isSent = true
  return client.executePlan({
    ...request,
    plan: { opType: work },
    requestOptions: [{ requestOption: { case: "reattachOptions", value: { reattachable: true } } }]
  }, options)
}

const note = (wire: Wire, state: State, response: ExecutePlanResponse): void => {
  const { observedMetrics, responseId, responseType, serverSideSessionId } = response
  wire.observe(serverSideSessionId)
  state.failingSince = undefined
  state.last = responseId
  if (observedMetrics.length > 0) state.answers.push({ case: "observedMetrics", value: observedMetrics })
  if (responseType.case === "resultComplete") state.isComplete = true
  else if (responseType.case !== undefined) state.answers.push(responseType)
}

/** An execution that never reached the server is sent once more; one that is there already is attached to. */
const afresh = (state: State, error: SparkError): SparkError => {
  const { errorClass, message } = error
  const isMissing = errorClass === "INVALID_HANDLE.OPERATION_NOT_FOUND" && state.last === undefined
  if (isMissing) state.isSent = false
  return isMissing || errorClass === "INVALID_HANDLE.OPERATION_ALREADY_EXISTS"
    ? new SparkError({ reason: "unreachable", message })
    : error
}

/** Lets the server forget what was seen, or the whole execution, which ends it. Where that fails, it forgets later. */
const release = (wire: Wire, { last, operationId }: State, all = false): Effect.Effect<void> => {
  if (!all && last === undefined) return Effect.void
  const what: MessageInitShape<typeof ReleaseExecuteRequestSchema>["release"] = all
    ? { case: "releaseAll", value: {} }
    : { case: "releaseUntil", value: { responseId: last ?? "" } }
  return Effect.tryPromise((signal) =>
    wire.client.releaseExecute({ ...wire.identity(), operationId, release: what }, { signal, timeoutMs: 5_000 })
  ).pipe(Effect.ignore)
}
