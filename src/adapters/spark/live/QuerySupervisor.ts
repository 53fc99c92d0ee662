/**
 * Looking after one query: its batches are told as they are done, and what ends it without anybody's will is mended by
 * reviving it, within bounds. A query itself goes on without us.
 */
import { Duration, Effect } from "effect"
import { isOfBatch, type Progress } from "../connect/Progress.ts"
import type { Session } from "../connect/Session.ts"
import { SparkError } from "../connect/SparkError.ts"
import * as StreamingQuery from "../connect/StreamingQuery.ts"
import { type Failure, isOfQuery, mayPass, toClusterError, wordsOf } from "./Failures.ts"
import type { Sessions } from "./Sessions.ts"
import { ClusterError } from "../SparkCluster.ts"

export interface Options {
  readonly sessions: Sessions
  /** For those who are told. */
  readonly name: string
  /** The query as it runs now. */
  readonly first: Found
  /** Has it run again, and fails where that is not to be. */
  readonly revive: Effect.Effect<Found, Failure, Session>
  /** How often in a row it is revived without a new batch in between. */
  readonly attempts: number
  /** Each batch, once and in order, while we keep up: Spark remembers a hundred. */
  readonly tell: (progress: Progress) => Effect.Effect<void>
  /** It is about to be revived. */
  readonly onRestart: Effect.Effect<void>
}

export interface Found {
  readonly query: StreamingQuery.StreamingQuery
  /** Whether it ran before: what it has done by then is not told. */
  readonly isJoined: boolean
}

/** How often batches are asked for. */
const every = Duration.millis(500)

const longestPause = Duration.seconds(30)

/** Does not end but with a failure, which is for good. */
export const watch = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<never, ClusterError> {
  const { attempts, name, onRestart, revive, sessions, tell } = options
  /** Of the run that is watched, the last batch that was told. */
  let told = { runId: "", batchId: -1 }
  /** Failures in a row, without a batch in between. */
  let failures = 0

  const tellNew = Effect.fnUntraced(function*(query: StreamingQuery.StreamingQuery) {
    const last = yield* query.lastProgress
    if (last === undefined) return
    if (told.runId !== query.runId) told = { runId: query.runId, batchId: -1 }
    const newest = newestBatch(last)
    if (newest <= told.batchId) return
    const batches = isOfBatch(last) && newest === told.batchId + 1 ? [last] : yield* query.recentProgress
    for (const progress of batches) {
      if (!isOfBatch(progress) || progress.batchId <= told.batchId) continue
      told = { runId: query.runId, batchId: progress.batchId }
      failures = 0
      yield* tell(progress)
    }
  })

  /** What a query had done before we came. */
  const skip = (query: StreamingQuery.StreamingQuery) =>
    Effect.ignore(Effect.map(query.lastProgress, (last) => {
      told = { runId: query.runId, batchId: last === undefined ? -1 : newestBatch(last) }
    }))

  /** One run, until it ends or is lost. */
  const follow = Effect.fnUntraced(function*(query: StreamingQuery.StreamingQuery) {
    while (!(yield* query.awaitTermination(every))) yield* tellNew(query)
    yield* tellNew(query)
    yield* stopped(name)
  }, (following, query) =>
    following.pipe(
      // One that has failed is still there to be asked.
      Effect.tapError((failure) => isOfQuery(failure) ? Effect.ignore(tellNew(query)) : Effect.void),
      Effect.mapError(asLost)
    ))

  const again = Effect.fnUntraced(function*(failure: Failure) {
    if (!mayPass(failure)) return yield* toClusterError(failure)
    const words = failure._tag === "SparkError" ? wordsOf(failure) : failure.message
    if (failures >= attempts) {
      return yield* new ClusterError({
        reason: failure.reason === "unreachable" ? "unreachable" : "failed",
        message: `the query ${name} was started again ${attempts} times in a row, and did not get on: ${words}`,
        cause: failure
      })
    }
    const pause = Duration.min(Duration.seconds(2 ** failures++), longestPause)
    yield* Effect.logWarning(`the query ${name}: ${words}; trying again in ${Duration.format(pause)}`)
    yield* onRestart
    yield* Effect.sleep(pause)
  })

  let found: Found | undefined = options.first
  if (found.isJoined) yield* skip(found.query)
  const running: Effect.Effect<never, Failure, Session> = Effect.gen(function*() {
    for (;;) {
      const { query }: Found = found ?? (yield* Effect.mapError(revive, asLost))
      found = undefined
      yield* follow(query)
    }
  })
  for (;;) yield* again(yield* Effect.flip(sessions.within(running)))
})

/** The number of the last batch that was computed, by the last thing that a query has said. */
const newestBatch = (last: Progress): number => isOfBatch(last) ? last.batchId : last.batchId - 1

/** A query that has run before is refused nothing for what it is: the server has forgotten it, or is ending. */
const asLost = (failure: Failure): Failure =>
  failure._tag === "SparkError" && failure.reason === "refused" && !isOfQuery(failure)
    ? new SparkError({ message: failure.message, reason: "execution-lost", cause: failure })
    : failure

/** It ended without a failure: somebody has ended it, or the session or server that it was in is about to end. */
const stopped = Effect.fnUntraced(function*(name: string) {
  yield* Effect.sleep("2 seconds")
  if ((yield* StreamingQuery.byName(name)) !== undefined) return
  return yield* new ClusterError({ reason: "stopped", message: `the query ${name} was stopped` })
})
