/**
 * An `EventLog` for one run with one reader: what has been read is let go, and an append
 * waits while too many chunks are unread. It cannot be replayed or resumed, and in return a
 * stream of any length passes through bounded memory, at the pace of the sink.
 */
import { Clock, Effect, Layer, Option, Queue, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { EventLog, EventLogError } from "./EventLog.ts"
import type { Chunk, Records } from "../records/Records.ts"

/** Unread chunks beyond which an append waits; the reader takes as many at a time, so that twice as many are held. */
export const capacity = 32

export const layer = (topic: string): Layer.Layer<EventLog> =>
  Layer.effect(
    EventLog,
    Effect.gen(function*() {
      const unread = yield* Queue.bounded<Records>(capacity)
      let end = 0
      /** What is before it has been read, and let go. */
      let beginning = 0
      let position = Option.none<string>()
      const append = Effect.fnUntraced(function*(partition: number, chunk: Chunk) {
        if (partition !== 0) return yield* new EventLogError({ message: `topic ${topic} has no partition ${partition}` })
        const now = yield* Clock.currentTimeMillis
        const first = end
        end += chunk.length
        if (chunk.position !== undefined) position = Option.some(chunk.position)
        const offsets = new Float64Array(chunk.length)
        for (let i = 0; i < offsets.length; i++) offsets[i] = first + i
        const appendedAt = new Float64Array(chunk.length).fill(now)
        yield* Queue.offer(unread, { ...chunk, partition, offsets, appendedAt })
        return first
      })
      return EventLog.of({
        topic,
        id: randomUUID(),
        partitions: 1,
        append,
        read: () => Stream.tap(Stream.fromQueue(unread), ({ length, offsets }) => Effect.sync(() => {
          beginning = length === 0 ? beginning : offsets[length - 1]! + 1
        })),
        beginnings: Effect.sync(() => [beginning]),
        ends: Effect.sync(() => [end]),
        position: Effect.sync(() => position)
      })
    })
  )
