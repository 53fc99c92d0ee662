/** The sinks of a process: of rows, of panes, and a log of panes from which another process carries them into the sink. */
import { Effect, Layer } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { Kind, type Records, valueAt } from "../../streams/records/Records.ts"
import { ResultSink, ResultSinkError } from "../../streams/ports/ResultSink.ts"
import * as RetryPolicy from "../../streams/ports/RetryPolicy.ts"
import { RowSink, RowSinkError } from "../../streams/ports/RowSink.ts"
import { halfOf, type Simulated } from "./Ports.ts"
import type { StoredLog } from "./StoredLog.ts"
import { idOf, type Stores } from "./Stores.ts"
import type { Watch } from "./Watch.ts"

const lost = "another has the place"

const toError = (message: string) => new ResultSinkError({ message })

/** Whoever has lost the place is told so when it asks; what it was about to write then comes all the same. */
const inPlace = <E>({ hasPlace }: Simulated, toError: (message: string) => E, write: Effect.Effect<void, E>): Effect.Effect<void, E> =>
  Effect.suspend(() => hasPlace() ? write : Effect.fail(toError(`planted: ${lost}`)))

const theSink = (stores: Stores, of: string) => Effect.sync(() => [{ name: `the sink of ${of}`, id: `${of} ${stores.anew}` }])

/** `watch` looks at what is written, where the order means something. */
export const panesLayer = (simulated: Simulated, watch: Watch | null) => {
  const { faults, hasPlace, process, stores } = simulated
  const read = faults.request(process, { name: "recall", apply: () => [...stores.panes.values()] }, toError)
  return Layer.succeed(ResultSink, {
    stores: theSink(stores, "panes"),
    write: (panes) => {
      watch?.writes(panes)
      const encoded = panes.map(Pane.encode)
      const { anew } = stores
      const keep = (pane: Pane.Encoded) => {
        if (stores.anew !== anew) return
        if (!hasPlace()) stores.overtaken.add(idOf(pane))
        stores.keepPane(pane)
      }
      const apply = () => encoded.forEach(keep)
      const request = { name: "panes", isWrite: true, mayComeLate: true, apply, half: halfOf(encoded, keep) }
      return inPlace(simulated, toError, faults.request(process, request, toError))
    },
    read: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    recall: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    remove: () => Effect.void
  })
}

/** A sink of a server that is away now and then: it is asked again, until it has what it was given. */
export const patient = Layer.effect(
  ResultSink,
  Effect.gen(function*() {
    const sink = yield* ResultSink
    const { retry } = RetryPolicy.make({
      server: "the sink",
      backOff: { first: "10 millis", longest: "500 millis" },
      isPassing: (error): error is ResultSinkError => error instanceof ResultSinkError && !error.message.includes(lost),
      counter: { name: "courant_simulated_retries_total", description: "Requests to the sink that were sent again." }
    })
    return ResultSink.of({ ...sink, write: (panes) => retry(sink.write(panes)) })
  })
)

export const rowsLayer = (simulated: Simulated) => {
  const { faults, process, stores } = simulated
  const toError = (message: string) => new RowSinkError({ message })
  return Layer.succeed(RowSink, {
    stores: theSink(stores, "rows"),
    write: (rows) => {
      const { anew } = stores
      const keep = (row: (typeof rows)[number]) => {
        if (stores.anew === anew) stores.keepRow(row)
      }
      const request = { name: "rows", isWrite: true, mayComeLate: true, apply: () => rows.forEach(keep), half: halfOf(rows, keep) }
      return inPlace(simulated, toError, faults.request(process, request, toError))
    },
    read: () => Effect.succeed([]),
    remove: () => Effect.void
  })
}

/** As a topic of panes: what is written twice is there twice, an older one maybe behind a newer one. */
export const paneLogLayer = (simulated: Simulated, log: StoredLog, watch: Watch) => {
  const { faults, hasPlace, process, stores } = simulated
  const read = faults.request(process, { name: "recall", apply: () => newestOf(log) }, toError)
  return Layer.succeed(ResultSink, {
    write: (panes) => {
      watch.writes(panes)
      const lines = panes.map((pane) => ({ id: idOf(pane), key: pane.key, text: Pane.toJson(pane) }))
      const keep = ({ id, key, text }: (typeof lines)[number]) => {
        if (!hasPlace()) stores.overtaken.add(id)
        const appendedAt = process.currentTimeMillisUnsafe()
        // The key of all rows is empty.
        const partition = (key.codePointAt(0) ?? 0) % log.partitions.length
        log.append(partition, [{ bytes: Buffer.from(text), kind: Kind.event, appendedAt }])
        // A topic has records of others, too.
        if (faults.happens(0.02)) log.append(partition, [{ bytes: Buffer.from("{no pane"), kind: Kind.event, appendedAt }])
        if (faults.happens(0.02)) log.append(partition, [{ bytes: Buffer.alloc(0), kind: Kind.none, appendedAt }])
      }
      const request = { name: "panes", isWrite: true, mayComeLate: true, apply: () => lines.forEach(keep), half: halfOf(lines, keep) }
      return inPlace(simulated, toError, faults.request(process, request, toError))
    },
    read: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    recall: ({ pipeline }) => Effect.map(read, (all) => all.filter((pane) => pane.pipeline === pipeline)),
    remove: () => Effect.void
  })
}

/** The newest pane of each window in a log of panes. */
export const newestOf = (log: StoredLog): ReadonlyArray<Pane.Encoded> => {
  const newest = new Map<string, Pane.Encoded>()
  for (const pane of log.partitions.flatMap((_, partition) => panesIn(log.records(partition)))) {
    const before = newest.get(idOf(pane))
    if (before === undefined || Pane.replaces(pane, before)) newest.set(idOf(pane), pane)
  }
  return [...newest.values()]
}

const panesIn = (records: Records): ReadonlyArray<Pane.Encoded> =>
  Array.from({ length: records.length }, (_, index) => Buffer.from(valueAt(records, index)).toString()).flatMap((text) =>
    // What begins as a pane was written as one.
    text.startsWith("{\"pipeline\"") ? [JSON.parse(text) as Pane.Encoded] : [])
