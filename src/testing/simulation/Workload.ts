/** What a simulation runs: pipelines, and what they are fed. */
import * as fc from "fast-check"
import * as Checked from "../../streams/pipeline/Checked.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../../streams/pipeline/index.ts"
import { hasMore } from "../../streams/pipeline/FirstStage.ts"
import { type Any, isOfPanes } from "../../streams/pipeline/Pipeline.ts"
import { exactSamples, jobs, source } from "../Arbitraries.ts"
import type { Random } from "./Random.ts"

/** A line and when it comes, by the world's clock. */
export interface Planned {
  readonly at: number
  readonly text: string
}

/** A stretch of time, by the world's clock, in which the feed gives nothing and does not answer. */
export interface Absence {
  readonly from: number
  readonly to: number
}

/** How events come. */
export interface Shape {
  /** In the order of their times but for the bound of disorder: nothing of it may ever be late. */
  readonly isOrdered: boolean
  /** Milliseconds between two events at most, apart from silences. */
  readonly pace: number
  /** How likely a silence is before an event. */
  readonly silences: number
}

export const mostEvents = 120

/**
 * Sometimes anything that the laws of engines draw; mostly few results, of which many runs can be made: over windows as short
 * as the time between two events, or so long that a silence ends in them.
 */
export const pipelinesOf = (seed: number, random: Random, { isOrdered, isRelayed }: { readonly isOrdered: boolean; readonly isRelayed: boolean }): ReadonlyArray<Any> => {
  const bound = isOrdered && random.happens(0.6) ? 40 + random.below(100) : random.below(9)
  const scale = [1, 40, 150][random.below(3)]!
  const kind = random.next()
  const one = <A>(arbitrary: fc.Arbitrary<A>): A => fc.sample(arbitrary, { seed, numRuns: 1 })[0]!
  const drawn = kind < 0.4 ? one(countings(bound, scale)) : kind < 0.8 ? one(sessions(bound, scale)) : one(jobs({ revisions: true })).filter(isOfOneSource).filter(isOfEvents).filter((pipeline) => !isRelayed || isWhole(pipeline))
  const panes = drawn.length === 0 ? one(countings(bound, scale)) : drawn
  const bounded = boundOf(panes)
  return [...panes, ...random.happens(0.3) ? [rowsOf(bounded)] : [], ...random.happens(0.5) ? [long(bounded)] : []]
}

/** The world has one topic. */
const isOfOneSource = ({ checked }: Any): boolean => Checked.inputsOf(checked).every(({ events }) => events.definition.name === "samples")

/** Windows without events are told as far as event time has come, which goes on by the clock: another run may have more of them. */
const isOfEvents = ({ checked }: Any): boolean => checked.nodes.every(({ _tag }) => _tag !== "fill")

/** What follows on windows is computed where their panes are carried, and a run in process puts out what it comes to. */
const isWhole = (pipeline: Any): boolean => !isOfPanes(pipeline) || !hasMore(pipeline)

const counted = { count: Aggregate.count, size: Aggregate.sum("size"), last: Aggregate.last("price") }

const countings = (bound: number, scale: number): fc.Arbitrary<ReadonlyArray<Any>> =>
  fc.record({
    size: fc.integer({ min: 1, max: 12 }),
    parts: fc.integer({ min: 1, max: 4 }),
    offset: fc.integer({ min: -3, max: 3 }),
    assigner: fc.constantFrom("tumbling", "hopping", "cumulative"),
    lateness: fc.integer({ min: 0, max: 20 }),
    every: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 2 })
  }).map(({ assigner, every, lateness, offset, parts, size }) => {
    const advance = size * scale
    const windowed = assigner === "tumbling" || scale > 40 ? Window.tumbling(advance, { offset }) :
      assigner === "hopping" ? Window.hopping(advance * parts, advance, { offset }) : Window.cumulative(advance * parts, advance, { offset })
    const counts = source(bound).pipe(windowed, Aggregate.into(counted), Pipeline.allowedLateness(lateness))
    return [(every === null ? counts : counts.pipe(Pipeline.emitOnUpdate({ every }))).pipe(Pipeline.named("counts"))]
  })

/** Sessions that are told with each row: what another run has told of them may be no session in this one. */
const sessions = (bound: number, scale: number): fc.Arbitrary<ReadonlyArray<Any>> =>
  fc.record({ gap: fc.integer({ min: 2, max: 12 }), lateness: fc.integer({ min: 10, max: 30 }) }).map(({ gap, lateness }) => [
    source(bound).pipe(
      Window.session(Math.ceil(gap * scale / 2)),
      Aggregate.into(counted),
      Pipeline.allowedLateness(lateness),
      Pipeline.emitOnUpdate({ every: 0 }),
      Pipeline.named("sessions")
    )
  ])

/** While something is open event time goes on by the clock, and what is late for a shorter window, is. */
const long = (bound: number): Any => source(bound).pipe(Window.tumbling(1_500), Aggregate.into({ count: Aggregate.count }), Pipeline.named("long"))

/** One that ends in events. */
const rowsOf = (bound: number): Any => source(bound).pipe(Events.where(Expr.gt("size", 1)), Pipeline.named("rows"))

/** The smallest bound of disorder. */
export const boundOf = (pipelines: ReadonlyArray<Any>): number =>
  Math.min(...pipelines.flatMap(({ checked }) => Checked.inputsOf(checked)).map(({ events }) => events.definition.outOfOrderness))

/** Whether all of them read the times by which a feed may be in order. */
export const isByTime = (pipelines: ReadonlyArray<Any>): boolean =>
  pipelines.every(({ checked }) => Checked.inputsOf(checked).every(({ events }) => events.definition.eventTime.field === "time"))

export const planOf = (seed: number, random: Random, bound: number, { isOrdered, pace, silences }: Shape): ReadonlyArray<Planned> => {
  let at = 0
  return fc.sample(exactSamples, { seed, numRuns: 20 + random.below(mostEvents - 19) }).map((sample) => {
    const silence = random.happens(silences) ? 100 + random.below(1_000) : 0
    at += random.below(pace) + silence
    if (isOrdered) return { at, text: JSON.stringify({ ...sample, time: at - random.below(bound + 1) }) }
    if (random.happens(0.03)) return { at, text: "{no event" }
    // What comes after a silence often belongs into it: whether it is late hangs on what was decided meanwhile.
    const delay = random.happens(0.6) ? random.below(silence + 1) : random.happens(0.1) ? random.below(300) : 0
    const time = at - random.below(12) - delay
    return { at, text: JSON.stringify({ ...sample, time }) }
  })
}

export const absencesOf = (random: Random, plan: ReadonlyArray<Planned>): Array<Absence> =>
  Array.from({ length: random.below(3) }, () => {
    const from = random.below(plan.at(-1)?.at ?? 1)
    return { from, to: from + 100 + random.below(2_000) }
  })
