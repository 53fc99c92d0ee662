/** Where a replay waits in front of what was not known yet, until it may go on. */
import { Deferred, Effect, Exit, Latch } from "effect"

export class Gate<E> {
  /** Up to when what became known may pass, in milliseconds since the epoch. */
  #allowed = -Infinity
  /** When what has passed last became known. */
  passed = -Infinity
  /** When what waits became known: nothing else comes before; `Infinity` where nothing does. */
  next = -Infinity
  #hasFailed = false
  readonly #opened = Latch.makeUnsafe()
  readonly #standing = Latch.makeUnsafe()
  readonly #over = Deferred.makeUnsafe<void, E>()

  /** Whoever replays comes by here with each piece. */
  readonly pass = (time: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (time <= this.#allowed) {
        this.passed = Math.max(this.passed, time)
        return Effect.void
      }
      this.next = time
      this.#opened.closeUnsafe()
      this.#standing.openUnsafe()
      return Effect.andThen(this.#opened.await, this.pass(time))
    })

  /** Nothing comes any more. */
  readonly end = (exit: Exit.Exit<unknown, E>): Effect.Effect<void> => {
    this.next = Infinity
    this.#hasFailed = Exit.isFailure(exit)
    return Effect.andThen(Deferred.done(this.#over, Exit.asVoid(exit)), Effect.asVoid(this.#standing.open))
  }

  /** Returns when all has passed that was known at a time. Whoever does not wait for it leaves the rest where it is. */
  readonly open = (time: number): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      this.#allowed = Math.max(this.#allowed, time)
      if (this.next <= time && this.next !== Infinity) {
        this.#standing.closeUnsafe()
        this.#opened.openUnsafe()
      }
      return Effect.andThen(this.#standing.await, this.#failure).pipe(
        Effect.onInterrupt(() => Effect.sync(() => void (this.#allowed = this.passed)))
      )
    })

  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** It may have come to its end early. */
  get #failure(): Effect.Effect<void, E> {
    return Effect.flatMap(Deferred.isDone(this.#over), (isOver) => isOver ? Deferred.await(this.#over) : Effect.void)
  }
}
