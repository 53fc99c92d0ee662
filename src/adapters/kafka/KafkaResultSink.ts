/**
 * Panes in a compacted topic. The key is `pipeline|symbol|start|end`: the start alone would not do, since a
 * cumulative window begins where the longer one of the same day does. The value is the pane's JSON (`Pane.toJson`),
 * the headers `courant-revision` and `courant-changes` say how old it is, the timestamp is the time of writing. A
 * retracted window is a tombstone.
 *
 * Of the records of one window that are still there, readers take the newest (`Pane.replaces`) in the order in which
 * they were written. Compaction keeps the last: an older pane is not written after a newer one of the same run, a run
 * that resumes ends with the newest whatever it writes on its way there, and a processor that was taken over from is
 * fenced (see `Fence`).
 *
 * Reading back keeps all panes in memory; writing needs none of them.
 */
import { Effect, Layer, Option, Schema } from "effect"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { ResultSink, ResultSinkError, select } from "../../streams/ports/ResultSink.ts"
import type { KafkaError } from "./client/Client.ts"
import * as CompactedTopic from "./CompactedTopic.ts"
import type { Connection } from "./client/Connection.ts"

export interface Options {
  readonly topic: string
  /** A new topic gets so many, 1 unless told; an existing one must have so many, if told. */
  readonly partitions?: number | undefined
}

export const layer = (options: Options): Layer.Layer<ResultSink, ResultSinkError, Connection> =>
  Layer.effect(ResultSink, make(options).pipe(Effect.mapError(toSinkError)))

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Pane.Encoded))

const make = Effect.fnUntraced(function*(options: Options) {
  /** The newest of each window that is known; no pane where it is retracted. */
  const newest = new Map<string, { readonly age: Pane.Age; readonly pane: Pane.Encoded | null }>()
  const table = yield* CompactedTopic.open({
    ...options,
    onRow: (row) => {
      if (row.value === null && row.header("courant-revision") === forgotten) return void newest.delete(row.key)
      const pane = row.value === null ? null : Option.getOrNull(decode(row.value.toString()))
      const known = newest.get(row.key)?.age
      const age = pane ?? { pane: "retracted", changes: countIn(row.header("courant-changes")) ?? known?.changes ?? 0 }
      if (known === undefined || Pane.replaces(age, known)) newest.set(row.key, { age: { pane: age.pane, changes: age.changes }, pane })
    }
  })

  return ResultSink.of({
    stores: Effect.succeed([table.store]),
    write: (panes) =>
      table.put(toRows(newest.size === 0 ? panes : panes.filter((pane) => isNewest(pane, newest.get(keyOf(pane))?.age)))).pipe(
        Effect.mapError(toSinkError)
      ),
    read: (query) =>
      table.catchUp.pipe(
        Effect.map(() => select([...newest.values()].flatMap(({ pane }) => pane === null ? [] : [pane]), query)),
        Effect.mapError(toSinkError)
      ),
    remove: Effect.fnUntraced(function*(pipeline) {
      yield* table.catchUp
      const gone = [...newest.keys()].filter((key) => key.startsWith(`${escape(pipeline)}|`))
      yield* table.put(gone.map((key) => ({ key, value: null, headers: { "courant-revision": forgotten } })))
      for (const key of gone) newest.delete(key)
    }, Effect.mapError(toSinkError))
  })
})

/** `null` in a tombstone of another's hand, which takes away what is there. */
const countIn = (header: string | null): number | null => header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null

const isNewest = (pane: Pane.Pane, known: Pane.Age | undefined): boolean => known === undefined || Pane.replaces(pane, known)

/** The revision of a tombstone after which every pane is new: the pipeline is computed again from the beginning. */
const forgotten = "-1"

/** The parts are separated by bars; one within a part is escaped, so that no two windows share a key. */
const keyOf = ({ end, key, pipeline, start }: Pane.Pane): string =>
  `${escape(pipeline)}|${escape(key)}|${start}|${end}`

const escape = (text: string): string => text.replaceAll(/[\\|]/g, "\\$&")

/** Panes that are written together mostly have the same age: one value for a run of them, so that it is encoded once. */
const toRows = (panes: ReadonlyArray<Pane.Pane>): ReadonlyArray<CompactedTopic.NewRow> => {
  let [revision, changes] = [-1, -1]
  let headers: NonNullable<CompactedTopic.NewRow["headers"]> = {}
  return panes.map((pane) => {
    if (pane.revision !== revision || pane.changes !== changes) {
      ;({ changes, revision } = pane)
      headers = { "courant-revision": String(revision), "courant-changes": String(changes) }
    }
    return { key: keyOf(pane), value: pane.pane === "retracted" ? null : Buffer.from(Pane.toJson(pane)), headers }
  })
}

function toSinkError(error: KafkaError): ResultSinkError {
  return new ResultSinkError({ message: error.message, cause: error })
}
