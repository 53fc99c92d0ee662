/**
 * Processes that want the place of one group: the real `Fence`, `Membership` and `Lease` over a simulated broker, killed,
 * stopped, told to end and started again while the network loses and delays what they say, and the broker falls silent,
 * starts again, or moves the group. When the faults are over exactly one has to be active, soon, and the others stand by.
 */
import { Cause, Exit, type Fiber } from "effect"
import { createHash } from "node:crypto"
import type { Process } from "../../../src/testing/simulation/Process.ts"
import { Random } from "../../../src/testing/simulation/Random.ts"
import { least, type Outcome } from "../../../src/testing/simulation/Simulation.ts"
import { World } from "../../../src/testing/simulation/World.ts"
import { Broker } from "./Broker.ts"
import { type Holding, Law, said } from "./Law.ts"
import * as Member from "./Member.ts"
import { longestWay, Network, type Weather } from "./Network.ts"

/** A process from its start to its end. */
interface Life {
  readonly name: string
  readonly process: Process
  stage: "active" | "stands by" | "takes the place"
  holding: Holding | null
  /** When its stage began. */
  since: number
  isToEnd: boolean
  fiber: Fiber.Fiber<void, unknown>
}

/** The first of what happens that leaves processes alone. */
const ofBroker = 5

/** Milliseconds of a session. */
const session = 3_000

/** When the faults are over one is active after so many milliseconds: two sessions, two time-outs, and the pauses between attempts. */
const mostPatience = 4 * session

/** One that gives the place back is followed within so many. */
const promptly = 1_000

/** What a kill costs over the time of a lease: its eighth, and two requests. */
const leaseAndMore = (lease: number): number => lease * 1.125 + 1_000

const calm: Weather = { loss: 0, slow: 0, blow: 0 }

/** Nothing goes wrong any more after so many faults, where that is said. */
export const simulate = (seed: number, mostFaults = Infinity): Outcome => new GroupSimulation(seed, mostFaults).outcome()

/** The fewest faults that were found under which a seed still fails. */
export const shrink = (seed: number): number =>
  least(simulate(seed).faults, (faults) => simulate(seed, faults).problems.length > 0)

class GroupSimulation {
  readonly #seed: number
  readonly #mostFaults: number
  readonly #random: Random
  readonly #world: World
  readonly #law = new Law()
  readonly #broker: Broker
  readonly #network: Network
  readonly #names: ReadonlyArray<string>
  readonly #lease: number
  /** Nothing happens to processes and their connections, only to the broker. */
  readonly #isBrokerOnly: boolean
  /** Milliseconds between two things that happen, on average. */
  readonly #pace: number
  /** Milliseconds that a step of who is active takes. */
  readonly #work: number
  /** How often a process takes the place from whoever has it. */
  readonly #forced: number
  #lives: ReadonlyArray<Life> = []
  #isOver = false
  #faults = 0
  #starts = 0
  #holdings = 0

  constructor(seed: number, mostFaults: number) {
    const random = new Random(seed * 31 + 11)
    const maybe = (most: number) => random.happens(0.6) ? random.next() ** 2 * most : 0
    this.#seed = seed
    this.#mostFaults = mostFaults
    this.#random = random
    this.#world = new World(seed * 31 + 12, 1_732_545_000_000)
    this.#broker = new Broker(this.#world, this.#law)
    this.#isBrokerOnly = random.happens(0.3)
    this.#names = ["a", "b", "c"].slice(0, 1 + random.below(3))
    this.#lease = this.#isBrokerOnly || random.happens(0.5) ? 2_000 : 500 + random.below(1_500)
    this.#pace = 300 + random.next() * 2_000
    this.#work = 20 + random.next() ** 2 * 3_000
    this.#forced = random.happens(0.5) ? 0 : random.next() * 0.5
    this.#network = new Network({
      world: this.#world,
      random: new Random(seed * 31 + 13),
      broker: this.#broker,
      weather: this.#isBrokerOnly ? calm : { loss: maybe(0.25), slow: maybe(0.15), blow: maybe(0.04) },
      onBlow: (process) => this.#blow(process),
      mayFail: () => this.#mayFail()
    })
  }

  outcome(): Outcome {
    for (const name of this.#names) this.#start(name)
    this.#world.later(this.#random.next() * this.#pace, () => this.#disturb())
    this.#until(5_000 + this.#random.below(25_000), () => false)
    this.#settle()
    if (this.#law.problems.length === 0) this.#goOn()
    for (const { process } of this.#lives) this.#world.kill(process)
    const left = [this.#world.steps, this.#world.now, this.#law.checkpoints, this.#holdings]
    return {
      seed: this.#seed,
      problems: [...new Set(this.#law.problems)],
      faults: this.#faults,
      starts: this.#starts,
      steps: this.#world.steps,
      trace: createHash("sha256").update(JSON.stringify(left)).digest("hex")
    }
  }

  /** For so many milliseconds, or until something is the case; whether it is. */
  #until(milliseconds: number, isSo: () => boolean): boolean {
    const end = this.#world.now + milliseconds
    while (this.#law.problems.length === 0 && !isSo()) {
      if (!this.#world.step(end)) {
        this.#world.now = end
        break
      }
      this.#bury()
    }
    return this.#law.problems.length === 0 && isSo()
  }

  // When the faults are over.

  #settle(): void {
    this.#isOver = true
    this.#network.weather = calm
    this.#broker.goOn()
    this.#broker.coordinator.refusal = null
    this.#broker.coordinator.onJoin = null
    for (const life of this.#lives) {
      life.process.asleepUntil = this.#world.now
      life.since = this.#world.now
    }
    for (const name of this.#names) if (!this.#lives.some((life) => life.name === name)) this.#start(name)
  }

  #goOn(): void {
    const { problems } = this.#law
    const expect = (what: string, milliseconds: number, isSo: () => boolean) => {
      if (!this.#until(milliseconds, isSo) && problems.length === 0) problems.push(`${what}: ${this.#said()}`)
      return problems.length === 0
    }
    const { checkpoints } = this.#law
    // What is on its way still comes late.
    this.#until(longestWay, () => false)
    if (!expect("nobody is alone in the place", mostPatience, () => this.#isSettled(1_000) && this.#law.checkpoints > checkpoints)) return
    const [first] = this.#active
    this.#until(2_000, () => false)
    if (!expect("the place changes without a reason", 0, () => this.#isSettled(2_500)) || this.#names.length < 2) return
    first!.isToEnd = true
    if (!expect("nobody follows who has given the place back", promptly, () => this.#active.some((life) => life !== first))) return
    if (!expect("is not settled after the place was given back", 2_000, () => this.#isSettled(0))) return
    const [second] = this.#active
    second!.process.isDying = true
    expect("nobody follows who was killed", leaseAndMore(this.#lease), () => this.#active.some((life) => life !== second))
  }

  get #active(): ReadonlyArray<Life> {
    return this.#lives.filter(({ stage }) => stage === "active")
  }

  /** Exactly one is active, and the others stand by. */
  #isSettled(since: number): boolean {
    return this.#lives.length === this.#names.length && this.#active.length === 1 &&
      this.#lives.every((life) => life.stage !== "takes the place" && this.#world.now - life.since >= since)
  }

  #said(): string {
    return this.#lives.map(({ name, stage }) => `${name} ${stage}`).join(", ")
  }

  // Processes.

  #start(name: string): void {
    if (this.#lives.some((life) => life.name === name)) return
    this.#starts++
    const process = this.#world.start()
    const enter = (stage: Life["stage"]) => {
      life.stage = stage
      life.since = this.#world.now
    }
    const life: Life = { name, process, stage: "stands by", holding: null, since: this.#world.now, isToEnd: false, fiber: undefined as never }
    this.#lives = [...this.#lives, life]
    life.fiber = Member.start({
      name,
      process,
      session,
      lease: this.#lease,
      isForced: !this.#isBrokerOnly && !this.#isOver && this.#random.happens(this.#forced),
      pace: this.#work,
      seed: this.#random.below(1_000_000),
      begin: () => {
        enter("stands by")
        return life.holding = { number: ++this.#holdings, process: name }
      },
      connect: (holding) => this.#network.connection({ process, holding }),
      onFree: (holding) => {
        this.#judge(life, holding)
        enter("takes the place")
      },
      onActive: (holding, offsets) => {
        enter("active")
        this.#law.begins(holding, offsets)
      },
      onLost: (holding) => this.#law.loses(holding),
      isToEnd: () => life.isToEnd
    })
  }

  /** Where nothing happens to processes, nobody takes the place of one that has had it for a while. */
  #judge(life: Life, holding: Holding): void {
    if (!this.#isBrokerOnly || this.#isOver) return
    const { now } = this.#world
    const other = this.#active.find((other) => other !== life && now - other.since > 3_000)
    if (other !== undefined && now - life.since > 3_000) this.#law.complain(`${said(holding)} takes the place of ${other.name}, which is well`)
  }

  #bury(): void {
    for (const life of this.#lives) {
      const exit = life.fiber.pollUnsafe()
      if (exit === undefined && !life.process.isDying) continue
      if (exit !== undefined && Exit.isFailure(exit)) this.#law.complain(`${life.name} ends with ${Cause.pretty(exit.cause).slice(0, 600)}`)
      this.#world.kill(life.process)
      this.#lives = this.#lives.filter((other) => other !== life)
      this.#world.later(this.#random.next() * (this.#isOver ? 100 : 3_000), () => this.#start(life.name))
    }
  }

  // What happens.

  /** To a process just when the broker has done what it has asked for. */
  #blow(process: Process): void {
    if (this.#random.happens(0.3)) process.isDying = true
    else process.stop(this.#random.next() * (this.#random.happens(0.3) ? 3 * session : 1_000))
  }

  #disturb(): void {
    if (!this.#mayFail()) return
    const { length } = this.#happenings
    this.#happenings[this.#isBrokerOnly ? ofBroker + this.#random.below(length - ofBroker) : this.#random.below(length)]!()
    this.#world.later(-Math.log(1 - this.#random.next()) * this.#pace, () => this.#disturb())
  }

  /** Counts it, if so. */
  #mayFail(): boolean {
    if (this.#isOver || this.#faults >= this.#mostFaults) return false
    this.#faults++
    return true
  }

  readonly #happenings: ReadonlyArray<() => void> = [
    () => this.#blow(this.#someone.process),
    () => this.#holder.process.stop((1 + this.#random.next() * 3) * session),
    // One sleeps through its successor, of which nothing is to be heard when it wakes.
    () => {
      this.#holder.process.stop(4 * session)
      this.#world.later(leaseAndMore(this.#lease) + this.#random.next() * 500, () => this.#stopAwake())
    },
    () => this.#someone.process.stop(this.#random.next() * 3 * session),
    () => { this.#someone.isToEnd = true },
    () => { this.#world.wallAhead += (this.#random.next() - 0.3) * 60_000 },
    () => this.#silence(this.#random.next() * 2_000),
    () => this.#silence(this.#random.next() * 2 * session),
    () => this.#restart(),
    () => this.#restart(),
    () => this.#forget(),
    () => this.#refuse(this.#random.happens(0.5) ? 14 : 16),
    () => this.#guest(),
    () => this.#guest(),
    () => this.#guest()
  ]

  get #someone(): Pick<Life, "isToEnd" | "process"> {
    return this.#lives[this.#random.below(this.#lives.length)] ?? { isToEnd: false, process: this.#world.start() }
  }

  get #holder(): Pick<Life, "isToEnd" | "process"> {
    return this.#active[0] ?? this.#someone
  }

  #stopAwake(): void {
    if (!this.#isOver) for (const { process } of this.#lives) if (process.isAwake) process.stop(4 * session)
  }

  #silence(milliseconds: number): void {
    this.#broker.stop()
    this.#world.later(milliseconds, () => this.#broker.goOn())
  }

  #restart(): void {
    this.#broker.kill()
    this.#world.later(this.#random.next() * 3_000, () => this.#broker.goOn())
    this.#refuse(14)
  }

  /** Whoever joins next is forgotten: another kind of member comes just before, and the broker starts again just after. */
  #forget(): void {
    const { coordinator } = this.#broker
    coordinator.onJoin = () => {
      coordinator.guestComes(session)
      this.#world.later(1, () => this.#restart())
    }
  }

  #refuse(code: 14 | 16): void {
    const { coordinator } = this.#broker
    coordinator.refusal = code
    this.#world.later(this.#random.next() * 3_000, () => { coordinator.refusal = null })
  }

  /** A member of another kind comes, or goes. */
  #guest(): void {
    const { coordinator } = this.#broker
    if (coordinator.guests > 0) coordinator.guestLeaves()
    else coordinator.guestComes(session)
  }
}
