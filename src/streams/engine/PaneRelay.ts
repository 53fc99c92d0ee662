/**
 * Carries panes out of a log, into which an engine elsewhere has written them, into the sink. As with the engine in
 * process, panes are written first and offsets saved after it: what a crash repeats are upserts, and change nothing.
 *
 * Where a pipeline has more than its first windows, the log has the panes of these, and what follows on them is computed here:
 * see `CarriedResults`. Its state is saved with the offsets.
 */
import { type Duration, Effect, Option, Semaphore, Stream } from "effect"
import { createHash } from "node:crypto"
import { StateError } from "../operator/State.ts"
import { CheckpointMismatch, type Head, type Part } from "../ports/Checkpoint.ts"
import { CheckpointStore } from "../ports/CheckpointStore.ts"
import { EventLog } from "../ports/EventLog.ts"
import { hasMore, upToWindows } from "../pipeline/FirstStage.ts"
import type { Pane } from "../pipeline/Pane.ts"
import * as PaneDecoder from "../pipeline/PaneDecoder.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import { CarriedJob, type Complete } from "./CarriedJob.ts"
import { version } from "./Job.ts"
import * as Resumption from "./Resumption.ts"
import type { Snapshot } from "./Snapshot.ts"
import { Kind, type Records, valueAt } from "../records/Records.ts"
import { ResultSink } from "../ports/ResultSink.ts"

export interface Options {
  /** Under this name the offsets are saved. */
  readonly name: string
  /** Whose panes are carried: the log may have those of others, too. */
  readonly pipelines: ReadonlyArray<Pipeline.Any>
  /** How far the other engine has come, each once its panes are in the log: results follow on windows by this alone. */
  readonly complete?: Stream.Stream<Complete> | undefined
  /** What else decides on the panes of a pipeline, such as the plan that computes them: state of another is not gone on with. */
  readonly plans?: { readonly [pipeline: string]: string } | undefined
  /** The offsets, one a partition, at which all is carried that is wanted; it goes on for ever without. */
  readonly stopAt?: ReadonlyArray<number> | undefined
  /**
   * Where the panes of one whole computation begin, which end at `stopAt`: they are carried, with all that follows on them,
   * whatever was carried before. It changes nothing of what is saved.
   */
  readonly startAt?: ReadonlyArray<number> | undefined
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
  const fingerprint = fingerprintOf(log.topic, options)
  const decode = PaneDecoder.make(options.pipelines.map((pipeline) => Pipeline.isOfPanes(pipeline) ? upToWindows(pipeline) : pipeline))
  const job = new CarriedJob(options.pipelines)
  const isWhole = options.startAt !== undefined
  const resumed = yield* resume(options.name, fingerprint, isWhole ? new CarriedJob(options.pipelines) : job)
  const offsets = [...options.startAt ?? resumed]
  const sinks = yield* Resumption.storeIds
  let [panes, unusable] = [0, 0]
  /** Changes of what there is to save, and how many of them are saved. */
  let [changes, saved] = [0, 0]
  // What one fiber has begun is carried out before another looks at it.
  const alone = Semaphore.makeUnsafe(1).withPermit
  const saving = Semaphore.makeUnsafe(1).withPermit

  const write = Effect.fnUntraced(function*(made: ReadonlyArray<Pane>) {
    if (made.length === 0) return
    yield* sink.write(made)
    panes += made.length
    if (options.onWritten !== undefined) yield* options.onWritten(made)
  })

  const writeAll = Effect.fnUntraced(function*(made: Iterable<ReadonlyArray<Pane>>) {
    for (const some of made) {
      yield* write(some)
      yield* Effect.yieldNow
    }
  })

  const carry = Effect.fnUntraced(function*(records: Records) {
    const found = sort(records, decode)
    yield* write(found.panes.filter((pane) => !job.take(pane)))
    const [first] = found.unusable
    if (first !== undefined) yield* Effect.logWarning(complaint(log.topic, first, found.unusable.length))
    unusable += found.unusable.length
    offsets[records.partition] = records.offsets[records.length - 1]! + 1
    yield* writeAll(job.advance(offsets))
    changes++
  })

  const save = saving(Effect.gen(function*() {
    const covered = changes
    if (covered === saved || isWhole) return
    const part = yield* alone(Effect.sync(() => carriedTo({ fingerprint, log: log.id, sinks, offsets: [...offsets] }, job.checkpoint())))
    yield* Effect.uninterruptible(store.save(options.name, part))
    saved = covered
  }))

  /** It is durable before it takes effect. */
  const note = Effect.fnUntraced(function*(complete: Complete) {
    if (!job.note(complete)) return
    changes++
    yield* save
    // Were it ended in between, what is saved at last would have come further than the sink.
    yield* Effect.uninterruptible(alone(Effect.suspend(() => writeAll(job.settle(offsets)))))
    changes++
  })

  const isDone = () => options.stopAt !== undefined && options.stopAt.every((end, i) => (offsets[i] ?? 0) >= end)
  // So that another version of these pipelines is told from this one.
  if (Option.isNone(yield* store.load(options.name))) {
    yield* store.save(options.name, carriedTo({ fingerprint, log: log.id, sinks, offsets: resumed }, job.checkpoint()))
  }
  // What was durable when the last run ended, and may not have taken effect.
  yield* writeAll(job.advance(offsets))
  if (!isDone()) {
    const carrying = log.read([...offsets]).pipe(Stream.tap((records) => alone(carry(records))), Stream.takeUntil(isDone), Stream.runDrain)
    const noting = Effect.andThen(Stream.runForEach(options.complete ?? Stream.empty, note), Effect.never)
    const saves = Effect.forever(Effect.andThen(Effect.sleep(options.saveEvery ?? "1 second"), save))
    yield* Effect.raceFirst(carrying, Effect.raceFirst(noting, saves))
  }
  if (isWhole) yield* writeAll(job.close())
  yield* save
  const result: Carried = { panes, unusable }
  return result
})

/** From now on all that the log holds counts as carried. Fails where `run` would fail. */
export const skip = Effect.fn("PaneRelay.skip")(function*(options: Pick<Options, "name" | "pipelines" | "plans">) {
  const log = yield* EventLog
  const store = yield* CheckpointStore
  const { name, pipelines } = options
  const fingerprint = fingerprintOf(log.topic, options)
  const job = new CarriedJob(pipelines)
  yield* resume(name, fingerprint, new CarriedJob(pipelines))
  const sinks = yield* Resumption.storeIds
  yield* store.save(name, carriedTo({ fingerprint, log: log.id, sinks, offsets: yield* log.ends }, job.checkpoint()))
})

/** Offsets count in one topic: saved for another one they would pass over panes. */
const fingerprintOf = (topic: string, { pipelines, plans }: Pick<Options, "pipelines" | "plans">): string => {
  const more = pipelines.filter(Pipeline.isOfPanes).filter(hasMore)
  const state = more.length === 0 ? [] : [version, ...more.map(({ name }) => plans?.[name] ?? "")]
  return createHash("sha256").update(JSON.stringify(["carry", topic, Pipeline.fingerprint(pipelines), ...state])).digest("hex")
}

/** Under this name the fingerprint of all pipelines together is saved. */
const carrier = "carry"

const carriedTo = (
  { fingerprint, ...head }: Omit<Head, "pipelines" | "processor" | "savedAt"> & { readonly fingerprint: string },
  state: Pick<Part, "isBase" | "sections">
): Part => ({ head: { ...head, savedAt: 0, processor: carrier, pipelines: { [carrier]: fingerprint } }, ...state })

const resume = Effect.fnUntraced(function*(name: string, fingerprint: string, job: CarriedJob) {
  const { partitions } = yield* EventLog
  const found = yield* Resumption.load(name)
  if (Option.isNone(found)) return Array.from({ length: partitions }, () => 0)
  const { offsets, pipelines, sections } = found.value
  if (pipelines[carrier] !== fingerprint || !isRestored(job, sections)) return yield* new CheckpointMismatch({ name })
  return Array.from({ length: partitions }, (_, partition) => offsets[partition] ?? 0)
})

/** False where the state is damaged, or was written by another version. */
const isRestored = (job: CarriedJob, sections: Snapshot): boolean => {
  try {
    job.restore(sections)
    return true
  } catch (error) {
    if (error instanceof StateError) return false
    throw error
  }
}

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
