/** The server-sent events of `stream`, as its document describes them. */
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import * as Pane from "../../streams/pipeline/Pane.ts"
import { ToldFiring } from "./alerts/Told.ts"
import { EncodedProgress } from "./EncodedProgress.ts"
import { FeedState } from "./FeedState.ts"

const event = <Name extends string, Data extends Schema.Codec<unknown, unknown>>(name: Name, data: Data) =>
  Schema.Struct({ id: Schema.optionalKey(Schema.String), event: Schema.Literal(name), data: Schema.fromJsonString(data) })

const Value = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null])

/** Of each key the newest window that has changed: its key, start, end and kind, and the values that are watched. */
export const Rows = Schema.Struct({
  pipeline: Schema.String,
  fields: Schema.Array(Schema.String),
  rows: Schema.Array(Schema.TupleWithRest(
    Schema.Tuple([Schema.String, Schema.Int, Schema.Int, Pane.Encoded.fields.pane]),
    [Value]
  ))
})

export const StreamEvent = Schema.Union([
  event("pane", Pane.Encoded),
  event("forming", Pane.Encoded),
  event("rows", Rows),
  event("progress", EncodedProgress),
  event("status", Schema.Struct({ freshness: FeedState.fields.freshness, feed: FeedState })),
  event("waiting", Schema.Struct({ why: Schema.String })),
  event("alert", ToldFiring),
  event("alerts", Schema.Struct({})),
  event("missed", Schema.Struct({ pipeline: Schema.optionalKey(Schema.String) })),
  event("beat", Schema.Struct({ now: Schema.Int }))
])

export const Streamed = HttpApiSchema.StreamSse({ events: StreamEvent })
