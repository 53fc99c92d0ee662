/**
 * Appends to one partition: one request at a time, and with each goes what came while the one before was under way. So what
 * has waited during a pause is there after one more request, however many appends it is.
 *
 * Who is interrupted while its append waits has not appended; a request that is under way goes on.
 */
import { Deferred, Effect, Exit, type Scope } from "effect"
import type { Chunk } from "../../streams/records/Records.ts"
import type { KafkaError } from "./client/Client.ts"
import { isTooLarge, sizeOf } from "./Parts.ts"

/** A chunk that is to be appended, and the moment and the number of its append. */
export interface Append {
  readonly chunk: Chunk
  readonly now: number
  readonly sequence: number
}

interface Requests {
  /** Gives the offset of the first record. */
  readonly alone: (append: Append) => Effect.Effect<number, KafkaError>
  /** As one batch, one behind the other; gives the offset of the first record of the first. */
  readonly together: (appends: ReadonlyArray<Append>) => Effect.Effect<number, KafkaError>
}

interface Waiting extends Append {
  readonly done: Deferred.Deferred<number, KafkaError>
}

/** So much goes together, unless one has more: within what every topic takes at once. */
const mostRecords = 4_096
const mostBytes = 262_144

export class Appends {
  readonly #waiting: Array<Waiting> = []
  readonly #requests: Requests
  readonly #scope: Scope.Scope
  #isSending = false

  /** With the scope all requests end. */
  constructor(requests: Requests, scope: Scope.Scope) {
    this.#requests = requests
    this.#scope = scope
  }

  /** Gives the offset of the first record. */
  append(append: Append): Effect.Effect<number, KafkaError> {
    return Effect.suspend(() => {
      const waiting = { ...append, done: Deferred.makeUnsafe<number, KafkaError>() }
      this.#waiting.push(waiting)
      const begin = this.#isSending ? Effect.void : Effect.forkIn(this.#sendAll, this.#scope)
      this.#isSending = true
      return Effect.andThen(begin, Deferred.await(waiting.done)).pipe(
        Effect.onInterrupt(() => Effect.sync(() => this.#forget(waiting)))
      )
    })
  }

  #forget(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at !== -1) this.#waiting.splice(at, 1)
  }

  get #sendAll(): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => this.#waiting.length > 0,
      body: () => this.#send(this.#next()),
      step: () => {}
    }).pipe(Effect.ensuring(Effect.sync(() => {
      this.#isSending = false
      for (const { done } of this.#waiting.splice(0)) Deferred.doneUnsafe(done, Effect.interrupt)
    })))
  }

  /** What a topic does not take together it may take one by one. */
  #send(appends: ReadonlyArray<Waiting>): Effect.Effect<void> {
    const [first] = appends
    if (first === undefined) return Effect.void
    const isOne = appends.length === 1
    return Effect.exit(isOne ? this.#requests.alone(first) : this.#requests.together(appends)).pipe(
      Effect.onInterrupt(() => Effect.sync(() => tell(appends, Exit.interrupt()))),
      Effect.flatMap((exit) => {
        const error = Exit.findErrorOption(exit)
        if (!isOne && error._tag === "Some" && isTooLarge(error.value)) {
          return Effect.forEach(appends, (append) => this.#send([append]), { discard: true })
        }
        return Effect.sync(() => tell(appends, exit))
      })
    )
  }

  #next(): ReadonlyArray<Waiting> {
    let [records, bytes, count] = [0, 0, 0]
    for (const { chunk } of this.#waiting) {
      records += chunk.length
      bytes += sizeOf(chunk)
      if (count > 0 && (records > mostRecords || bytes > mostBytes)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }
}

const tell = (appends: ReadonlyArray<Waiting>, exit: Exit.Exit<number, KafkaError>): void => {
  let before = 0
  for (const { chunk, done } of appends) {
    const at = before
    Deferred.doneUnsafe(done, Exit.map(exit, (first) => first + at))
    before += chunk.length
  }
}
