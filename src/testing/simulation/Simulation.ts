/**
 * The whole of a processor, feed to sink, in a simulated world: the real `Ingest`, `InProcess` and operators over stores in
 * memory, killed, stopped and started again at moments that are a matter of the seed, with requests that fail in every way.
 * When the faults are over it comes to its end, and then has to have left what an undisturbed run leaves.
 */
import { Cause, Clock, Effect, Exit, Layer, Logger } from "effect"
import { createHash } from "node:crypto"
import * as fc from "fast-check"
import { Agenda } from "../../streams/engine/Agenda.ts"
import * as Ingest from "../../streams/engine/Ingest.ts"
import * as InProcess from "../../streams/engine/InProcess.ts"
import { Job } from "../../streams/engine/Job.ts"
import * as Checked from "../../streams/pipeline/Checked.ts"
import type { AnyOfPanes } from "../../streams/pipeline/Pipeline.ts"
import { Engine, type Report } from "../../streams/ports/Engine.ts"
import { Feed } from "../../streams/ports/Feed.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { valueAt } from "../../streams/records/Records.ts"
import { countings, jobs, source } from "../Arbitraries.ts"
import { Faults, type Likelihoods } from "./Faults.ts"
import * as Ports from "./Ports.ts"
import { Random } from "./Random.ts"
import { recordsOf, Stores } from "./Stores.ts"
import { type Absence, mostEvents, type Planned, planOf, SimulatedFeed, until } from "./SimulatedFeed.ts"
import { World } from "./World.ts"

/** What a seed comes to. */
export interface Outcome {
  readonly seed: number
  /** What is not as it has to be; nothing where all is well. */
  readonly problems: ReadonlyArray<string>
  readonly faults: number
  readonly starts: number
  readonly steps: number
  /** The same for the same seed and the same code. */
  readonly trace: string
}

/** Less of a run, to make one that fails smaller. */
export interface Limits {
  /** Events of the feed. */
  readonly events: number
  /** Faults, behind which nothing goes wrong any more. */
  readonly faults: number
}

const unlimited: Limits = { events: Infinity, faults: Infinity }

/** A turn is some microseconds of work: so many are more than any run needs. */
const mostSteps = 400_000

export const simulate = (seed: number, limits: Limits = unlimited): Outcome => new Simulation(seed, limits).outcome()

/** The smallest limits that were found under which a seed still fails: as few faults as that takes, then as few events. */
export const shrink = (seed: number): Limits => {
  const fails = (limits: Limits) => simulate(seed, limits).problems.length > 0
  const { faults } = simulate(seed)
  const fewest = least(faults, (faults) => fails({ ...unlimited, faults }))
  const events = least(mostEvents, (events) => fails({ events, faults: fewest }))
  return { events, faults: fewest }
}

/** By halves, as if what fails with some failed with more: it need not, and then another is found that fails as well. */
const least = (most: number, fails: (count: number) => boolean): number => {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = (low + high) >> 1
    if (fails(middle)) high = middle
    else low = middle + 1
  }
  return high
}

class Simulation {
  readonly #seed: number
  readonly #random: Random
  readonly #world: World
  readonly #stores: Stores
  readonly #faults: Faults
  readonly #pipelines: ReadonlyArray<AnyOfPanes>
  readonly #plan: ReadonlyArray<Planned>
  readonly #absences: ReadonlyArray<Absence>
  /** An ordered feed is read by its own clock: nothing of it may ever be late. */
  readonly #isOrdered: boolean
  readonly #problems: Array<string> = []
  #starts = 0
  /** Who has the place. */
  #holder = 0

  constructor(seed: number, limits: Limits) {
    this.#seed = seed
    this.#random = new Random(seed * 31 + 1)
    this.#isOrdered = this.#random.happens(0.4)
    this.#world = new World(seed * 31 + 2, 1_732_545_000_000)
    this.#stores = new Stores(this.#isOrdered ? 1 : 1 + this.#random.below(3))
    this.#faults = new Faults(this.#world, new Random(seed * 31 + 3), { likelihoods: this.#likelihoods(), most: limits.faults })
    this.#pipelines = pipelinesOf(seed, this.#random)
    this.#plan = planOf(new Random(seed * 31 + 4), { isOrdered: this.#isOrdered, bound: boundOf(this.#pipelines), seed }).slice(0, Math.max(1, limits.events))
    this.#absences = Array.from({ length: this.#random.below(3) }, () => this.#absence())
  }

  #absence(): Absence {
    const from = this.#random.below(this.#plan.at(-1)?.at ?? 1)
    return { from, to: from + 100 + this.#random.below(3_000) }
  }

  #likelihoods(): Likelihoods {
    const most = this.#random.happens(0.3) ? 0.12 : 0.04
    return { failure: this.#random.next() * most, crash: this.#random.next() * 0.03, outage: this.#random.next() * 0.01 }
  }

  outcome(): Outcome {
    this.#disturbed()
    this.#faults.isOver = true
    const report = this.#problems.length > 0 ? null : this.#toTheEnd()
    if (report !== null) this.#judge(report)
    const trace = createHash("sha256").update(JSON.stringify([this.#world.steps, this.#world.now, [...this.#stores.panes]])).digest("hex")
    return {
      seed: this.#seed,
      problems: this.#problems,
      faults: this.#faults.planted,
      starts: this.#starts,
      steps: this.#world.steps,
      trace
    }
  }

  /** Starts the processor again and again, until the feed has ended and some silence is over. */
  #disturbed(): void {
    const end = (this.#plan.at(-1)?.at ?? 0) + 3_000
    for (let life = 0; this.#world.now < end && this.#problems.length === 0; life++) {
      // By then it has been away more often than it can ever be here.
      if (life > 300) this.#faults.isOver = true
      if (life > 400) this.#problems.push("comes to nothing, however often it is started")
      this.#live(end)
      this.#world.pause(this.#random.below(500))
      if (!this.#isOrdered && this.#stores.log.length < 3 && this.#faults.happens(0.05)) this.#stores.log.push([])
    }
  }

  /** One process, until it dies, ends, or there is nothing more to come. */
  #live(end: number): void {
    this.#starts++
    const holder = ++this.#holder
    // Whoever was there before may still be, without knowing that its place is taken.
    if (!this.#faults.happens(0.2)) this.#world.kill()
    this.#faults.isDying = false
    const exit = this.#run(this.#alive(holder), () => this.#faults.isDying || this.#world.now > end)
    if (exit !== null && Exit.isFailure(exit)) this.#note(exit.cause)
    if (this.#faults.isDying) this.#world.kill()
  }

  #alive(holder: number) {
    const feed = new SimulatedFeed({ plan: this.#plan, absences: this.#absences }, this.#world)
    const checkpointEvery = this.#random.below(800)
    return Effect.gen({ self: this }, function*() {
      const { isQuiet, run } = yield* this.#ingestion
      const engine = yield* Engine
      const options = { name: "simulated", pipelines: this.#pipelines, isQuiet, idleTimeout: 200, checkpointEvery }
      return yield* Effect.raceFirst(engine.run(options), Effect.andThen(run, Effect.never))
    }).pipe(
      Effect.provide(this.#layers(holder)),
      Effect.provideService(Feed, feed.service)
    )
  }

  /** What is left, undisturbed: all of the feed, and the end of the input. */
  #toTheEnd(): Report | null {
    this.#world.kill()
    this.#starts++
    const holder = ++this.#holder
    const program = Effect.gen({ self: this }, function*() {
      const { run } = yield* this.#ingestion
      yield* Effect.raceFirst(run, until(() => this.#stores.position === String(this.#plan.length)))
      const engine = yield* Engine
      const stopAt = Effect.sync(() => this.#stores.log.map(({ length }) => length))
      return yield* engine.run({ name: "simulated", pipelines: this.#pipelines, stopAt })
    }).pipe(
      Effect.provide(this.#layers(holder)),
      Effect.provideService(Feed, new SimulatedFeed({ plan: this.#plan, absences: this.#absences }, this.#world).service)
    )
    const exit = this.#run(program, () => false)
    if (exit === null) this.#problems.push("does not come to its end when nothing disturbs it any more")
    else if (Exit.isFailure(exit)) this.#problems.push(`fails when nothing disturbs it any more: ${Cause.pretty(exit.cause).slice(0, 400)}`)
    return exit !== null && Exit.isSuccess(exit) ? exit.value : null
  }

  get #ingestion() {
    return this.#isOrdered ? Ingest.whole : Ingest.byKey({ source: source(0).definition })
  }

  #layers(holder: number) {
    const hasPlace = () => holder === this.#holder
    return InProcess.layer.pipe(Layer.provideMerge(Ports.layer({ world: this.#world, stores: this.#stores, faults: this.#faults, hasPlace })))
  }

  /** Runs a program turn by turn; `null` where it was left, or has come to nothing. */
  #run<A, E>(program: Effect.Effect<A, E>, isLeft: () => boolean): Exit.Exit<A, E> | null {
    const world = this.#world
    const fiber = Effect.runFork(program.pipe(Effect.provide(Logger.layer([])), Effect.provideService(Clock.Clock, world)), { scheduler: world })
    const first = world.steps
    while (fiber.pollUnsafe() === undefined && !isLeft()) {
      if (world.steps - first > mostSteps) return null
      // A stop of the process, and a wall clock that is set.
      if (this.#faults.happens(0.002)) world.pause(500 + this.#faults.below(20_000))
      if (this.#faults.happens(0.0005)) world.wallAhead += this.#faults.below(60_000) - 20_000
      if (!world.step()) return null
    }
    return fiber.pollUnsafe() ?? null
  }

  /** What was planted may end a process; nothing else may. */
  #note(cause: Cause.Cause<unknown>): void {
    if (Cause.hasInterruptsOnly(cause)) return
    const text = Cause.pretty(cause)
    if (!text.includes("planted: ")) this.#problems.push(`ends with what nobody has planted: ${text.slice(0, 600)}`)
  }

  /** Holds what it has left against an undisturbed run over the same log and the same decisions. */
  #judge(report: Report): void {
    const stores = this.#stores
    const expected = new Stores(stores.log.length)
    const job = new Job(this.#pipelines, { partitions: stores.log.length })
    const agenda = new Agenda([...stores.decisions.values()], stores.log.length)
    const records = stores.log.map((stored, partition) => recordsOf(stored, partition, 0))
    const keep = (output: ReturnType<Job["take"]>) => {
      for (const pane of output.panes) expected.keepPane(Pane.encode(pane))
      return output.unused
    }
    for (const decision of agenda.due(job.offsets)) keep(job.decide(decision))
    for (const batch of records) {
      for (const part of agenda.weave(batch, () => job.offsets)) {
        if ("_tag" in part) keep(job.decide(part))
        else for (const { detail, offset, pipeline, reason, record } of keep(job.take(part))) {
          expected.keepLetter({ topic: "simulated", partition: part.partition, offset, pipeline, reason, detail, bytes: valueAt(part, record) })
        }
      }
    }
    this.#same("panes", shownIn(stores), shownIn(expected))
    this.#same("dead letters", lettersIn(stores), lettersIn(expected))
    const { aggregated, deadLettered, filtered, late } = report
    if (aggregated + deadLettered + filtered + late !== stores.records) {
      this.#problems.push(`of ${stores.records} records there are ${JSON.stringify({ aggregated, deadLettered, filtered, late })}`)
    }
    for (const [pipeline, counts] of Object.entries(report.byPipeline)) {
      const letters = [...stores.letters.values()].filter((letter) => letter.reason === "late" && letter.pipeline === pipeline)
      if (letters.length !== counts.late) this.#problems.push(`${counts.late} rows were late for ${pipeline}, and of ${letters.length} there are letters`)
    }
    const texts = new Set(stores.log.flat().map(({ bytes }) => Buffer.from(bytes).toString()))
    const lost = this.#plan.find(({ text }) => !texts.has(text))
    if (lost !== undefined) this.#problems.push(`the feed gave what is not in the log: ${lost.text}`)
    if (this.#isOrdered && late > 0) this.#problems.push(`${late} of an ordered feed were late`)
  }

  #same(what: string, found: ReadonlyArray<string>, expected: ReadonlyArray<string>): void {
    const [has, needs] = [new Set(found), new Set(expected)]
    const more = found.find((each) => !needs.has(each))
    const less = expected.find((each) => !has.has(each))
    if (more !== undefined || less !== undefined) this.#problems.push(`other ${what}: ${more ?? "nothing"} instead of ${less ?? "nothing"}`)
  }
}

/** Often one of few results, of which many runs can be made; else anything that the laws of engines draw. */
const pipelinesOf = (seed: number, random: Random): ReadonlyArray<AnyOfPanes> => {
  const drawn = random.happens(0.6) ? fc.sample(countings, { seed, numRuns: 1 }) : fc.sample(jobs({ revisions: true }), { seed, numRuns: 1 })
  return drawn[0] ?? []
}

/** The smallest bound of disorder. */
const boundOf = (pipelines: ReadonlyArray<AnyOfPanes>): number =>
  Math.min(...pipelines.map(({ checked }) => Checked.inputOf(checked).events.definition.outOfOrderness))

/** What each window finally holds. */
const shownIn = ({ panes }: Stores): ReadonlyArray<string> =>
  [...panes.values()].flatMap(({ end, key, pane, pipeline, start, values }) =>
    pane === "retracted" ? [] : [JSON.stringify([pipeline, key, start, end, values])])

const lettersIn = ({ letters }: Stores): ReadonlyArray<string> =>
  [...letters.values()].map(({ offset, partition, pipeline, reason }) => JSON.stringify([partition, offset, pipeline, reason]))
