/**
 * The whole program, feed to sink, in a simulated world: the real `Ingest`, `InProcess`, `PaneRelay` and operators over stores
 * in memory, killed, stopped, replaced and started again at moments that are a matter of the seed, with requests that fail
 * in every way. When the faults are over it has to come to what an undisturbed run leaves, and within a stated time.
 */
import { Cause, Exit } from "effect"
import { createHash } from "node:crypto"
import type { Any } from "../../streams/pipeline/Pipeline.ts"
import * as Deployment from "./Deployment.ts"
import { Faults } from "./Faults.ts"
import { judge } from "./Judgement.ts"
import { Random } from "./Random.ts"
import { Stores } from "./Stores.ts"
import { absencesOf, boundOf, isByTime, mostEvents, pipelinesOf, planOf } from "./Workload.ts"
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

/**
 * When the faults are over and all has come, every window is told within so many milliseconds: the idle time-out, two checks,
 * the longest window with its lateness, and a checkpoint.
 */
const mostPatience = 4_000

export const simulate = (seed: number, limits: Limits = unlimited): Outcome => new Simulation(seed, limits).outcome()

/** What is drawn first of all. */
const firstOf = (seed: number): number => seed * 31 + 1

/** The smallest limits that were found under which a seed still fails: as few faults as that takes, then as few events. */
export const shrink = (seed: number): Limits => {
  const fails = (limits: Limits) => simulate(seed, limits).problems.length > 0
  const { faults } = simulate(seed)
  const fewest = least(faults, (faults) => fails({ ...unlimited, faults }))
  const events = least(mostEvents, (events) => fails({ events, faults: fewest }))
  return { events, faults: fewest }
}

/** By halves, as if what fails with some failed with more: it need not, and then another is found that fails as well. */
export const least = (most: number, fails: (count: number) => boolean): number => {
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
  readonly #setting: Deployment.Setting
  readonly #pipelines: ReadonlyArray<Any>
  readonly #problems: Array<string> = []
  readonly #roles: ReadonlyArray<Deployment.Role>
  #lives: ReadonlyArray<Deployment.Life> = []
  /** Those that have ended, and something of them still goes on. */
  #remains: ReadonlyArray<Deployment.Life> = []
  #starts = 0
  /** How often all was ended at once: who was to start something again has ended with it. */
  #endings = 0
  /** Who has the place of the processor. */
  #holder = 0
  readonly #settles: boolean
  /** Lines of the plan whose time has come. */
  #passed = 0

  constructor(seed: number, limits: Limits) {
    const random = new Random(firstOf(seed))
    this.#seed = seed
    this.#random = random
    this.#world = new World(seed * 31 + 2, 1_732_545_000_000)
    this.#faults = new Faults(this.#world, new Random(seed * 31 + 3), limits.faults)
    const mode = Deployment.modeOf(random)
    this.#stores = new Stores(mode.isOrdered ? 1 : 1 + random.below(3), mode.isRelayed ? 1 + random.below(2) : 0)
    this.#pipelines = pipelinesOf(seed, random, mode)
    const plan = planOf(seed, new Random(seed * 31 + 4), boundOf(this.#pipelines), mode).slice(0, Math.max(1, limits.events))
    const absences = mode.isAsked ? absencesOf(random, plan) : []
    this.#setting = { mode, plan, absences, pipelines: this.#pipelines, world: this.#world, stores: this.#stores, faults: this.#faults }
    this.#roles = Deployment.rolesOf(mode)
    if (mode.isSpread) Deployment.spread(this.#setting, new Random(seed * 31 + 5))
    this.#settles = random.happens(0.5)
  }

  outcome(): Outcome {
    this.#disturbed()
    this.#faults.isOver = true
    if (this.#problems.length === 0) this.#problems.push(...this.#settles ? this.#toRest() : this.#toTheEnd())
    const left = [this.#world.steps, this.#world.now, [...this.#stores.panes]]
    return {
      seed: this.#seed,
      problems: [...new Set(this.#problems)],
      faults: this.#faults.planted,
      starts: this.#starts,
      steps: this.#world.steps,
      trace: createHash("sha256").update(JSON.stringify(left)).digest("hex")
    }
  }

  get #end(): number {
    return this.#setting.plan.at(-1)?.at ?? 0
  }

  /** Starts whatever has ended again and again, until the feed has ended and some silence is over. */
  #disturbed(): void {
    for (const role of this.#roles) this.#start(role)
    const end = this.#end + 1_000
    while (this.#world.now < end && this.#problems.length === 0) {
      // By then it has been away more often than it can ever be here.
      if (this.#starts > 300) this.#faults.isOver = true
      if (this.#starts > 400 || this.#world.steps > mostSteps) this.#problems.push("comes to nothing, however often it is started")
      if (!this.#world.step()) this.#problems.push("stands still")
      this.#bury()
      this.#disturb()
    }
  }

  #start(role: Deployment.Role): void {
    this.#starts++
    // One that was stopped, and who feeds it with it, is no more.
    if (this.#setting.mode.isDense && role === "processor") this.#setting.absences.length = 0
    const holder = role === "processor" ? ++this.#holder : 0
    const life = Deployment.start(role, {
      ...this.#setting,
      name: this.#starts,
      hasPlace: role === "processor" ? () => holder === this.#holder : () => true,
      complain: (problem) => void this.#problems.push(problem),
      draw: (bound) => this.#random.below(bound)
    })
    this.#lives = [...this.#lives, life]
  }

  /** What has ended is begun again after a while. */
  #bury(): void {
    for (const life of this.#lives) {
      const exit = life.fiber.pollUnsafe()
      if (exit === undefined && !life.process.isDying) continue
      if (exit !== undefined && Exit.isFailure(exit)) this.#note(exit.cause)
      this.#lives = this.#lives.filter((other) => other !== life)
      // What it has begun may go on without it.
      if (exit !== undefined && this.#faults.happens(0.2)) this.#remains = [...this.#remains, life]
      else this.#world.kill(life.process)
      if (this.#lives.some(({ role }) => role === life.role)) continue
      const endings = this.#endings
      this.#world.later(this.#random.below(300), () => {
        if (endings === this.#endings) this.#begin(life.role)
      })
    }
  }

  #begin(role: Deployment.Role): void {
    if (this.#lives.some((life) => life.role === role)) return
    if (role === "processor") this.#change()
    this.#start(role)
  }

  /** What is another when a processor is started again. */
  #change(): void {
    const { stores } = this.#setting
    const { isOrdered } = this.#setting.mode
    if (!isOrdered && stores.log.partitions.length < 3 && this.#faults.happens(0.03)) stores.log.partitions.push([])
    if (this.#faults.happens(0.02)) {
      // Whoever carries panes is to find out when it is started.
      for (const { process } of this.#lives.filter(({ role }) => role === "carrier")) process.isDying = true
      stores.makeAnew()
    }
  }

  /** What happens to processes and clocks from outside. */
  #disturb(): void {
    const { isApart, isAsked, isDense } = this.#setting.mode
    const isCritical = this.#isEndOfSilence()
    this.#faults.isCritical = isCritical
    if (this.#faults.happens(isDense ? 0.006 : isCritical && !isAsked ? 0.1 : 0.002)) this.#stop()
    if (this.#faults.happens(0.0005)) this.#world.wallAhead += this.#faults.below(60_000) - 20_000
    if (isApart && this.#faults.happens(isCritical ? 0.1 : 0.003)) this.#replace()
  }

  /** Event time goes on by the clock, and an event is about to come, or has just come: who has decided how far it has come, matters now. */
  #isEndOfSilence(): boolean {
    const { plan } = this.#setting
    const { now } = this.#world
    while ((plan[this.#passed]?.at ?? Infinity) <= now) this.#passed++
    const at = (index: number) => plan[this.#passed + index]?.at ?? 0
    return (at(0) - now < 80 && now - at(-1) > 150) || (now - at(-1) < 20 && at(-1) - at(-2) > 150)
  }

  #stop(): void {
    const chosen = this.#lives[this.#faults.below(this.#lives.length)]
    if (chosen === undefined) return
    const milliseconds = 300 + this.#faults.below(this.#faults.below(5) === 0 ? 20_000 : 2_000)
    chosen.process.stop(milliseconds)
    const { absences, mode } = this.#setting
    // Who feeds it was stopped with it, and takes a moment to come back.
    if (mode.isDense && chosen.role === "processor") absences.push({ from: this.#world.now, to: this.#world.now + milliseconds + this.#faults.below(60) })
  }

  /** Another takes the place while the one before is still there, and does not know; it may be stopped just now. */
  #replace(): void {
    const [first, second] = this.#lives.filter(({ role }) => role === "processor")
    if (second !== undefined) first!.process.isDying = true
    else if (first !== undefined) {
      if (this.#faults.happens(0.5)) first.process.stop(this.#faults.below(3_000))
      this.#start("processor")
    }
  }

  #killAll(): void {
    this.#endings++
    for (const { process } of [...this.#lives, ...this.#remains]) this.#world.kill(process)
    this.#lives = []
    this.#remains = []
  }

  /** Undisturbed it goes on, and tells of every window within a stated time. */
  #toRest(): ReadonlyArray<string> {
    this.#killAll()
    for (const role of this.#roles) this.#start(role)
    const { log } = this.#stores
    const { plan } = this.#setting
    const isRead = () => log.position === String(plan.length)
    const first = this.#world.steps
    const latest = Math.max(this.#world.now, this.#end) + 10_000
    const isSteppedOn = (before: number) => {
      if (this.#world.steps - first > mostSteps || !this.#world.step(before)) return false
      this.#bury()
      return this.#problems.length === 0
    }
    while (!isRead()) if (!isSteppedOn(latest)) return [...this.#problems, "does not read all that comes when nothing disturbs it any more"]
    const end = Math.max(this.#world.now, ...this.#setting.absences.map(({ to }) => to)) + mostPatience
    while (isSteppedOn(end));
    if (this.#problems.length > 0) return this.#problems
    const processor = this.#lives.find(({ role }) => role === "processor")
    if (processor === undefined) return ["has ended when nothing disturbed it any more"]
    return this.#judged(processor.watch.progress, true)
  }

  /** What is left, undisturbed: all of the feed, and the end of the input. */
  #toTheEnd(): ReadonlyArray<string> {
    this.#killAll()
    const report = this.#whole("last processor")
    if (report === null) return this.#problems
    if (this.#setting.mode.isRelayed && this.#whole("last carrier") === null) return this.#problems
    return this.#judged(report, false)
  }

  /** Runs one process to its end. */
  #whole(role: Deployment.Role): Deployment.Report | null {
    this.#start(role)
    this.#holder++
    const life = this.#lives.at(-1)!
    const first = this.#world.steps
    while (life.fiber.pollUnsafe() === undefined && this.#world.steps - first < mostSteps && this.#world.step());
    this.#killAll()
    const exit = life.fiber.pollUnsafe()
    if (exit === undefined) this.#problems.push("does not come to its end when nothing disturbs it any more")
    else if (Exit.isFailure(exit)) this.#problems.push(`fails when nothing disturbs it any more: ${Cause.pretty(exit.cause).slice(0, 600)}`)
    return exit !== undefined && Exit.isSuccess(exit) ? exit.value : null
  }

  #judged(account: Deployment.Report, isAllTold: boolean): ReadonlyArray<string> {
    const { mode, plan } = this.#setting
    return [
      ...this.#problems,
      ...judge({
        stores: this.#stores,
        pipelines: this.#pipelines,
        plan,
        account,
        isNothingLate: mode.isOrdered && isByTime(this.#pipelines),
        isVerbatim: mode.isOrdered,
        isAllTold
      })
    ]
  }

  /** What was planted may end a process; nothing else may. */
  #note(cause: Cause.Cause<unknown>): void {
    if (Cause.hasInterruptsOnly(cause)) return
    const text = Cause.pretty(cause)
    if (!text.includes("planted: ")) this.#problems.push(`ends with what nobody has planted: ${text.slice(0, 600)}`)
  }
}
