/**
 * The replays of the past that viewers share. Each goes forward only: whoever asks for an earlier time than all of them have
 * come to gets one that begins at the snapshot before it, which one of them has left, and there are a few at most. One that nobody
 * has asked for some time is forgotten.
 */
import { Duration, Effect, Exit, Schedule, Scope, Semaphore } from "effect"
import { Feed } from "../../../streams/ports/Feed.ts"
import type { EventLogError } from "../../../streams/ports/EventLog.ts"
import * as MonotonicTime from "../../../streams/ports/MonotonicTime.ts"
import type { PastSnapshots } from "../../../streams/engine/PastSnapshots.ts"
import type { Looks } from "../../../streams/ports/Monitor.ts"
import * as Replay from "./Replay.ts"

/** Replays at a time. */
const most = 4

/** How long one is kept that nobody asks for. */
const kept = Duration.minutes(5)

/** Looks for one that a viewer leaves who goes on to another instant, and the time between them. */
const looks = 5
const lookEvery = Duration.millis(40)

/** Milliseconds that whoever follows one that plays is behind it at most. */
const behind = 5_000

/** All that there are have viewers. */
export class Busy {
  readonly _tag = "Busy"
  readonly why = `the past is looked at by ${most} others`
  readonly message = `${this.why}; ask again when one of them has gone`
}

export interface Replays {
  /** Ends all of them, and the streams of their viewers. */
  readonly end: Effect.Effect<void>
  /** What replays have come to along the log. */
  readonly snapshots: PastSnapshots<Replay.ReplaySnapshot>
  /** One that has come to a time, or further. */
  readonly reaching: (time: number, keys: Looks["keys"]) => Effect.Effect<Replay.Replay, Busy | Replay.ReplayError, Scope.Scope>
  /** One that stays at a time. */
  readonly standing: (time: number, keys: Looks["keys"]) => Effect.Effect<Replay.Replay, Busy | Replay.ReplayError, Scope.Scope>
  /** One that stays at a time, or plays and has come a little further. */
  readonly near: (time: number, keys: Looks["keys"]) => Effect.Effect<Replay.Replay, Busy | Replay.ReplayError, Scope.Scope>
  /** One that is at a time, and is not shared. */
  readonly own: (time: number, keys: Looks["keys"]) => Effect.Effect<Replay.Replay, Busy | Replay.ReplayError, Scope.Scope>
}

export interface Settings extends Omit<Replay.Options, "snapshots" | "time"> {
  /** Replays begin at these, and leave others there. */
  readonly snapshots?: PastSnapshots<Replay.ReplaySnapshot>
}

interface Shared {
  readonly replay: Replay.Replay
  readonly scope: Scope.Closeable
  /** Requests that look at it where it is. */
  users: number
  /** Whether it moves on. */
  isOwn: boolean
  usedAt: number
}

export const make = Effect.fnUntraced(function*(settings: Settings) {
  const options = { ...settings, snapshots: settings.snapshots ?? Replay.noSnapshots() }
  const pool = new Pool(options, yield* Feed, yield* Effect.scope)
  const turn = yield* Semaphore.make(1)
  yield* Effect.forkScoped(Effect.repeat(pool.forgetUnused, Schedule.spaced(kept)))

  const use = <E>(choose: Effect.Effect<Shared, E>) =>
    Effect.acquireRelease(
      turn.withPermit(Effect.tap(choose, (shared) => Effect.sync(() => void shared.users++))),
      (shared) => Effect.map(MonotonicTime.millis, (now) => {
        shared.users--
        shared.usedAt = now
      })
    )

  const replays: Replays = {
    end: pool.end,
    snapshots: options.snapshots,
    reaching: Effect.fnUntraced(function*(time, keys) {
      const shared = yield* use(pool.choose(time, ({ replay }) => replay.position() >= time))
      return shared.replay.position() >= time ? shared.replay : yield* brought(shared, time, keys)
    }),
    near: Effect.fnUntraced(function*(time, keys) {
      const playing = pool.playedBeyond(time)
      return playing ?? (yield* replays.standing(time, keys))
    }),
    standing: Effect.fnUntraced(function*(time, keys) {
      yield* pool.left(time)
      const shared = yield* use(pool.choose(time, ({ isOwn, replay }) => !isOwn && replay.position() === time && replay.from() === time))
      return yield* brought(shared, time, keys)
    }),
    own: Effect.fnUntraced(function*(time, keys) {
      yield* pool.left(time)
      const shared = yield* use(pool.choose(time, () => false))
      yield* Effect.acquireRelease(Effect.sync(() => void (shared.isOwn = true)), () => Effect.sync(() => void (shared.isOwn = false)))
      return yield* brought(shared, time, keys)
    })
  }
  return replays
})

/** Whether one that has come so far has less to read than one that begins at the snapshot. */
const isBetween = (from: number, snapshot: number, time: number): boolean => from <= time && from >= snapshot

const brought = ({ replay }: Shared, time: number, keys: Looks["keys"]) => Effect.as(replay.forward(time, keys), replay)

class Pool {
  readonly #all = new Set<Shared>()
  readonly #options: Omit<Replay.Options, "time">
  readonly #feed: Feed["Service"]
  readonly #scope: Scope.Scope

  constructor(options: Omit<Replay.Options, "time">, feed: Feed["Service"], scope: Scope.Scope) {
    this.#options = options
    this.#feed = feed
    this.#scope = scope
  }

  /** One that fits as it is, or one that nobody uses and that can go forward to a time. */
  readonly choose = Effect.fnUntraced({ self: this }, function*(this: Pool, time: number, fits: (shared: Shared) => boolean) {
    for (const shared of this.#all) if (fits(shared) && (yield* shared.replay.covers(time))) return shared
    const unused = [...this.#all].filter(({ users }) => users === 0)
    const snapshot = this.#snapshotAt(time)
    for (const shared of unused.toSorted((a, b) => b.replay.from() - a.replay.from())) {
      if (isBetween(shared.replay.from(), snapshot, time) && (yield* shared.replay.covers(time))) return shared
    }
    if (this.#all.size >= most) {
      const [oldest] = unused.toSorted((a, b) => a.usedAt - b.usedAt)
      if (oldest === undefined) return yield* Effect.fail(new Busy())
      yield* this.#close(oldest)
    }
    return yield* this.#begin(time)
  })

  /** What is told of one that plays is told of it as it is: it has gone on a little since whoever asks has heard where it is. */
  playedBeyond(time: number): Replay.Replay | undefined {
    const found = [...this.#all].find(({ replay }) => replay.position() > time && replay.position() <= time + replay.pace() * behind)
    return found?.replay
  }

  /** Waits a little where one that is looked at is all that need not begin anew: who looks at it may be about to go. */
  readonly left = Effect.fnUntraced({ self: this }, function*(this: Pool, time: number) {
    for (let look = 0; look < looks; look++) {
      const snapshot = this.#snapshotAt(time)
      const ahead = [...this.#all].filter(({ replay }) => replay.from() > -Infinity && isBetween(replay.from(), snapshot, time))
      if (ahead.length === 0 || ahead.some(({ users }) => users === 0)) return
      yield* Effect.sleep(lookEvery)
    }
  })

  readonly forgetUnused: Effect.Effect<void> = Effect.gen({ self: this }, function*(this: Pool) {
    const before = (yield* MonotonicTime.millis) - Duration.toMillis(kept)
    for (const shared of this.#all) if (shared.users === 0 && shared.usedAt <= before) yield* this.#close(shared)
  })

  /** From when on one that begins anew reads the log. */
  #snapshotAt(time: number): number {
    return this.#options.snapshots.upTo(time)[0]?.knownAt ?? -Infinity
  }

  #begin(time: number): Effect.Effect<Shared, EventLogError> {
    return Effect.gen({ self: this }, function*(this: Pool) {
      const scope = yield* Scope.fork(this.#scope)
      const replay = yield* Replay.make({ ...this.#options, time }).pipe(
        Effect.provideService(Feed, this.#feed),
        Effect.provideService(Scope.Scope, scope),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
      const shared: Shared = { replay, scope, users: 0, isOwn: false, usedAt: yield* MonotonicTime.millis }
      this.#all.add(shared)
      return shared
    })
  }

  readonly end: Effect.Effect<void> = Effect.suspend(() => Effect.forEach([...this.#all], (shared) => this.#close(shared), { discard: true }))

  #close(shared: Shared): Effect.Effect<void> {
    this.#all.delete(shared)
    return Scope.close(shared.scope, Exit.void)
  }
}
