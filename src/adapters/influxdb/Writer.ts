/**
 * Lines on their way into InfluxDB: some thousand to a request, a few requests at a time, each repeated with the same bytes
 * until it is stored, so that a repetition overwrites the same points. A request that is too large is halved; of one
 * that is refused the lines at fault are found by halves, since the server stores the others and does not say which.
 */
import { Effect, Metric, Semaphore } from "effect"
import * as MonotonicTime from "../../streams/ports/MonotonicTime.ts"
import type { Connection } from "./Connection.ts"
import type { InfluxdbError } from "./InfluxdbError.ts"

export interface Options {
  /** Lines of one request at most; 5,000 unless told. */
  readonly batchLines?: number | undefined
  /** Requests at the same time at most; 4 unless told. */
  readonly inFlight?: number | undefined
}

/** A line that InfluxDB will not have. */
export interface Refusal {
  /** Its place among the lines that were written. */
  readonly index: number
  /** The server's words. */
  readonly message: string
}

export interface Writer {
  /**
   * Writes so many lines, each asked for when it is its turn, and again where its request is divided. Tells as soon as
   * those in `[from, to)` are durable, and returns when every line is durable or refused. Fails, with nothing given up,
   * where nothing can be written at all.
   */
  readonly write: (
    count: number,
    lineAt: (index: number) => string,
    stored?: (from: number, to: number) => void
  ) => Effect.Effect<ReadonlyArray<Refusal>, InfluxdbError>
}

const linesTotal = Metric.counter("courant_influxdb_lines_total", {
  description: "Lines that InfluxDB has stored.",
  incremental: true
})

const refusedTotal = Metric.counter("courant_influxdb_refused_total", {
  description: "Lines that InfluxDB has refused.",
  incremental: true
})

export const make = (connection: Connection["Service"], options: Options): Writer => {
  const { batchLines = 5_000, inFlight = 4 } = options
  const inFlightPermits = Semaphore.makeUnsafe(inFlight)
  const bodyPermit = Semaphore.makeUnsafe(1)
  /** Lines of one request that the server has not found too many lately. */
  let accepted = batchLines

  const store = Effect.fnUntraced(function*({ from, lineAt, to }: Batch) {
    // One after the other, with a pause in which the one before leaves: the server works while the next is put together.
    const body = yield* bodyPermit.withPermits(1)(Effect.tap(Effect.sync(() => join(from, to, lineAt)), Effect.yieldNow))
    const started = yield* MonotonicTime.millis
    yield* connection.retryPolicy.retry(connection.write(body))
    connection.statistics.stored(to - from, (yield* MonotonicTime.millis) - started)
    yield* Metric.update(linesTotal, to - from)
  })

  const deliver = (batch: Batch): Effect.Effect<ReadonlyArray<Refusal>, InfluxdbError> => {
    const { from, to } = batch
    return inFlightPermits.withPermits(1)(store(batch)).pipe(
      Effect.matchEffect({
        onSuccess: () =>
          Effect.sync((): ReadonlyArray<Refusal> => {
            batch.stored(from, to)
            if (to - from >= accepted) accepted = Math.min(batchLines, accepted + Math.ceil(accepted / 50))
            return []
          }),
        onFailure: Effect.fnUntraced(function*(error: InfluxdbError) {
          if (error.reason !== "too-large" && error.reason !== "refused") return yield* error
          if (to - from === 1) {
            connection.statistics.refused++
            yield* Metric.update(refusedTotal, 1)
            return [{ index: from, message: error.message }]
          }
          const middle = (from + to) >> 1
          if (error.reason === "too-large") accepted = Math.min(accepted, middle - from)
          const first = yield* deliver({ ...batch, to: middle })
          return [...first, ...yield* deliver({ ...batch, from: middle })]
        })
      })
    )
  }

  return {
    write: Effect.fnUntraced(function*(count, lineAt, stored = () => {}) {
      const size = accepted
      const starts = Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size)
      const refused = yield* Effect.forEach(
        starts,
        (from) => deliver({ from, to: Math.min(count, from + size), lineAt, stored }),
        { concurrency: inFlight }
      )
      return refused.flat()
    })
  }
}

/** The lines `[from, to)`, of one request. */
interface Batch {
  readonly from: number
  readonly to: number
  readonly lineAt: (index: number) => string
  readonly stored: (from: number, to: number) => void
}

const join = (from: number, to: number, lineAt: (index: number) => string): string => {
  const lines: Array<string> = []
  for (let i = from; i < to; i++) lines.push(lineAt(i))
  return lines.join("\n")
}
