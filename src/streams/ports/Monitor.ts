/**
 * What a running engine tells those who watch: the panes it wrote, the windows that are
 * still forming, and how far it is. Watching never slows the engine down: a viewer that
 * does not keep up misses events and asks the sink for what it missed.
 */
import { Context, Effect, Layer, PubSub, Ref, Stream } from "effect"
import type { Pane } from "../pipeline/Pane.ts"
import type { Row } from "../pipeline/Row.ts"

/** Events counted once each: read = aggregated + late + dead-lettered + duplicate + filtered + held. */
export interface Counts {
  readonly read: number
  /** Taken into a window, or put out by a pipeline that ends in events. */
  readonly aggregated: number
  readonly late: number
  readonly deadLettered: number
  /** Read before, or left out by `Events.distinct`. */
  readonly duplicate: number
  /** Left out by a pipeline's own filter. */
  readonly filtered: number
  /** Taken by a node that lets rows go when the watermark is past them: what becomes of these is not known yet. */
  readonly held: number
}

/**
 * What came to a node of a pipeline and what became of it there, since the log began: what came = taken + late + refused +
 * duplicate + filtered + held. Behind windows results are counted, each of their revisions once.
 */
export interface NodeCounts {
  /** What came, by input: of a join the left side, then the right one. Nothing comes to a source. */
  readonly inputs: ReadonlyArray<number>
  /** What came out: of a row a join may put out many, windows and what stands behind them revisions and early results. */
  readonly out: number
  readonly taken: number
  readonly late: number
  readonly refused: number
  readonly duplicate: number
  /** Left out; of results that wait to be final also those that a later revision stands for. */
  readonly filtered: number
  /** Of it is not known yet what becomes. */
  readonly held: number
  /** Entries of state. */
  readonly state: number
  /** How far event time has come behind it, in milliseconds since the epoch; `null` before it has begun in this run. */
  readonly watermark: number | null
}

/** How far the reading of a source is. */
export interface SourceProgress {
  /** In milliseconds since the epoch, of the slowest of its partitions; `null` before the first event. */
  readonly watermark: number | null
  /** Its records that are in the log and have not been processed. */
  readonly lag: number
}

export interface Progress extends Counts {
  /** The operators' watermark in milliseconds since the epoch, `null` before the first event. */
  readonly watermark: number | null
  /** The largest event time of all events, in milliseconds since the epoch; `null` before the first. Nothing where it is not known. */
  readonly lastEventAt?: number | null
  /** Records that are in the log and have not been processed. */
  readonly lag: number
  /** Panes written by this run. */
  readonly panes: number
  /** Rows written by this run. */
  readonly rows: number
  /** States of keys in open windows, by pipeline; nothing where they are not in this process. */
  readonly open?: { readonly [name: string]: number }
  /** The counts of each pipeline: what one takes may be late for another. */
  readonly byPipeline: { readonly [name: string]: Counts }
  /** When all of this was known, in milliseconds since the epoch, where it is of the past. */
  readonly knownAt?: number
  /** Of each source, where the log is one of several. */
  readonly bySource?: { readonly [name: string]: Counts }
  /** Of each pipeline its nodes; nothing where they are not in this process. */
  readonly nodes?: { readonly [pipeline: string]: { readonly [node: string]: NodeCounts } }
  /** Of each source that is read, by name. */
  readonly sources?: { readonly [name: string]: SourceProgress }
}

export type Event =
  /** Panes that the sink has stored. */
  | { readonly _tag: "panes"; readonly panes: ReadonlyArray<Pane> }
  /** Windows that have changed and are still open, as they would look if they closed now. Never stored. */
  | { readonly _tag: "forming"; readonly panes: ReadonlyArray<Pane> }
  /** Rows that the sink of rows has stored; of many that come at once the last. */
  | { readonly _tag: "rows"; readonly rows: ReadonlyArray<Row> }
  | { readonly _tag: "progress"; readonly progress: Progress }

/** What a viewer sees of the windows that are open: what nobody looks at need not be computed all the time. */
export interface Looks {
  /** Those of these pipelines, as far as so many are shown; `null` those of all. */
  readonly pipelines: ReadonlySet<string> | null
  /** All of these keys. */
  readonly keys: ReadonlyArray<{ readonly pipeline: string; readonly key: string }>
}

export const nothingYet: Progress = {
  read: 0,
  aggregated: 0,
  late: 0,
  deadLettered: 0,
  duplicate: 0,
  filtered: 0,
  held: 0,
  watermark: null,
  lag: 0,
  panes: 0,
  rows: 0,
  byPipeline: {}
}

export class Monitor extends Context.Service<Monitor, {
  readonly publish: (event: Event) => Effect.Effect<void>
  /** Events from the moment of subscription on, of a viewer that sees all windows that are open. */
  readonly events: Stream.Stream<Event>
  /** The same of one that sees some; it is asked which, again and again. */
  readonly eventsFor: (looks: () => Looks) => Stream.Stream<Event>
  readonly progress: Effect.Effect<Progress>
  /** What those who are subscribed look at. */
  readonly looks: Effect.Effect<ReadonlyArray<Looks>>
}>()("courant/Monitor") {
  static readonly layer: Layer.Layer<Monitor> = Layer.effect(
    Monitor,
    Effect.gen(function*() {
      const events = yield* PubSub.sliding<Event>(1_024)
      const progress = yield* Ref.make(nothingYet)
      const viewers = new Set<{ readonly looks: () => Looks }>()
      const eventsFor = (looks: () => Looks) => {
        const enter = Effect.acquireRelease(
          Effect.sync(() => {
            const viewer = { looks }
            viewers.add(viewer)
            return viewer
          }),
          (viewer) => Effect.sync(() => viewers.delete(viewer))
        )
        return Stream.unwrap(Effect.as(enter, Stream.fromPubSub(events)))
      }
      return Monitor.of({
        publish: Effect.fnUntraced(function*(event: Event) {
          if (event._tag === "progress") yield* Ref.set(progress, event.progress)
          yield* PubSub.publish(events, event)
        }),
        events: eventsFor(() => ({ pipelines: null, keys: [] })),
        eventsFor,
        progress: Ref.get(progress),
        looks: Effect.sync(() => Array.from(viewers, ({ looks }) => looks()))
      })
    })
  )
}
