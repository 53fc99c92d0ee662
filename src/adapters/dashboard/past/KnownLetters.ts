/** What a replay could not use: how much for which reason, and of each pipeline what came last. */
import { Effect } from "effect"
import type { Unused } from "../../../streams/engine/Refusals.ts"
import { type DeadLetter, DeadLetters, type Latest, type LatestQuery } from "../../../streams/ports/DeadLetters.ts"
import type { EventLog } from "../../../streams/ports/EventLog.ts"
import { placeOf } from "../../../streams/ports/SourceLogs.ts"
import { type Records, valueAt } from "../../../streams/records/Records.ts"
import type { Reason } from "../../../streams/records/Refusal.ts"
import { byCodePoints } from "../../../streams/records/StringOrder.ts"

/** Letters of each pipeline that are kept. */
const mostLetters = 200

/** Bytes of each. */
const mostBytes = 4_000

interface Numbered extends DeadLetter {
  readonly number: number
}

/** Those that nobody's pipeline refused among them. */
interface OfPipeline {
  readonly counts: ReadonlyMap<Reason, number>
  readonly latest: ReadonlyArray<Numbered>
}

export class KnownLetters {
  #count: number
  readonly #byPipeline: Map<string | null, OfPipeline>

  constructor(before?: KnownLetters) {
    this.#count = before === undefined ? 0 : before.#count
    this.#byPipeline = new Map(before === undefined ? [] : before.#byPipeline)
  }

  /** A row that was held before it was refused is not in these records: of such a one there is no text. */
  note(unused: ReadonlyArray<Unused>, records: Records | null, log: EventLog["Service"]): void {
    const letters = unused.map(({ partition, record, ...letter }) => {
      const bytes = record === null || records === null ? new Uint8Array(0) : valueAt(records, record).slice(0, mostBytes)
      return { ...placeOf(log, partition), ...letter, bytes, number: this.#count++ }
    })
    for (const [pipeline, own] of Map.groupBy(letters, ({ pipeline }) => pipeline)) {
      const before = this.#byPipeline.get(pipeline)
      const counts = new Map(before?.counts)
      for (const { reason } of own) counts.set(reason, (counts.get(reason) ?? 0) + 1)
      this.#byPipeline.set(pipeline, { counts, latest: [...before?.latest ?? [], ...own].slice(-mostLetters) })
    }
  }

  /** As they could be asked for then. */
  get service(): DeadLetters["Service"] {
    return DeadLetters.of({
      latest: (query) => Effect.sync(() => this.#latest(query)),
      read: () => Effect.succeed([]),
      write: () => Effect.void,
      remove: () => Effect.void
    })
  }

  #latest({ limit, pipeline }: LatestQuery): Latest {
    const own = [...this.#byPipeline].flatMap(([name, of]) => pipeline === undefined || name === pipeline ? [of] : [])
    const counts = new Map<Reason, number>()
    for (const [reason, count] of own.flatMap(({ counts }) => [...counts])) counts.set(reason, (counts.get(reason) ?? 0) + count)
    return {
      byReason: Array.from(counts, ([reason, count]) => ({ reason, count })).sort((a, b) => byCodePoints(a.reason, b.reason)),
      latest: own.flatMap(({ latest }) => latest).sort((a, b) => b.number - a.number).slice(0, limit)
    }
  }
}
