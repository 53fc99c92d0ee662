/**
 * Those who watch the live events. What is told is written out once, as bytes that all viewers share, at most ten times a
 * second: a thousand viewers cost little more than one.
 *
 * A viewer that does not keep up loses what waits for it, hears `missed`, and goes on with the newest. So what is held for
 * it alone is what lies in its connection: one slice. The server ends connections on which nothing moves, see
 * `NodeServer.ts`.
 */
import { Effect, Latch, Stream } from "effect"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Interest } from "./Interest.ts"

/** One server-sent event, written out, and what it is told as; `null` where it concerns every viewer. */
export interface Frame {
  readonly topics: ReadonlyArray<string> | null
  readonly text: string
}

/** Bytes that a connection is given at a time. */
const sliceBytes = 64 * 1_024

/** Bytes that may wait for a viewer. */
const mostWaiting = 1_024 * 1_024

/** Milliseconds after which what waits for a viewer is not worth keeping. */
const staleAfter = 5_000

/** Viewers that are told before whoever else has asked for something gets a turn. */
const atOnce = 20

/** Milliseconds from one telling to the next. */
const pause = 100

class Viewer {
  readonly interest: Interest
  readonly latch = Latch.makeUnsafe()
  #waiting: Array<Uint8Array> = []
  #bytes = 0
  #since = 0

  constructor(interest: Interest) {
    this.interest = interest
  }

  offer(slices: ReadonlyArray<Uint8Array>, bytes: number, now: number, missed: Uint8Array): void {
    if (slices.length === 0) return
    if (this.#waiting.length === 0) this.#since = now
    else if (this.#bytes + bytes > mostWaiting || now - this.#since > staleAfter) {
      this.#waiting = [missed]
      this.#bytes = missed.length
    }
    this.#waiting.push(...slices)
    this.#bytes += bytes
    this.latch.openUnsafe()
  }

  /** The slice that has waited longest. */
  take(): Uint8Array | undefined {
    const slice = this.#waiting.shift()
    this.#bytes -= slice?.length ?? 0
    if (this.#waiting.length === 0) this.latch.closeUnsafe()
    return slice
  }
}

export interface Viewers {
  readonly count: number
  /** What viewers look at, each once. */
  readonly interests: Iterable<Interest>
  /** Whether somebody hears what is told as one of these. */
  readonly isHeard: (topics: ReadonlyArray<string>) => boolean
  /** Goes to all viewers soon, behind what was told before. */
  readonly tell: (frames: ReadonlyArray<Frame>) => void
  /**
   * What a viewer hears of what it looks at: first what `opening` gives, which is asked for as fast as the viewer reads,
   * then whatever is told from now on.
   */
  readonly watch: (interest: Interest, opening: () => Iterable<Frame>) => Stream.Stream<Uint8Array>
}

/** `missed` is what a viewer hears in the place of what it has lost. */
export const make = Effect.fnUntraced(function*(missed: Frame) {
  const viewers = new Set<Viewer>()
  const crowd = new Crowd()
  const missedBytes = encode(missed.text)
  const told = Latch.makeUnsafe()
  let gathered: Array<Frame> = []

  const flush = Effect.gen(function*() {
    yield* told.await
    told.closeUnsafe()
    const frames = gathered
    gathered = []
    const now = yield* MonotonicTime.millis
    const written = new Map<string, Written>()
    const numbers = numbersOf(frames)
    const all = [...viewers]
    for (let first = 0; first < all.length; first += atOnce) {
      for (const viewer of all.slice(first, first + atOnce)) {
        const { bytes, slices } = entryOf(written, viewer.interest.id, () => write(heardBy(viewer.interest, frames, numbers)))
        viewer.offer(slices, bytes, now, missedBytes)
      }
      yield* Effect.yieldNow
    }
    yield* Effect.sleep(pause)
  })
  yield* Effect.forkScoped(Effect.forever(flush), { startImmediately: true })

  const watch: Viewers["watch"] = (interest, opening) =>
    Stream.unwrap(Effect.gen(function*() {
      const viewer = new Viewer(interest)
      const come = () => {
        viewers.add(viewer)
        crowd.add(interest)
      }
      const go = () => {
        viewers.delete(viewer)
        crowd.remove(interest)
      }
      yield* Effect.acquireRelease(Effect.sync(come), () => Effect.sync(go))
      const next = Effect.map(viewer.latch.await, () => viewer.take())
      return Stream.fromIterable(slicesOf(textsOf(opening())), { chunkSize: 1 }).pipe(
        Stream.concat(Stream.fromEffectRepeat(next).pipe(Stream.filter((slice) => slice !== undefined)))
      )
    }))

  return {
    get count() {
      return viewers.size
    },
    get interests() {
      return crowd.interests
    },
    isHeard: (topics) => crowd.isHeard(topics),
    tell: (frames) => {
      if (frames.length === 0 || viewers.size === 0) return
      gathered = gathered.concat(frames)
      told.openUnsafe()
    },
    watch
  } satisfies Viewers
})

interface Written {
  readonly slices: ReadonlyArray<Uint8Array>
  readonly bytes: number
}

const entryOf = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const write = (frames: Iterable<Frame>): Written => {
  const slices = [...slicesOf(textsOf(frames))]
  return { slices, bytes: slices.reduce((sum, { length }) => sum + length, 0) }
}

function* textsOf(frames: Iterable<Frame>): Generator<string> {
  for (const { text } of frames) yield text
}

/** The numbers of frames by what they are told as: a thousand viewers of a thousand keys each look for their own. */
const numbersOf = (frames: ReadonlyArray<Frame>): ReadonlyMap<string | null, ReadonlyArray<number>> => {
  const numbers = new Map<string | null, Array<number>>()
  for (const [number, { topics }] of frames.entries()) {
    for (const topic of topics ?? [null]) entryOf(numbers, topic, (): Array<number> => []).push(number)
  }
  return numbers
}

/** In the order in which they were told, each once. */
const heardBy = ({ topics }: Interest, frames: ReadonlyArray<Frame>, numbers: ReturnType<typeof numbersOf>): ReadonlyArray<Frame> => {
  const heard = new Set([null, ...topics].flatMap((topic) => numbers.get(topic) ?? []))
  return [...heard].sort((a, b) => a - b).map((number) => frames[number]!)
}

/** How many viewers look at what. */
class Crowd {
  readonly #interests = new Map<string, { readonly interest: Interest; count: number }>()
  readonly #topics = new Map<string, number>()

  add(interest: Interest): void {
    entryOf(this.#interests, interest.id, () => ({ interest, count: 0 })).count++
    for (const topic of interest.topics) this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1)
  }

  remove(interest: Interest): void {
    const known = this.#interests.get(interest.id)
    if (known !== undefined && --known.count === 0) this.#interests.delete(interest.id)
    for (const topic of interest.topics) {
      const count = this.#topics.get(topic) ?? 0
      if (count > 1) this.#topics.set(topic, count - 1)
      else this.#topics.delete(topic)
    }
  }

  get interests(): Iterable<Interest> {
    return Array.from(this.#interests.values(), ({ interest }) => interest)
  }

  isHeard(topics: ReadonlyArray<string>): boolean {
    return topics.some((topic) => this.#topics.has(topic))
  }
}

/** Whole events, as many as make a slice. */
function* slicesOf(texts: Iterable<string>): Generator<Uint8Array> {
  let slice = ""
  for (const text of texts) {
    if (slice !== "" && slice.length + text.length > sliceBytes) {
      yield encode(slice)
      slice = ""
    }
    slice += text
  }
  if (slice !== "") yield encode(slice)
}

const encoder = new TextEncoder()

const encode = (text: string): Uint8Array => encoder.encode(text)
