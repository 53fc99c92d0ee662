/**
 * A chunk that is larger than its topic takes (`max.message.bytes`) goes into the log in parts: halves, and halves of them.
 * What the broker has refused once is not sent again whole. The position comes with the last part, so that a run that ends in
 * between gives the whole chunk again.
 */
import { Effect } from "effect"
import { type Chunk, valueAt } from "../../streams/records/Records.ts"
import { KafkaError } from "./client/Client.ts"
import * as Topics from "./client/Topics.ts"

export class Parts {
  readonly #topic: string
  readonly #brokers: string
  /** Bytes of the values of the smallest part that was refused. */
  #refused = Infinity

  constructor(topic: string, brokers: string) {
    this.#topic = topic
    this.#brokers = brokers
  }

  /** Gives the offset of the first record. */
  append(chunk: Chunk, send: (part: Chunk) => Effect.Effect<number, KafkaError>): Effect.Effect<number, KafkaError> {
    return Effect.suspend(() => {
      if (chunk.length > 1 && sizeOf(chunk) >= this.#refused) return this.#halves(chunk, send)
      return Effect.catchIf(send(chunk), isTooLarge, (error) => {
        if (chunk.length === 1) return Effect.fail(this.#refusal(chunk, error))
        this.#refused = Math.min(this.#refused, sizeOf(chunk))
        return this.#halves(chunk, send)
      })
    })
  }

  #halves(chunk: Chunk, send: (part: Chunk) => Effect.Effect<number, KafkaError>): Effect.Effect<number, KafkaError> {
    const half = chunk.length >> 1
    const { position: _, ...first } = partOf(chunk, 0, half)
    return Effect.tap(this.append(first, send), () => this.append(partOf(chunk, half, chunk.length), send))
  }

  #refusal(chunk: Chunk, cause: KafkaError): KafkaError {
    const value = valueAt(chunk, 0)
    const beginning = new TextDecoder().decode(value.subarray(0, shown))
    return new KafkaError({
      message: `a record of ${value.length} bytes is larger than the topic ${this.#topic} takes; it begins with ${JSON.stringify(beginning)}`,
      reason: { _tag: "record-too-large", topic: this.#topic, brokers: this.#brokers, settings: Topics.largeBatches },
      retriable: false,
      code: cause.code,
      cause
    })
  }
}

/** So many bytes of a record tell people which it is. */
const shown = 80

export const isTooLarge = ({ code }: KafkaError): boolean => code === "MESSAGE_TOO_LARGE" || code === "RECORD_LIST_TOO_LARGE"

/** Records of a chunk, with its position. */
const partOf = (chunk: Chunk, from: number, to: number): Chunk => ({
  ...chunk,
  length: to - from,
  starts: chunk.starts.subarray(from, to),
  ends: chunk.ends.subarray(from, to),
  kinds: chunk.kinds.subarray(from, to)
})

/** Bytes of the values. */
export const sizeOf = ({ ends, length, starts }: Chunk): number => {
  let size = 0
  for (let i = 0; i < length; i++) size += Math.max(0, ends[i]! - starts[i]!)
  return size
}
