/**
 * What may go wrong with a request to a store: it takes its time; it fails before it was done, or after it; half of it is
 * done; it is answered with an error and done later all the same; the process dies before it or after it.
 */
import { Effect } from "effect"
import type { Random } from "./Random.ts"
import type { World } from "./World.ts"

/** How likely each is, of every request. */
export interface Likelihoods {
  readonly failure: number
  readonly crash: number
  /** That the store answers nothing but errors for a while. */
  readonly outage: number
}

/** What a request does, in parts of which some may be done and others not. */
export interface Request<A> {
  readonly apply: () => A
  /** The half of it, where it can be done by halves. */
  readonly half?: (() => unknown) | undefined
  /** Whether a late one can come through: a store in which only the holder of a place writes has refused it by then. */
  readonly mayComeLate?: boolean
}

export class Faults {
  readonly #world: World
  readonly #random: Random
  readonly #likelihoods: Likelihoods
  /** No more faults: what is left is to come to an end. */
  isOver = false
  planted = 0
  /** After so many there are no more. */
  readonly #most: number
  /** The process is to die in this turn. */
  isDying = false
  #outageUntil = 0

  constructor(world: World, random: Random, { likelihoods, most }: { readonly likelihoods: Likelihoods; readonly most: number }) {
    this.#world = world
    this.#most = most
    this.#random = random
    this.#likelihoods = likelihoods
  }

  #plant(): void {
    this.planted++
    if (this.planted >= this.#most) this.isOver = true
  }

  /** A request as it goes in this world. */
  request<A, E>({ apply, half, mayComeLate = false }: Request<A>, toError: (message: string) => E): Effect.Effect<A, E> {
    const random = this.#random
    const world = this.#world
    const { crash, failure, outage } = this.#likelihoods
    const planned = <B>(body: () => B): B => {
      this.#plant()
      return body()
    }
    return Effect.suspend((): Effect.Effect<A, E> => {
      if (this.isOver) return Effect.sync(apply)
      const wait = this.happens(0.3) ? Effect.sleep(random.below(random.happens(0.1) ? 600 : 60)) : random.happens(0.5) ? Effect.yieldNow : Effect.void
      return Effect.andThen(wait, Effect.suspend((): Effect.Effect<A, E> => {
        if (this.isOver) return Effect.sync(apply)
        if (world.now < this.#outageUntil) return planned(() => Effect.fail(toError("planted: away")))
        if (random.happens(outage)) {
          this.#outageUntil = world.now + random.below(3_000)
          return planned(() => Effect.fail(toError("planted: going away")))
        }
        if (random.happens(failure)) return planned(() => Effect.fail(toError("planted: before")))
        if (random.happens(failure)) return planned(() => {
          apply()
          return Effect.fail(toError("planted: after"))
        })
        if (half !== undefined && random.happens(failure)) return planned(() => {
          half()
          return Effect.fail(toError("planted: half of it"))
        })
        if (mayComeLate && random.happens(failure)) return planned(() => {
          world.later(random.below(2_000), () => void apply())
          return Effect.fail(toError("planted: too late"))
        })
        if (random.happens(crash)) return planned(() => {
          if (random.happens(0.5)) apply()
          this.isDying = true
          return Effect.never
        })
        return Effect.sync(apply)
      }))
    })
  }

  /** What is not a request: something that may be planted now, with this likelihood. */
  happens(likelihood: number): boolean {
    if (this.isOver || !this.#random.happens(likelihood)) return false
    this.#plant()
    return true
  }

  below(bound: number): number {
    return this.#random.below(bound)
  }
}
