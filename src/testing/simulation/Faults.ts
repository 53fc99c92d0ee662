/**
 * What may go wrong with a request to a store: it takes its time; it fails before it was done, or after it; half of it is
 * done; it is answered with an error and done later all the same; the store is away, or has no space, for a while; the process
 * dies before it or after it, or is stopped.
 *
 * Each seed draws which of these there are in its world and how often: where everything goes wrong at once, hardly anything
 * comes to the point at which only one thing has to. And between two requests that follow each other a process dies early:
 * the likelier, the less often it has died just there.
 */
import { Effect } from "effect"
import type { Process } from "./Process.ts"
import type { Random } from "./Random.ts"
import type { World } from "./World.ts"

/** How likely each is, of every request. */
interface Likelihoods {
  readonly failure: number
  readonly crash: number
  /** That a process dies between two requests between which none has died yet. */
  readonly crashAnew: number
  /** That the store answers nothing but errors for a while. */
  readonly outage: number
  /** That the stores have no space left for a while. */
  readonly full: number
  /** That the answer takes a while, and that it takes a long one. */
  readonly wait: number
  readonly slow: number
  /** Of requests that may: that they are done after they have failed. */
  readonly late: number
  /** That a process is stopped while the store is at it. */
  readonly stop: number
}

/** The stores that are asked, of which each world has a weak one. */
const weak = ["append", "append", "decide", "decide", "save", "panes", "rows", "letters"] as const

const likelihoodsFrom = (random: Random): Likelihoods => {
  // What ends a process is rare in one world and frequent in the next: some mistakes need a long life, and others many.
  const calm = 10 ** (-2 * random.next())
  const maybe = (most: number, chance = 0.6) => random.happens(chance) ? random.next() * most : 0
  return {
    failure: maybe(0.15, 0.8) * calm,
    crash: maybe(0.03) * calm,
    crashAnew: maybe(0.4) * calm,
    outage: maybe(0.02) * calm,
    full: maybe(0.02, 0.4) * calm,
    wait: 0.1 + random.next() * 0.4,
    slow: maybe(0.2),
    late: maybe(0.2) * calm,
    stop: maybe(0.04, 0.4) * calm
  }
}

/** What a request does, in parts of which some may be done and others not. */
export interface Request<A> {
  /** What is asked, as the moments between requests are known by. */
  readonly name: string
  readonly apply: () => A
  /** The half of it, where it can be done by halves. */
  readonly half?: (() => unknown) | undefined
  /** Whether a late one can come through: a store in which only the holder of a place writes has refused it by then. */
  readonly mayComeLate?: boolean
  /** Whether it needs space. */
  readonly isWrite?: boolean
  /** Of a store that always answers, and soon. */
  readonly isPrompt?: boolean
}

export class Faults {
  readonly #world: World
  readonly #random: Random
  readonly #likelihoods: Likelihoods
  readonly #weak: string
  /** No more faults: what is left is to come to an end. */
  isOver = false
  planted = 0
  /** Event time is just about to be needed: what is decided and what comes in now is of more weight than at other times. */
  isCritical = false
  /** After so many there are no more. */
  readonly #most: number
  readonly #last = new WeakMap<Process, string>()
  /** How often a process has died between two requests. */
  readonly #deaths = new Map<string, number>()
  #outageUntil = 0
  #fullUntil = 0

  constructor(world: World, random: Random, most: number) {
    this.#world = world
    this.#most = most
    this.#random = random
    this.#likelihoods = likelihoodsFrom(random)
    this.#weak = weak[random.below(weak.length)]!
  }

  /** A request of a process as it goes in this world. */
  request<A, E>(process: Process, request: Request<A>, toError: (message: string) => E): Effect.Effect<A, E> {
    const fail = (message: string) => Effect.fail(toError(`planted: ${message}`))
    return Effect.suspend((): Effect.Effect<A, E> => {
      if (this.isOver) return Effect.sync(request.apply)
      if (this.#diesBefore(process, request.name)) return this.#die(process, request)
      return Effect.andThen(this.#wait(request), Effect.suspend(() => this.isOver ? Effect.sync(request.apply) : this.#answer(process, request, fail)))
    })
  }

  #wait({ isPrompt = false, name }: Request<unknown>): Effect.Effect<void> {
    const random = this.#random
    const { slow, wait } = this.#likelihoods
    if (isPrompt) return random.happens(0.5) ? Effect.sleep(random.below(5)) : Effect.void
    if (this.happens(slow > 0 && (name === this.#weak || (this.isCritical && name === "append")) ? 0.4 : slow)) return Effect.sleep(random.below(800))
    if (this.happens(wait)) return Effect.sleep(random.below(60))
    return random.happens(0.5) ? Effect.yieldNow : Effect.void
  }

  #answer<A, E>(process: Process, request: Request<A>, fail: (message: string) => Effect.Effect<never, E>): Effect.Effect<A, E> {
    const { apply, half, isPrompt = false, isWrite = false, mayComeLate = false, name } = request
    if (isPrompt) return Effect.sync(apply)
    const world = this.#world
    const { crash, full, late, outage, stop } = this.#likelihoods
    const failure = this.#failureOf(name)
    if (world.now < this.#outageUntil) return this.#plant(() => fail("away"))
    if (this.happens(outage)) {
      this.#outageUntil = world.now + this.#random.below(3_000)
      return fail("going away")
    }
    if (isWrite && this.happens(full)) this.#fullUntil = world.now + this.#random.below(2_000)
    if (isWrite && world.now < this.#fullUntil) {
      return this.#plant(() => {
        if (this.#random.happens(0.5)) half?.()
        return fail("no space left")
      })
    }
    if (this.happens(failure)) return fail("before")
    if (this.happens(failure)) return Effect.andThen(Effect.sync(apply), fail("after"))
    if (half !== undefined && this.happens(failure)) return Effect.andThen(Effect.sync(half), fail("half of it"))
    if (mayComeLate && this.happens(late)) {
      world.later(this.#random.below(3_000), () => void apply())
      return fail("too late")
    }
    if (this.happens(crash)) return this.#die(process, request)
    if (this.happens(stop)) {
      // A process that was asked to wait is not told what has become of the world meanwhile.
      process.stop(this.#random.below(5_000))
      return Effect.andThen(Effect.yieldNow, Effect.sync(apply))
    }
    return Effect.sync(apply)
  }

  #failureOf(name: string): number {
    const { failure } = this.#likelihoods
    if (failure > 0 && this.isCritical && name === "decide") return 0.3
    return name === this.#weak ? Math.min(0.3, failure * 8) : failure
  }

  #diesBefore(process: Process, name: string): boolean {
    const moment = `${this.#last.get(process) ?? ""} ${name}`
    this.#last.set(process, name)
    const deaths = this.#deaths.get(moment) ?? 0
    if (!this.happens(this.#likelihoods.crashAnew / (1 << Math.min(2 * deaths, 30)))) return false
    this.#deaths.set(moment, deaths + 1)
    return true
  }

  /** Before it, after it or in the midst of it. */
  #die(process: Process, { apply, half }: Request<unknown>): Effect.Effect<never> {
    const how = this.#random.next()
    if (how < 0.4) apply()
    else if (how < 0.6) half?.()
    process.isDying = true
    return Effect.never
  }

  #plant<A>(body: () => A): A {
    this.planted++
    if (this.planted >= this.#most) this.isOver = true
    return body()
  }

  /** What may be planted now, with this likelihood. */
  happens(likelihood: number): boolean {
    if (this.isOver || !this.#random.happens(likelihood)) return false
    return this.#plant(() => true)
  }

  below(bound: number): number {
    return this.#random.below(bound)
  }
}
