/**
 * The log played again as far as it was known at a time, and further. Whoever follows it hears what a viewer of the live
 * events heard: the same `Live` over panes, open windows and counts of then. Nothing is changed.
 */
import { Clock, Context, Deferred, Effect, Exit, Stream } from "effect"
import { lookedAt } from "../../../streams/engine/InProcess.ts"
import type { Job } from "../../../streams/engine/Job.ts"
import * as Past from "../../../streams/engine/Past.ts"
import { type PastSnapshot, PastSnapshots } from "../../../streams/engine/PastSnapshots.ts"
import { bySource } from "../../../streams/engine/Run.ts"
import type { Pane } from "../../../streams/pipeline/Pane.ts"
import type { Any as AnyPipeline } from "../../../streams/pipeline/Pipeline.ts"
import type { DeadLetters } from "../../../streams/ports/DeadLetters.ts"
import type { Decisions, DecisionsError } from "../../../streams/ports/Decisions.ts"
import { EventLog, type EventLogError } from "../../../streams/ports/EventLog.ts"
import { type Looks, Monitor, nothingYet, type Progress } from "../../../streams/ports/Monitor.ts"
import { ResultSink } from "../../../streams/ports/ResultSink.ts"
import { takenAt } from "../../../streams/records/Decision.ts"
import * as Live from "../Live.ts"
import { Gate } from "./Gate.ts"
import { KnownLetters } from "./KnownLetters.ts"
import { KnownPanes, type Told } from "./KnownPanes.ts"

export interface Options extends Pick<Past.Options, "maxTimeAhead"> {
  readonly pipelines: ReadonlyArray<AnyPipeline>
  readonly stores: Context.Context<Decisions | EventLog>
  /** Where a replay may begin, and where it leaves what it has come to. */
  readonly snapshots: PastSnapshots<ReplaySnapshot>
  /** The time that it is to reach first. */
  readonly time: number
}

/** What a replay has come to, with what it knows. */
export interface ReplaySnapshot extends PastSnapshot {
  readonly told: ReadonlyArray<Told>
  readonly state: State
}

/** Snapshots of all replays together: bytes of state, and panes that were told. */
const bounds = { most: 64, mostBytes: 128 * 2 ** 20, fits: (all: ReadonlyArray<ReplaySnapshot>) => panesOf(all) <= 400_000 }

/** Those that several have told count once. */
const panesOf = (all: ReadonlyArray<ReplaySnapshot>): number =>
  [...new Set(all.flatMap(({ told }) => told))].reduce((sum, { length }) => sum + length, 0)

export const noSnapshots = (): PastSnapshots<ReplaySnapshot> => new PastSnapshots<ReplaySnapshot>(bounds)

export type ReplayError = DecisionsError | EventLogError

export interface Replay {
  readonly live: Live.Live
  readonly known: KnownPanes
  /** What could not be used. */
  readonly letters: () => DeadLetters["Service"]
  readonly progress: () => Progress
  /** Up to when all that was known has been taken, in milliseconds since the epoch. */
  readonly position: () => number
  /** The earliest time at which it can stand: it does not go back. */
  readonly from: () => number
  /** Whether what is known at a time is in the part of the log that this reads, and can be read. */
  readonly covers: (time: number) => Effect.Effect<boolean, EventLogError>
  /** Takes what was known by a time, and sees the windows that were open then. */
  readonly forward: (time: number, keys: Looks["keys"]) => Effect.Effect<void, ReplayError>
  /** Takes what became known of a key next, and gives when that was; `null` where nothing did. */
  readonly nextOf: (pipeline: string, key: string) => Effect.Effect<number | null, ReplayError>
  /** At how many times that speed it plays; 0 where it stands. */
  readonly pace: () => number
  /** Plays on at so many times the speed at which the log was written, until its end. */
  readonly play: (speed: number) => Effect.Effect<void, ReplayError>
}

/** Panes that are made before others have a turn. */
const portion = 1_000

/** Milliseconds from one state that is told to the next. */
const tick = 250

/** Milliseconds that nothing is to be seen while it plays: what is left of a longer silence of the log is left out. */
const longestSilence = 2_000

/** Begins to read, up to where the gate lets it, and knows what has come by. */
const begin = Effect.fnUntraced(function*({ snapshots, stores, time, ...options }: Options, gate: Gate<ReplayError>) {
  const log = Context.get(stores, EventLog)
  const begun = yield* Deferred.make<void>()
  let known = new KnownPanes()
  let state = new State()

  const onBegin = (snapshot: ReplaySnapshot | null, job: Job) => {
    gate.passed = snapshot?.knownAt ?? -Infinity
    known = new KnownPanes(snapshot?.told)
    state = new State(snapshot?.state, job)
    Deferred.doneUnsafe(begun, Exit.void)
  }
  const atRest = Effect.fnUntraced(function*({ read, snapshot }: Past.Rest) {
    if (!snapshots.isDue(read)) return
    const [told, then] = [known.told(), new State(state)]
    snapshots.add({ ...(yield* snapshot), told, state: then })
  })
  const take = Effect.fnUntraced(function*({ knownAt, part }: Past.Piece, job: Job) {
    // Of a decision without a time nobody knows more than its place.
    yield* gate.pass("_tag" in part ? takenAt(part) ?? -Infinity : knownAt)
    const step = job.step(part, portion)
    for (let next = step.next();; next = step.next()) {
      const { objects: panes } = next.done === true ? next.value.panes : next.value
      known.write(panes, gate.passed)
      state.note(panes, next.done === true ? next.value.rows.length : 0)
      if (next.done === true) return state.letters.note(next.value.unused, "_tag" in part ? null : part, log)
      yield* Effect.yieldNow
    }
  })
  yield* Past.run({ ...options, from: snapshots.upTo(time), onBegin, atRest }, take).pipe(
    Effect.onExit((exit) => Effect.andThen(gate.end(exit), Deferred.succeed(begun, undefined))),
    Effect.provideContext(stores),
    Effect.forkScoped
  )
  yield* Deferred.await(begun)
  return { known, state }
})

export const make = Effect.fnUntraced(function*(options: Options) {
  const covers = yield* coverage(Context.get(options.stores, EventLog))
  const gate = new Gate<ReplayError>()
  const { known, state } = yield* begin(options, gate)
  let position = -Infinity
  let pace = 0

  const live = yield* Live.make().pipe(Effect.provideService(Monitor, quiet), Effect.provideService(ResultSink, known.at(Infinity)))
  yield* Effect.addFinalizer(() => live.end)

  const tell = Effect.fnUntraced(function*(looks: Looks) {
    const panes = state.takeTold()
    if (panes.length > 0) yield* live.hear({ _tag: "panes", panes })
    live.forming.clear()
    yield* live.hear({ _tag: "forming", panes: state.job === null ? [] : lookedAt(state.job, [looks]) })
    yield* live.hear({ _tag: "progress", progress: state.progress(position) })
  })
  const advance = Effect.fnUntraced(function*(time: number) {
    yield* gate.open(time)
    position = Math.max(position, time)
  })

  const replay: Replay = {
    live,
    known,
    letters: () => state.letters.service,
    progress: () => state.progress(position),
    position: () => position,
    from: () => Math.max(position, gate.passed),
    covers: (time) => gate.hasFailed ? Effect.succeed(false) : covers(time),
    forward: Effect.fnUntraced(function*(time, keys) {
      yield* advance(time)
      yield* tell({ pipelines: null, keys })
    }),
    nextOf: Effect.fnUntraced(function*(pipeline, key) {
      for (let from = position;;) {
        const { after } = known.changesOf(pipeline, key, from)
        if (after !== null || gate.next === Infinity) return after
        yield* advance(gate.next)
      }
    }),
    pace: () => pace,
    play: Effect.fnUntraced(function*(speed) {
      pace = speed
      state.isHeard = true
      while (live.viewers() === 0) yield* Effect.sleep(20)
      for (let silent = 0; gate.next !== Infinity;) {
        yield* Effect.sleep(tick)
        const soon = position + tick * speed
        silent = gate.next > soon ? silent + tick : 0
        const isTooLong = silent >= longestSilence
        if (isTooLong) silent = 0
        yield* advance(isTooLong ? gate.next : soon)
        yield* tell(live.looks())
      }
    }, Effect.ensuring(Effect.sync(() => {
      pace = 0
      state.isHeard = false
      state.takeTold()
    })))
  }
  return replay
})

/** Whether all that is known at a time was in the log now already: what is appended later is not read. */
const coverage = Effect.fnUntraced(function*({ ends }: EventLog["Service"]) {
  const openedAt = yield* Clock.currentTimeMillis
  const then = yield* ends
  return (time: number) =>
    time <= openedAt ? Effect.succeed(true) : Effect.map(ends, (now) => now.every((end, partition) => end === then[partition]))
})

/** It tells by itself what there is to tell. */
const quiet = Monitor.of({
  publish: () => Effect.void,
  events: Stream.never,
  eventsFor: () => Stream.never,
  progress: Effect.succeed(nothingYet),
  looks: Effect.succeed([])
})

/** What a replay has come to. */
class State {
  /** `null` while the log is not read. */
  readonly job: Job | null
  readonly letters: KnownLetters
  /** Whether panes are told as they come. */
  isHeard = false
  #told: Array<Pane> = []
  #panes: number
  #rows: number

  constructor(before?: State, job: Job | null = null) {
    this.job = job
    this.letters = new KnownLetters(before?.letters)
    this.#panes = before === undefined ? 0 : before.#panes
    this.#rows = before === undefined ? 0 : before.#rows
  }

  note(panes: ReadonlyArray<Pane>, rows: number): void {
    this.#panes += panes.length
    this.#rows += rows
    if (this.isHeard) for (const pane of panes) this.#told.push(pane)
  }

  takeTold(): ReadonlyArray<Pane> {
    const told = this.#told
    this.#told = []
    return told
  }

  progress(knownAt: number): Progress {
    const { job } = this
    if (job === null) return { ...nothingYet, knownAt }
    const latest = Math.max(-Infinity, ...job.partitions.map((state) => state.latest))
    return {
      ...job.counts,
      panes: this.#panes,
      rows: this.#rows,
      byPipeline: Object.fromEntries(job.countsByPipeline),
      ...bySource(job),
      watermark: job.watermark,
      lastEventAt: Number.isFinite(latest) ? latest : null,
      lag: 0,
      open: Object.fromEntries(job.sizes),
      knownAt
    }
  }
}
