/**
 * The topic of panes as a log, to be carried into another sink: what `KafkaResultSink` or a cluster has written, in the
 * order in which it was written. A tombstone is read as the retracted pane that was made into it.
 *
 * Compaction leaves a tombstone for a day (`delete.retention.ms`): who carries on after a longer time does not learn that a
 * window was retracted.
 */
import type { Layer } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import type { EventLog, EventLogError } from "../../streams/ports/EventLog.ts"
import type { Row } from "./CompactedTopic.ts"
import type { Connection } from "./client/Connection.ts"
import * as KafkaEventLog from "./KafkaEventLog.ts"

export interface Options {
  readonly topic: string
  /** A new topic gets so many, 1 unless told; an existing one must have so many, if told. */
  readonly partitions?: number | undefined
}

export const layer = (options: Options): Layer.Layer<EventLog, EventLogError, Connection> =>
  KafkaEventLog.layerCompacted({ ...options, tombstone: retraction })

/** `null` where a tombstone says nothing of a window's revision: a pipeline was forgotten, or it is another's. */
const retraction = ({ header, key }: Row): Uint8Array | null => {
  const revision = Number(header("courant-revision") ?? -1)
  const changes = Number(header("courant-changes") ?? 0)
  const [, pipeline, symbol, start, end] = written.exec(key) ?? []
  if (pipeline === undefined || symbol === undefined || ![revision, changes].every(isCount)) return null
  return Buffer.from(Pane.toJson({
    pipeline: unescape(pipeline),
    key: unescape(symbol),
    start: Number(start),
    end: Number(end),
    pane: "retracted",
    revision,
    changes,
    values: {}
  }))
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** `pipeline|key|start|end`, as `KafkaResultSink` makes it. */
const written = /^((?:[^\\|]|\\.)*)\|((?:[^\\|]|\\.)*)\|(-?\d+)\|(-?\d+)$/s

const unescape = (text: string): string => text.replaceAll(/\\(.)/gs, "$1")
