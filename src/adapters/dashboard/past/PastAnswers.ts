/** What is answered of the past, where the log is within reach of the server. */
import { Context, Duration, Effect, Schedule, type Scope, Semaphore, Stream } from "effect"
import type { HttpServerResponse } from "effect/http"
import type * as Past from "../../../streams/engine/Past.ts"
import { type PastSnapshot, PastSnapshots } from "../../../streams/engine/PastSnapshots.ts"
import * as Checked from "../../../streams/pipeline/Checked.ts"
import { type Any as AnyPipeline, type AnyOfPanes, isOfPanes } from "../../../streams/pipeline/Pipeline.ts"
import type { Options as EngineOptions } from "../../../streams/ports/Engine.ts"
import type { Decisions } from "../../../streams/ports/Decisions.ts"
import { EventLog } from "../../../streams/ports/EventLog.ts"
import type { KeysQuery, Query } from "../../../streams/ports/ResultSink.ts"
import { FormingWindows } from "../FormingWindows.ts"
import type { Interest } from "../Interest.ts"
import * as Frames from "../Frames.ts"
import * as Keys from "../Keys.ts"
import type { Live } from "../Live.ts"
import * as OneLine from "../OneLine.ts"
import * as LogTimes from "./LogTimes.ts"
import type { Replay, ReplayError } from "./Replay.ts"
import { Busy } from "./Replays.ts"
import * as Replays from "./Replays.ts"
import { misfit } from "./WindowBounds.ts"
import * as WindowHistory from "./WindowHistory.ts"

/** The log that is read again, and what was decided over it. */
export interface Options extends Pick<EngineOptions, "maxTimeAhead"> {
  readonly stores: Context.Context<Decisions | EventLog>
}

interface Asked {
  readonly interest: Interest
  readonly asKnownAt: number
  /** How many times as fast as the log was written. */
  readonly speed: number
}

interface Failure {
  readonly _tag: string
  readonly message: string
}

interface Responses {
  readonly at: (live: Live) => HttpServerResponse.HttpServerResponse
  readonly later: (events: Stream.Stream<Uint8Array>) => HttpServerResponse.HttpServerResponse
}

type Answer<R = never> = Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>

export interface PastAnswers {
  readonly log: Answer
  /** What a replay says that is at a time, or plays just behind it. */
  readonly at: <E extends Failure>(asKnownAt: number, answer: (replay: Replay) => Effect.Effect<HttpServerResponse.HttpServerResponse, E>) => Answer
  readonly panes: (query: Query, asKnownAt: number) => Answer
  readonly keys: (query: Omit<KeysQuery, "keys">, asKnownAt: number) => Answer
  /** The events of a viewer, from that time on; at speed 0 it stays that time. Where there is no place they come when there is one. */
  readonly stream: (asked: Asked, respond: Responses) => Answer<Scope.Scope>
  /** When something of a key became known before and after a time. */
  readonly changes: (pipeline: string, key: string, asKnownAt: number) => Answer
  readonly history: (window: { readonly pipeline: string; readonly key: string; readonly start: number; readonly end: number }) => Answer
  /** Ends the stream of every viewer. */
  readonly end: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*({ stores, ...bounds }: Options, pipelines: ReadonlyArray<AnyPipeline>) {
  const log = Context.get(stores, EventLog)
  const times = yield* LogTimes.make(log)
  const replays = yield* Replays.make({ pipelines, stores, ...bounds })
  const none = new FormingWindows()
  const waiting = makeWaiting()
  const histories = yield* makeHistories(replays.snapshots)

  const answers: PastAnswers = {
    end: replays.end,
    at: (time, answer) => reached(replays.near(time, []), answer),
    log: answered(Effect.map(times, OneLine.json)),
    panes: (query, time) => reached(replays.reaching(time, []), ({ known }) => Effect.map(known.at(time).read(query), OneLine.json)),
    keys: (query, time) =>
      reached(replays.reaching(time, []), ({ known, live, position }) =>
        // A replay that plays has gone on: what was open then is told by its events.
        Effect.map(Keys.of({ sink: known.at(time), forming: position() === time ? live.forming : none }, query), OneLine.json)),
    stream: ({ asKnownAt: time, interest, speed }, respond) => {
      const hold = Effect.gen(function*() {
        const { live, play } = yield* speed === 0 ? replays.standing(time, interest.follow) : replays.own(time, interest.follow)
        // The viewer hears the end of what cannot be read any more, and asks again.
        if (speed > 0) yield* Effect.forkScoped(Effect.tapError(play(speed), () => live.end))
        return live
      })
      const events = Effect.map(hold, (live) => live.events(interest))
      return answered(Effect.map(hold, respond.at).pipe(
        Effect.catchTag("Busy", (busy) => Effect.map(waiting(`${busy.why}, and this goes on when one of them has gone`, events), respond.later))
      ))
    },
    changes: (pipeline, key, time) =>
      reached(replays.own(time, []), Effect.fnUntraced(function*({ known, nextOf }) {
        const { before } = known.changesOf(pipeline, key, time)
        return OneLine.json({ before, after: yield* nextOf(pipeline, key) })
      })),
    history: ({ pipeline: name, ...window }) => {
      const pipeline = pipelines.find((each): each is AnyOfPanes => each.name === name && isOfPanes(each))
      if (pipeline === undefined) return Effect.succeed(OneLine.line(404, `pipeline: ${name} ends in events: it has no windows with a history`))
      const wrong = misfit(Checked.windowOf(pipeline.checked).window, window)
      if (wrong !== null) return Effect.succeed(OneLine.line(400, wrong))
      return answered(histories(name, (beginnings) =>
        WindowHistory.of(pipeline, window, { ...bounds, ...beginnings }).pipe(Effect.provideContext(stores), Effect.map(OneLine.json))))
    }
  }
  return answers
})

/** From one look whether a place has become free to the next. */
const lookEvery = Duration.millis(500)

/** A viewer's browser takes a connection of which it hears nothing for a dead one. */
const sayEvery = Duration.seconds(15)

/** Viewers that wait. */
const mostWaiting = 100

/** The events of a viewer that waits until it can have its own. It hears their end where these cannot be had. */
const makeWaiting = (): <E extends Failure>(why: string, events: Effect.Effect<Stream.Stream<Uint8Array>, Busy | E, Scope.Scope>) => Effect.Effect<Stream.Stream<Uint8Array>, Busy> => {
  let count = 0
  return (why, events) => {
    if (count >= mostWaiting) return Effect.fail(new Busy())
    let isServed = false
    const served = events.pipe(
      Effect.retry({ while: ({ _tag }) => _tag === "Busy", schedule: Schedule.spaced(lookEvery) }),
      Effect.tap(() => Effect.sync(() => void (isServed = true))),
      Effect.orElseSucceed(() => Stream.empty)
    )
    const told = Stream.fromSchedule(Schedule.spaced(sayEvery)).pipe(Stream.takeWhile(() => !isServed), Stream.map(() => Frames.waiting(why)))
    const all = Stream.merge(Stream.concat(Stream.succeed(Frames.waiting(why)), told), Stream.unwrap(served), { haltStrategy: "right" })
    return Effect.sync(() => {
      count++
      return Stream.ensuring(all, Effect.sync(() => void count--))
    })
  }
}

/** Histories that are read at a time. */
const mostHistories = 2

/**
 * Where the history of a window may begin: at the snapshots of replays, and at those that were left where a history of the pipeline
 * was read before; of the one whose histories were asked for last.
 */
const makeHistories = Effect.fnUntraced(function*(ofReplays: { readonly all: ReadonlyArray<PastSnapshot> }) {
  const turns = yield* Semaphore.make(mostHistories)
  let [last, own] = ["", new PastSnapshots<PastSnapshot>(historyBounds)]
  return <A, E, R>(pipeline: string, read: (beginnings: Required<Pick<Past.Options, "atRest" | "from">>) => Effect.Effect<A, E, R>) =>
    turns.withPermit(Effect.suspend(() => {
      if (pipeline !== last) [last, own] = [pipeline, new PastSnapshots<PastSnapshot>(historyBounds)]
      const snapshots = own
      const from = [...snapshots.all, ...ofReplays.all].sort((a, b) => b.knownAt - a.knownAt)
      const atRest = ({ read, snapshot }: Past.Rest) =>
        snapshots.isDue(read) ? Effect.map(snapshot, (made) => snapshots.add(made)) : Effect.void
      return read({ from, atRest })
    }))
})

const historyBounds = { most: 32, mostBytes: 32 * 2 ** 20 }

/** Holds a replay for as long as it takes to answer. */
const reached = <E extends Failure>(
  hold: Effect.Effect<Replay, Busy | ReplayError, Scope.Scope>,
  answer: (replay: Replay) => Effect.Effect<HttpServerResponse.HttpServerResponse, E>
): Answer => answered(Effect.scoped(Effect.flatMap(hold, answer)))

const answered = <E extends Failure, R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>): Answer<R> =>
  Effect.catch(answer, ({ _tag, message }) => Effect.succeed(OneLine.line(503, _tag === "Busy" ? message : `the log cannot be read: ${message}`)))
