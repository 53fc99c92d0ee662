/** Whether a topic is still the one that it was. */
import { Effect } from "effect"
import * as Metadata from "../wire/Metadata.ts"
import { type Client, KafkaError, type Reader, type Topic } from "./Client.ts"
import type { Request } from "./Group.ts"

/** Asks any broker which topic has a name. */
export const find = Effect.fnUntraced(function*(
  name: string,
  ask: (request: Request) => Effect.Effect<Buffer, KafkaError>
): Effect.fn.Return<Topic, KafkaError> {
  const answer = yield* ask(Metadata.request(name))
  const { errorCode, id } = Metadata.response(answer)
  if (errorCode === 0) return { name, id }
  const code = errors[errorCode] ?? null
  return yield* new KafkaError({
    message: `the topic ${name} cannot be found: ${code ?? `error ${errorCode}`}`,
    retriable: code !== null,
    code
  })
})

const errors: { readonly [code: number]: string } = { 3: "UNKNOWN_TOPIC_OR_PARTITION", 5: "LEADER_NOT_AVAILABLE" }

/** The answers to a fetch of a topic that a broker does not know, or of which it has another one's log. */
const unknown: ReadonlySet<number> = new Set([100, 103])

/**
 * A reader that says when its topic is gone for good. A broker that does not know the id may only not know it yet: then the
 * answers stay as they are.
 */
export const guarded = (topic: Topic, reader: Reader, find: Client["topic"]): Reader => ({
  ...reader,
  fetch: (leader, places) =>
    Effect.tap(reader.fetch(leader, places), (found) =>
      found.some(({ errorCode }) => unknown.has(errorCode)) ? Effect.flatMap(find(topic.name), same(topic)) : Effect.void)
})

const same = (topic: Topic) => ({ id }: Topic): Effect.Effect<void, KafkaError> =>
  id === topic.id ? Effect.void : Effect.fail(
    new KafkaError({
      message: `the topic ${topic.name} was deleted and made again; what was read is of the one before`,
      reason: { _tag: "topic-made-anew" },
      retriable: false,
      code: null
    })
  )
