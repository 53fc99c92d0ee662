/**
 * Carries panes out of a log, into which an engine elsewhere has written them, into the sink. As with the engine in
 * process, panes are written first and offsets saved after it: what a crash repeats are upserts, and change nothing.
 */
import { type Duration, Effect, Option, Stream } from "effect"
import { createHash } from "node:crypto"
import { CheckpointMismatch, type Head, type Part } from "../ports/Checkpoint.ts"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { EventLog } from "../ports/EventLog.ts"
import type { Pane } from "../pipeline/Pane.ts"
import * as PaneDecoder from "../pipeline/PaneDecoder.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import * as Resumption from "./Resumption.ts"
import { Kind, type Records, valueAt } from "../records/Records.ts"
import { ResultSink } from "../ports/ResultSink.ts"

export interface Options {
  /** Under this name the offsets are saved. */
  readonly name: string
  /** Whose panes are carried: the log may have those of others, too. */
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  /** The offsets, one a partition, at which all is carried that is wanted; it goes on for ever without. */
  readonly stopAt?: ReadonlyArray<number> | undefined
  /** At most this much is carried again after a crash; 1 second by default. */
  readonly saveEvery?: Duration.Input | undefined
  /** Learns of panes that the sink has stored. */
  readonly onWritten?: ((panes: ReadonlyArray<Pane>) => Effect.Effect<void>) | undefined
}

export interface Carried {
  readonly panes: number
  /** Records that are no pane, or one of a former pipeline of the name: they are said on the log and left where they are. */
  readonly unusable: number
}

/**
 * Needs the log of the panes as its `EventLog`. Fails for offsets that were saved for other pipelines or for another log,
 * and for a log that ends before them.
 */
export const run = Effect.fn("PaneRelay.run")(function*(options: Options) {
  const log = yield* EventLog
  const sink = yield* ResultSink
  const store = yield* CheckpointStore
  const fingerprint = fingerprintOf(log.topic, options.pipelines)
  const decode = PaneDecoder.make(options.pipelines)
  const offsets = yield* resume(options.name, fingerprint)
  const sinks = yield* Resumption.storeIds
  let [panes, unusable] = [0, 0]
  /** Batches that were carried, and how many of them the saved offsets cover. */
  let [carried, saved] = [0, 0]

  const write = Effect.fnUntraced(function*(records: Records) {
    const found = sort(records, decode)
    if (found.panes.length > 0) {
      yield* sink.write(found.panes)
      panes += found.panes.length
      if (options.onWritten !== undefined) yield* options.onWritten(found.panes)
    }
    const [first] = found.unusable
    if (first !== undefined) yield* Effect.logWarning(complaint(log.topic, first, found.unusable.length))
    unusable += found.unusable.length
    offsets[records.partition] = records.offsets[records.length - 1]! + 1
    carried++
  })

  const save = Effect.gen(function*() {
    const covered = carried
    if (covered === saved) return
    yield* store.save(options.name, carriedTo({ fingerprint, log: log.id, sinks, offsets: [...offsets] }))
    saved = covered
  })

  const isDone = () => options.stopAt !== undefined && options.stopAt.every((end, i) => (offsets[i] ?? 0) >= end)
  if (!isDone()) {
    const carrying = log.read([...offsets]).pipe(Stream.tap(write), Stream.takeUntil(isDone), Stream.runDrain)
    const saving = Effect.forever(Effect.andThen(Effect.sleep(options.saveEvery ?? "1 second"), save))
    yield* Effect.raceFirst(carrying, saving)
  }
  yield* save
  const result: Carried = { panes, unusable }
  return result
})

/** From now on all that the log holds counts as carried. Fails where `run` would fail. */
export const skip = Effect.fn("PaneRelay.skip")(function*(name: string, pipelines: ReadonlyArray<Pipeline.Any>) {
  const log = yield* EventLog
  const store = yield* CheckpointStore
  const fingerprint = fingerprintOf(log.topic, pipelines)
  yield* resume(name, fingerprint)
  const sinks = yield* Resumption.storeIds
  yield* store.save(name, carriedTo({ fingerprint, log: log.id, sinks, offsets: yield* log.ends }))
})

/** Offsets count in one topic: saved for another one they would pass over panes. */
const fingerprintOf = (topic: string, pipelines: ReadonlyArray<Pipeline.Any>): string =>
  createHash("sha256").update(JSON.stringify(["carry", topic, Pipeline.fingerprint(pipelines)])).digest("hex")

/** Under this name the fingerprint of all pipelines together is saved. */
const carrier = "carry"

/** Offsets are all that there is to save. */
const carriedTo = ({ fingerprint, ...head }: Omit<Head, "pipelines" | "processor" | "savedAt"> & { readonly fingerprint: string }): Part =>
  ({ head: { ...head, savedAt: 0, processor: carrier, pipelines: { [carrier]: fingerprint } }, isBase: true, sections: [] })

const resume = Effect.fnUntraced(function*(name: string, fingerprint: string) {
  const { partitions } = yield* EventLog
  const found = yield* Resumption.load(name)
  if (Option.isSome(found) && found.value.pipelines[carrier] !== fingerprint) return yield* new CheckpointMismatch({ name })
  const saved = Option.match(found, { onNone: () => [], onSome: ({ offsets }) => offsets })
  return Array.from({ length: partitions }, (_, partition) => saved[partition] ?? 0)
})

interface Unusable {
  readonly reason: "no-pane" | "former-pipeline"
  readonly partition: number
  readonly offset: number
}

const sort = (records: Records, decode: ReturnType<typeof PaneDecoder.make>) => {
  const panes: Array<Pane> = []
  const unusable: Array<Unusable> = []
  for (let i = 0; i < records.length; i++) {
    // Decisions are none of ours, and a record without a value only takes away what was written under its key before.
    if (records.kinds[i] === Kind.none || records.ends[i]! < records.starts[i]!) continue
    const found = decode(valueAt(records, i))
    if (found === "no-pane" || found === "former-pipeline") {
      unusable.push({ reason: found, partition: records.partition, offset: records.offsets[i]! })
    } else if (found !== "other-pipeline") panes.push(found)
  }
  return { panes, unusable }
}

const complaint = (topic: string, { offset, partition, reason }: Unusable, count: number): string =>
  `${count} records of ${topic} were not carried; the first, at offset ${offset} of partition ${partition}, is ` +
  (reason === "no-pane" ? "no pane" : "a pane of a former pipeline of its name, with other windows or results")
