/** A dashboard over memory layers that can be stopped and started again on its port. */
import { Effect, Exit, Layer, ManagedRuntime, Stream } from "effect"
import { Dashboard } from "../../src/adapters/dashboard/Dashboard.ts"
import { candles1m, candles5m } from "../../src/analytics/candles.ts"
import { day } from "../../src/analytics/day.ts"
import { movingAverage5m } from "../../src/analytics/movingAverage.ts"
import { AlertStore } from "../../src/streams/ports/AlertStore.ts"
import { type DeadLetter, DeadLetters } from "../../src/streams/ports/DeadLetters.ts"
import { Feed, type Freshness, type Pace } from "../../src/streams/ports/Feed.ts"
import { type Event, Monitor } from "../../src/streams/ports/Monitor.ts"
import type * as Pipeline from "../../src/streams/pipeline/Pipeline.ts"
import type { Pane } from "../../src/streams/pipeline/Pane.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"

const market: ReadonlyArray<Pipeline.Any> = [candles1m, candles5m, movingAverage5m, day]

export interface Options {
  /** Those of the market by default. */
  readonly pipelines?: ReadonlyArray<Pipeline.Any>
  /** What could not be used. */
  readonly letters?: ReadonlyArray<DeadLetter>
}

export interface Station {
  readonly url: string
  /** Writes panes to the sink and tells the viewers. */
  readonly write: (panes: ReadonlyArray<Pane>) => Promise<void>
  readonly publish: (event: Event) => Promise<void>
  readonly feel: (freshness: Freshness) => void
  /** How the feed is replayed; the page may change it. */
  readonly pace: () => Pace
  /** The feed has given all that it has. */
  readonly finish: () => void
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  readonly end: () => Promise<void>
}

/** The sink and the monitor outlive the server, as a database and an engine would. */
export const open = async (first: Freshness, { letters = [], pipelines = market }: Options = {}): Promise<Station> => {
  let freshness = first
  let pace: Pace = { paused: false, speed: 60 }
  let finished = false
  const feed = Layer.succeed(Feed, {
    name: "recorded",
    freshness: Effect.sync(() => freshness),
    hasGivenAll: Effect.succeed(true),
    events: () => Stream.never,
    control: {
      pace: Effect.sync(() => pace),
      change: (change) => Effect.sync(() => void (pace = { ...pace, ...change }))
    }
  })
  const around = ManagedRuntime.make(Layer.mergeAll(feed, Monitor.layer, ResultSink.layerMemory, DeadLetters.layerMemory, AlertStore.layerMemory))
  const context = await around.context()
  await around.runPromise(DeadLetters.use((kept) => kept.write(letters)))
  const serve = (port: number) =>
    ManagedRuntime.make(
      Dashboard.layer({ host: "127.0.0.1", port, title: "courant", pipelines, hasEnded: Effect.sync(() => finished) }).pipe(
        Layer.provide(Layer.succeedContext(context))
      )
    )
  let server = serve(0)
  const { url } = await server.runPromise(Dashboard.use(Effect.succeed))
  const publish = (event: Event) => around.runPromise(Monitor.use((monitor) => monitor.publish(event)))
  const stop = () => server.dispose()
  return {
    url,
    write: async (panes) => {
      await around.runPromise(ResultSink.use((sink) => sink.write(panes)))
      await publish({ _tag: "panes", panes })
    },
    publish,
    feel: (next) => {
      freshness = next
    },
    pace: () => pace,
    finish: () => {
      finished = true
    },
    stop,
    start: async () => {
      server = serve(Number(new URL(url).port))
      const exit = await server.runPromiseExit(Dashboard.use(Effect.succeed))
      if (Exit.isFailure(exit)) throw new Error(`cannot start again: ${exit.cause}`)
    },
    end: async () => {
      await stop()
      await around.dispose()
    }
  }
}
