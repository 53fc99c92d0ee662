/**
 * Pipelines over what a log holds, with the decisions that were taken over it: what comes out is what the live run has given.
 * Nothing is changed. The log is read from its beginning: only so is the state at any moment that of the live run.
 */
import { Duration, Effect, Stream } from "effect"
import { Decisions } from "../ports/Decisions.ts"
import type { Options as EngineOptions } from "../ports/Engine.ts"
import { EventLog } from "../ports/EventLog.ts"
import type { Decision } from "../records/Decision.ts"
import type { Records } from "../records/Records.ts"
import { Agenda } from "./Agenda.ts"
import type { Output } from "./Job.ts"
import * as Joining from "./Joining.ts"
import * as SideBySide from "./SideBySide.ts"
import { jobOf } from "./TakingUp.ts"

export type Options = Pick<EngineOptions, "maxDrift" | "maxHeld" | "maxTimeAhead" | "pipelines">

/** To the end that the log has when it begins. Gives the job at that end. */
export const run = Effect.fnUntraced(function*<E, R>(
  { maxDrift = SideBySide.usualDrift, maxHeld = Joining.usualHeld, ...options }: Options,
  write: (output: Pick<Output, "panes" | "rows">) => Effect.Effect<void, E, R>
) {
  const log = yield* EventLog
  const job = jobOf(options, log)
  const ends = yield* log.ends
  const agenda = new Agenda(yield* (yield* Decisions).read, log.partitions)
  const beginnings = yield* log.beginnings ?? Effect.succeed([])
  const isDone = () => job.offsets.every((offset, partition) => Math.max(offset, beginnings[partition] ?? 0) >= (ends[partition] ?? 0))
  const take = Effect.fnUntraced(function*(part: Records | Decision) {
    const step = job.step(part, portion)
    let next = step.next()
    for (; next.done !== true; next = step.next()) yield* write({ panes: next.value.objects, rows: [] })
    yield* write({ ...next.value, panes: next.value.panes.objects })
  })
  /** A live run has not let so many rows wait for a source that has no more. It makes nothing late: of that source no more is read here. */
  const raiseFull = Effect.suspend(() =>
    Effect.forEach(Joining.endedSides(job, ends, Duration.toMillis(maxDrift), Joining.holdingUp(job, ends, maxHeld)), take, { discard: true }))
  if (isDone()) return job
  yield* SideBySide.read(log, job, { maxDrift, isToWait: (source) => Joining.isToWait(job, source, { maxHeld, stopAt: ends }) }).pipe(
    Stream.mapEffect(Effect.fnUntraced(function*(records) {
      for (const part of agenda.weave(records, () => job.offsets)) yield* take(part)
      yield* raiseFull
      return isDone()
    })),
    Stream.takeUntil((done) => done),
    Stream.runDrain
  )
  return job
})

/** Panes that are made before they are written. */
const portion = 10_000
