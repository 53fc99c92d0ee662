/**
 * Streams of rows that are read side by side: the next rows are those of the source whose event time has come least far, and
 * where it has none, it is waited for. So whichever stream is fast, what waits of it stays few, and what comes out does not
 * depend on how fast each of them is. With a time-out for silence a source that is idle is not waited for.
 */
import { Array, Effect, Fiber, Pull, type Scope } from "effect"
import * as MonotonicTime from "../ports/MonotonicTime.ts"
import type { Decision } from "../records/Decision.ts"
import type { Idleness } from "./Idleness.ts"
import type { RowJob } from "./RowJob.ts"

/** Rows that are taken together, so that what a long chunk leads to is handed over piece by piece. */
const mostRows = 4_096

export interface Input<A, E> {
  /** That of its source; `null` for the one that there is. */
  readonly name: string | null
  readonly pull: Pull.Pull<Array.NonEmptyReadonlyArray<A>, E, void>
}

/** What comes next: rows, the end of a stream or of the last one, or, where nothing comes for so long, what the silence means. */
export type Heard<A> =
  | { readonly _tag: "rows"; readonly stream: number; readonly rows: ReadonlyArray<A> }
  | { readonly _tag: "end-of-one"; readonly stream: number }
  | { readonly _tag: "end" }
  | { readonly _tag: "silence"; readonly decisions: ReadonlyArray<Decision> }

interface Settings {
  readonly job: RowJob
  readonly idleness: Idleness
  readonly scope: Scope.Scope
}

export class RowInputs<A, E> {
  readonly #inputs: ReadonlyArray<Reading<A, E>>
  readonly #settings: Settings

  constructor(inputs: ReadonlyArray<Input<A, E>>, settings: Settings) {
    this.#inputs = inputs.map((input, stream) => new Reading(input, stream))
    this.#settings = settings
  }

  /** Where each stream ends by what is known of it: behind the rows that have come. */
  get ends(): ReadonlyArray<number> {
    return this.#settings.job.job.offsets.map((next, stream) => next + this.#inputs[stream]!.waiting)
  }

  /** Whether there are others that one which is idle might hold up. */
  get isSeveral(): boolean {
    return this.#inputs.length > 1
  }

  readonly next: Effect.Effect<Heard<A>, E> = Effect.suspend(() => {
    const ended = this.#inputs.find(({ end }) => end === "heard")
    if (ended !== undefined) return Effect.succeed(this.#endOf(ended))
    const slowest = this.#slowest
    if (slowest !== undefined && slowest.waiting > 0) return Effect.succeed<Heard<A>>({ _tag: "rows", stream: slowest.stream, rows: slowest.take() })
    if (slowest !== undefined && this.#settings.idleness.ticks === null) return Effect.andThen(slowest.hear, this.next)
    return Effect.flatMap(this.#listen, (decisions) => decisions === null ? this.next : Effect.succeed<Heard<A>>({ _tag: "silence", decisions }))
  })

  #endOf(input: Reading<A, E>): Heard<A> {
    input.end = "told"
    this.#settings.idleness.ended(input.name)
    return this.#inputs.every(({ end }) => end === "told") ? { _tag: "end" } : { _tag: "end-of-one", stream: input.stream }
  }

  /** Of those that are waited for; of several that have come equally far one that has rows. */
  get #slowest(): Reading<A, E> | undefined {
    const { idleness, job: { job: { partitions } } } = this.#settings
    const { ends } = this
    const [first, ...others] = this.#inputs.filter(({ end, name, waiting }) => end === null && (waiting > 0 || !idleness.isIdle(name, ends)))
    const watermarkOf = ({ stream }: Reading<A, E>) => partitions[stream]!.watermark
    return others.reduce((slowest, other) => {
      const [least, its] = [watermarkOf(slowest!), watermarkOf(other)]
      return its < least || (its === least && slowest!.waiting === 0 && other.waiting > 0) ? other : slowest
    }, first)
  }

  /**
   * Until one of them has given something, which is `null`, or until it is time to look what their silence means. All are
   * heard, since each is silent by itself. What one has begun to give goes on meanwhile, or it would be lost.
   */
  readonly #listen: Effect.Effect<ReadonlyArray<Decision> | null, E> = Effect.gen({ self: this }, function*() {
    for (const input of this.#inputs) {
      if (input.end === null && input.waiting === 0) input.hearing ??= yield* Effect.forkIn(input.hear, this.#settings.scope)
    }
    const hearing = this.#inputs.flatMap(({ hearing }) => hearing ?? [])
    const decisions = yield* Effect.raceAllFirst([...hearing.map((fiber) => Effect.as(Fiber.await(fiber), [])), this.#silence])
    let hasHeard = false
    for (const input of this.#inputs) {
      const fiber = input.hearing
      if (fiber === null || fiber.pollUnsafe() === undefined) continue
      input.hearing = null
      hasHeard = true
      yield* Fiber.join(fiber)
    }
    return hasHeard ? null : decisions
  })

  /** Waits until silence may mean something. */
  readonly #silence: Effect.Effect<ReadonlyArray<Decision>> = Effect.gen({ self: this }, function*() {
    const { idleness, job: { job } } = this.#settings
    const { ticks } = idleness
    if (ticks === null) return yield* Effect.never
    while (true) {
      const tick = ticks.tickAfter(yield* MonotonicTime.millis)
      yield* MonotonicTime.sleepUntil(ticks.dueAt(tick))
      idleness.read(yield* MonotonicTime.millis, true)
      if (!idleness.takeCheck(tick) || idleness.takeAway()) continue
      const decisions = job.size === 0 ? [] : idleness.decisions(this.ends)
      // One that has become idle is not waited for any more.
      if (decisions.length > 0 || this.isSeveral) return decisions
    }
  })
}

/** One of the streams, with what has come of it and has not been taken. */
class Reading<A, E> {
  readonly stream: number
  readonly name: string | null
  readonly hear: Effect.Effect<void, E>
  hearing: Fiber.Fiber<void, E> | null = null
  end: "heard" | "told" | null = null
  #chunk: ReadonlyArray<A> = []
  #taken = 0

  constructor({ name, pull }: Input<A, E>, stream: number) {
    this.name = name
    this.stream = stream
    this.hear = Pull.matchEffect(pull, {
      onSuccess: (rows) => Effect.sync(() => {
        this.#chunk = rows
        this.#taken = 0
      }),
      onFailure: (cause) => Effect.failCause(cause),
      onDone: () => Effect.sync(() => {
        this.end = "heard"
      })
    })
  }

  get waiting(): number {
    return this.#chunk.length - this.#taken
  }

  take(): ReadonlyArray<A> {
    const from = this.#taken
    this.#taken = Math.min(this.#chunk.length, from + mostRows)
    return from === 0 && this.#taken === this.#chunk.length ? this.#chunk : this.#chunk.slice(from, this.#taken)
  }
}
