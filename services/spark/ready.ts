/** Whether the cluster takes applications and has somewhere to run them. */
import { Effect, Option, Schema } from "effect"
import { notYet, type NotYet } from "../tool/Ask.ts"
import * as Http from "../tool/Http.ts"

/** Of https://spark.apache.org/docs/4.0.0/spark-standalone.html#rest-api: its answer is about the master itself. */
export const takesSubmissions = Effect.fnUntraced(function*(rest: number): Effect.fn.Return<void, NotYet> {
  const { status } = yield* Http.ask(`http://127.0.0.1:${rest}/v1/submissions/readyz`)
  if (status !== 200) return yield* notYet(`the master does not take applications yet (${status})`)
})

/** Succeeds while the master counts so many workers that are alive, as its page tells programs. */
export const workers = Effect.fnUntraced(function*(page: number, count: number): Effect.fn.Return<void, NotYet> {
  const { text } = yield* Http.ask(`http://127.0.0.1:${page}/json/`)
  const alive = Option.getOrUndefined(decode(text))?.aliveworkers
  if (alive !== count) return yield* notYet(`the master counts ${alive ?? "no"} workers`)
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ aliveworkers: Schema.Int })))
