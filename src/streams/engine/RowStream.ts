/** A stream of rows through a pipeline: the reader of what comes out sets the pace, and a batch is all that is ever held. */
import { Array, Cause, Clock, Effect, Fiber, Pull, type Scope, Stream } from "effect"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import type { Decision } from "../records/Decision.ts"
import type { Reason } from "../records/Refusal.ts"
import { Idleness } from "./Idleness.ts"
import { RowJob, type Told, type Unused } from "./RowJob.ts"
import { LateRow, RefusedRow } from "./UnusedRow.ts"

/** What becomes of a row that is late, or refused. */
export type Handling = "drop" | "fail" | "side-output"

export interface Settings {
  /** In milliseconds, as the next; `Infinity` for never. */
  readonly idleTimeout: number
  readonly maxTimeAhead: number
  readonly late: Handling
  readonly refused: Handling
}

/** Rows that are taken together, so that what a long chunk leads to is handed over piece by piece. */
const mostRows = 4_096

/** Everything in the order of the rows that led to it; of unused rows those that are to be put out. */
export const through = <A, E, R>(rows: Stream.Stream<A, E, R>, pipeline: Pipeline.Any, settings: Settings) =>
  Stream.transformPull(rows, (pull, scope) =>
    Effect.map(MonotonicTime.millis, (now) => pullFrom(pull, { job: new RowJob(pipeline, settings), now, scope, settings })))

type Input<A, E> = Pull.Pull<Array.NonEmptyReadonlyArray<A>, E, void>

const pullFrom = <A, E>(
  input: Input<A, E>,
  { job, now, scope, settings }: { readonly job: RowJob; readonly settings: Settings; readonly scope: Scope.Scope; readonly now: number }
): Pull.Pull<Array.NonEmptyReadonlyArray<Told>, E | LateRow | RefusedRow> => {
  const idleness = new Idleness(job.job, { timeout: settings.idleTimeout, speed: 1, now })
  const hear = listen(input, { idleness, job, scope })
  let chunk: ReadonlyArray<A> = []
  let taken = 0
  let end: Effect.Effect<never, Cause.Done | LateRow | RefusedRow> | null = null

  const take = Effect.gen(function*() {
    const batch = taken === 0 && chunk.length <= mostRows ? chunk : chunk.slice(taken, taken + mostRows)
    taken += batch.length
    const { records, told } = job.take(batch, yield* Clock.currentTimeMillis, isAsked)
    idleness.took(records, yield* MonotonicTime.millis)
    return upToFailure(told)
  })
  const isAsked = (reason: Reason) => handling(settings, reason) !== "drop"
  const upToFailure = (told: ReadonlyArray<Told>): ReadonlyArray<Told> => {
    const failing = told.findIndex((each) => each._tag === "unused" && handling(settings, each.unused.reason) === "fail")
    const failed = told[failing]
    if (failed?._tag !== "unused") return told
    end = Effect.fail(errorOf(failed.unused))
    return told.slice(0, failing)
  }
  const next = Effect.gen(function*() {
    if (taken < chunk.length) return yield* take
    const heard = yield* hear
    switch (heard._tag) {
      case "rows":
        chunk = heard.rows
        taken = 0
        return yield* take
      case "silence":
        return upToFailure(heard.decisions.flatMap((decision) => {
          const told = job.decide(decision, isAsked)
          idleness.decided()
          return told
        }))
      case "end":
        end = Cause.done()
        return upToFailure(job.end(isAsked))
    }
  })
  return Effect.gen(function*() {
    while (true) {
      if (end !== null) return yield* end
      const told = yield* next
      if (Array.isReadonlyArrayNonEmpty(told)) return told
    }
  })
}

const handling = ({ late, refused }: Settings, reason: Reason): Handling => reason === "late" ? late : refused

const errorOf = ({ detail, reason, row }: Unused): LateRow | RefusedRow =>
  reason === "late" ? new LateRow({ row, detail }) : new RefusedRow({ row, reason, detail })

type Heard<A> =
  | { readonly _tag: "rows"; readonly rows: Array.NonEmptyReadonlyArray<A> }
  | { readonly _tag: "silence"; readonly decisions: ReadonlyArray<Decision> }
  | { readonly _tag: "end" }

/** What comes next: rows, the end of the input, or, where nothing comes for so long, what its silence means. */
const listen = <A, E>(
  input: Input<A, E>,
  { idleness, job, scope }: { readonly idleness: Idleness; readonly job: RowJob; readonly scope: Scope.Scope }
): Effect.Effect<Heard<A>, E> => {
  const hear = Pull.matchEffect(input, {
    onSuccess: (rows) => Effect.succeed<Heard<A>>({ _tag: "rows", rows }),
    onFailure: (cause) => Effect.failCause(cause),
    onDone: () => Effect.succeed<Heard<A>>({ _tag: "end" })
  })
  if (idleness.ticks === null) return hear
  // What the input has begun to give goes on while silence is told, or it would be lost.
  let hearing: Fiber.Fiber<Heard<A>, E> | null = null
  return Effect.gen(function*() {
    if (hearing === null) {
      // While the reader was busy nobody listened.
      idleness.read(yield* MonotonicTime.millis, false)
      hearing = yield* Effect.forkIn(hear, scope)
    }
    const fiber = hearing
    const decisions = yield* Effect.raceFirst(Effect.as(Fiber.await(fiber), []), silence(idleness, job))
    if (fiber.pollUnsafe() === undefined) return { _tag: "silence", decisions }
    hearing = null
    return yield* Fiber.join(fiber)
  })
}

/** Waits until silence means something. */
const silence = Effect.fnUntraced(function*(idleness: Idleness, { job }: RowJob): Effect.fn.Return<ReadonlyArray<Decision>> {
  const { ticks } = idleness
  if (ticks === null) return yield* Effect.never
  while (true) {
    const tick = ticks.tickAfter(yield* MonotonicTime.millis)
    yield* MonotonicTime.sleepUntil(ticks.dueAt(tick))
    idleness.read(yield* MonotonicTime.millis, true)
    if (!idleness.takeCheck(tick) || idleness.takeAway() || job.size === 0) continue
    const decisions = idleness.decisions(job.offsets)
    if (decisions.length > 0) return decisions
  }
})
