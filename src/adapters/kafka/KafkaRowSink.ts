/**
 * Rows in a topic that others read as events. The key is the row's key, the value its fields as JSON, so that whoever reads
 * the source's topic can read this one. The headers `courant-pipeline`, `courant-place` (`{"source","partition","offset"}`
 * as JSON, with `"joined"` for a pair, `"window"` for a row of results) and `courant-time` (the event time in milliseconds since the epoch) say the rest; the timestamp is the time of
 * writing. Rows of one key are in one partition, in the order in which they were written.
 *
 * Records are only added. A row that is written again after a crash has the same key, value and headers: a consumer
 * keeps one for each pipeline and place, as `read` does. The topic must not be compacted, which would keep one row of each
 * key. `remove` writes a record without key and value to each partition, with the headers `courant-pipeline` and
 * `courant-removed`: rows of the pipeline before it no longer count.
 *
 * Reading back keeps all rows in memory; writing needs none of them.
 */
import { Effect, Layer, Option, Schema } from "effect"
import * as Row from "../../streams/pipeline/Row.ts"
import { RowSink, RowSinkError, select } from "../../streams/ports/RowSink.ts"
import type { KafkaError } from "./client/Client.ts"
import type { Connection } from "./client/Connection.ts"
import * as CompactedTopic from "./CompactedTopic.ts"

export interface Options {
  readonly topic: string
  /** A new topic gets so many, 1 unless told; an existing one must have so many, if told. */
  readonly partitions?: number | undefined
}

export const layer = (options: Options): Layer.Layer<RowSink, RowSinkError, Connection> =>
  Layer.effect(RowSink, make(options).pipe(Effect.mapError(toSinkError)))

const make = Effect.fnUntraced(function*(options: Options) {
  /** By pipeline, then by place. */
  const rows = new Map<string, Map<string, Row.Encoded>>()
  const table = yield* CompactedTopic.open({
    ...options,
    configs: { "cleanup.policy": "delete" },
    // For ever, like every topic that we make: whoever wants less says so on the topic.
    initially: { "retention.ms": "-1" },
    onRow: (record) => {
      const pipeline = record.header("courant-pipeline")
      if (pipeline === null) return
      if (record.header("courant-removed") !== null) return void rows.delete(pipeline)
      const row = rowOf(pipeline, record)
      if (row === null) return
      const known = rows.get(pipeline) ?? new Map<string, Row.Encoded>()
      rows.set(pipeline, known.set(Row.identityOf(row), row))
    }
  })

  return RowSink.of({
    stores: Effect.succeed([table.store]),
    write: (rows) => table.put(rows.map(toRecord)).pipe(Effect.mapError(toSinkError)),
    read: (query) =>
      table.catchUp.pipe(
        Effect.map(() => select([...rows.values()].flatMap((known) => [...known.values()]), query)),
        Effect.mapError(toSinkError)
      ),
    remove: (pipeline) =>
      table.put(Array.from({ length: table.partitions }, (_, partition) =>
        ({ key: null, value: null, partition, headers: { "courant-pipeline": pipeline, "courant-removed": "1" } }))).pipe(
        Effect.mapError(toSinkError)
      )
  })
})

const toRecord = ({ key, pipeline, place, time, values }: Row.Row): CompactedTopic.NewRow => ({
  key,
  value: Buffer.from(Row.valuesToJson(values)),
  headers: { "courant-pipeline": pipeline, "courant-place": Row.placeToJson(place), "courant-time": String(time) }
})

const decode = Schema.decodeUnknownOption(Row.Encoded)

/** `null` for what is none of ours. */
const rowOf = (pipeline: string, { header, key, value }: CompactedTopic.Row): Row.Encoded | null => {
  const parsed = Option.all([parse(header("courant-place")), parse(header("courant-time")), parse(value?.toString() ?? null)])
  return Option.getOrNull(Option.flatMap(parsed, ([place, time, values]) => decode({ pipeline, place, key, time, values })))
}

const parse = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

function toSinkError(error: KafkaError): RowSinkError {
  return new RowSinkError({ message: error.message, cause: error })
}
