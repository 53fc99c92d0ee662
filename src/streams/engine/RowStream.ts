/** Streams of rows through a pipeline: the reader of what comes out sets the pace, and of each a batch is all that is ever held. */
import { Array, Cause, Clock, Effect, type Pull, Stream } from "effect"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import type { Decision } from "../records/Decision.ts"
import type { Reason } from "../records/Refusal.ts"
import { Idleness } from "./Idleness.ts"
import { RowInputs } from "./RowInputs.ts"
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

/** A stream with the name of the source whose rows it has; `null` where there is one. */
export interface Named<A, E, R> {
  readonly name: string | null
  readonly rows: Stream.Stream<A, E, R>
}

/** Everything in the order of the rows that led to it; of unused rows those that are to be put out. */
export const through = <A, E, R>(streams: ReadonlyArray<Named<A, E, R>>, pipeline: Pipeline.Any, settings: Settings): Stream.Stream<Told, E | LateRow | RefusedRow, R> =>
  Stream.unwrap(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const job = new RowJob(pipeline, streams.map(({ name }) => name), settings)
    const idleness = new Idleness(job.job, { timeout: settings.idleTimeout, speed: 1, now: yield* MonotonicTime.millis })
    const inputs = yield* Effect.forEach(streams, ({ name, rows }) => Effect.map(Stream.toPull(rows), (pull) => ({ name, pull })))
    return Stream.fromPull(Effect.succeed(pullFrom(new RowInputs(inputs, { idleness, job, scope }), { idleness, job, settings })))
  }))

interface Through {
  readonly job: RowJob
  readonly idleness: Idleness
  readonly settings: Settings
}

const pullFrom = <A, E>(inputs: RowInputs<A, E>, { idleness, job, settings }: Through): Pull.Pull<Array.NonEmptyReadonlyArray<Told>, E | LateRow | RefusedRow> => {
  let end: Effect.Effect<never, Cause.Done | LateRow | RefusedRow> | null = null

  const isAsked = (reason: Reason) => handling(settings, reason) !== "drop"
  const take = Effect.fnUntraced(function*(stream: number, rows: ReadonlyArray<A>) {
    const { records, told } = job.take({ stream, rows, now: yield* Clock.currentTimeMillis }, isAsked)
    idleness.took(records, yield* MonotonicTime.millis)
    // One that is idle does not hold these up until the next check, or however many come would wait for it.
    return inputs.isSeveral ? [...told, ...decided(idleness.decisions(inputs.ends))] : told
  })
  const decided = (decisions: ReadonlyArray<Decision>) =>
    decisions.flatMap((decision) => {
      const told = job.decide(decision, isAsked)
      idleness.decided()
      return told
    })
  const upToFailure = (told: ReadonlyArray<Told>): ReadonlyArray<Told> => {
    const failing = told.findIndex((each) => each._tag === "unused" && handling(settings, each.unused.reason) === "fail")
    const failed = told[failing]
    if (failed?._tag !== "unused") return told
    end = Effect.fail(errorOf(failed.unused))
    return told.slice(0, failing)
  }
  const next = Effect.gen(function*() {
    const heard = yield* inputs.next
    switch (heard._tag) {
      case "rows":
        return yield* take(heard.stream, heard.rows)
      case "silence":
        return decided(heard.decisions)
      case "end-of-one":
        return job.endOf(heard.stream, isAsked)
      case "end":
        end = Cause.done()
        return job.end(isAsked)
    }
  })
  return Effect.gen(function*() {
    // While the reader was busy nobody listened.
    idleness.read(yield* MonotonicTime.millis, false)
    while (true) {
      if (end !== null) return yield* end
      const told = upToFailure(yield* next)
      if (Array.isReadonlyArrayNonEmpty(told)) return told
    }
  })
}

const handling = ({ late, refused }: Settings, reason: Reason): Handling => reason === "late" ? late : refused

const errorOf = ({ detail, reason, row, source }: Unused): LateRow | RefusedRow => {
  const from = source === null ? {} : { source }
  return reason === "late" ? new LateRow({ row, detail, ...from }) : new RefusedRow({ row, reason, detail, ...from })
}
