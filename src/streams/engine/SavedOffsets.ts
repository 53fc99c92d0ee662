/** Where a checkpoint stands in a log: its offsets in the numbering that the log has now, whatever sources it had then. */
import type { Head } from "../ports/Checkpoint.ts"
import type { EventLog } from "../ports/EventLog.ts"
import { numbered, ofSource, sourcesOf } from "../ports/SourceLogs.ts"

export interface SavedOffsets {
  readonly offsets: ReadonlyArray<number>
  /** Of each source of the log. */
  readonly known: ReadonlyArray<Known>
}

export interface Known {
  readonly topic: string
  /** The partitions that the checkpoint knows; of a source that it does not know, all. */
  readonly partitions: number
  /** Those that there are by now. */
  readonly now: number
}

/** The sources of a log, as a checkpoint names them; none where it is one topic for whatever source reads it. */
export const sourcesIn = ({ sources }: EventLog["Service"]): Pick<Head, "sources"> =>
  sources === undefined ? {} : { sources: sources.map(({ log, name }) => ({ name, id: log.id, partitions: log.partitions })) }

/** `null` for one that was saved over another log: over no source that this one has, or over another topic of one of them. */
export const savedOffsets = (head: Pick<Head, "log" | "offsets" | "sources">, log: EventLog["Service"]): SavedOffsets | null => {
  const saved = head.sources ?? [{ name: null, id: head.log, partitions: head.offsets.length }]
  const found = sourcesOf(log).map((source) => {
    const index = saved.findIndex(({ name }) => name === source.name)
    const { id, partitions } = saved[index] ?? { id: null, partitions: 0 }
    return { log: source.log, id, offsets: id === null ? null : ofSource(head.offsets, index, saved.length).slice(0, partitions) }
  })
  if (found.every(({ id }) => id === null) || found.some(({ id, log }) => id !== null && id !== log.id)) return null
  return {
    offsets: numbered(found.map(({ offsets }) => offsets ?? []), 0),
    known: found.map(({ log, offsets }) => ({ topic: log.topic, partitions: offsets?.length ?? log.partitions, now: log.partitions }))
  }
}
