/** Requests to the REST API of a master, and what its answers mean. */
import { type Duration, Effect, Redacted, Schema } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"
import { SubmissionError } from "./SubmissionError.ts"

export interface Options {
  readonly url: string
  readonly token: Redacted.Redacted | undefined
  readonly timeout: Duration.Duration
}

type Action = "create" | "status" | "kill" | "readyz"

/** What an answer is read as: nothing of it needs a service. */
type Answer<A> = Schema.Codec<A, unknown>

export const make = Effect.fnUntraced(function*(options: Options) {
  const base = yield* checkedUrl(options.url)
  const at = `the Spark master at ${base}`
  const client = yield* HttpClient.HttpClient
  const own = options.token === undefined ? [] : [Redacted.value(options.token)]

  const error = (reason: SubmissionError["reason"], message: string, secrets: ReadonlyArray<string> = []) =>
    new SubmissionError({ reason, message: `${at} ${without([...own, ...secrets], message)}` })

  const refused = (words: string, secrets: ReadonlyArray<string> = []) =>
    error("refused", `refuses: ${words}`, secrets)

  const ask = Effect.fnUntraced(function*<A>(
    request: HttpClientRequest.HttpClientRequest,
    answer: Answer<A>,
    secrets: ReadonlyArray<string>
  ) {
    const signed = options.token === undefined ? request : HttpClientRequest.bearerToken(request, options.token)
    const { status, text } = yield* client.execute(signed).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
      Effect.mapError((failure) => error("unreachable", `does not answer: ${wordsOf(failure)}`, secrets)),
      Effect.timeoutOrElse({
        duration: options.timeout,
        orElse: () => Effect.fail(error("unreachable", "does not answer in time"))
      })
    )
    if (status === 401 || status === 403) {
      return yield* error("not-allowed", `wants a token that its key has signed (${status})`)
    }
    const words = said(text)
    if (status === 468) {
      const wanted = words?.highestProtocolVersion ?? "another version"
      return yield* error("protocol-mismatch", `does not speak version v1 of the protocol, but ${wanted}`)
    }
    if (status === 400 || status === 500) {
      return yield* refused(words?.message ?? titleOf(text) ?? `it answered ${status}`, secrets)
    }
    const decoded = yield* Effect.option(Schema.decodeUnknownEffect(Schema.fromJsonString(answer))(text))
    if (status === 200 && decoded._tag === "Some") return decoded.value
    return yield* error(
      "not-understood",
      `answers ${status} with what is no answer of its REST API (port 6066, spark.master.rest.enabled); check the URL`
    )
  })

  const place = (action: Action, id: string) => `${base}/v1/submissions/${action}${id === "" ? "" : `/${id}`}`

  return {
    refused,
    unknown: (id: string) => error("unknown-submission", `knows no submission ${JSON.stringify(id.slice(0, 100))}`),
    get: <A>(action: Action, id: string, answer: Answer<A>) =>
      ask(HttpClientRequest.get(place(action, id)), answer, []),
    post: <A>(action: Action, id: string, answer: Answer<A>, body: unknown = {}, secrets: ReadonlyArray<string> = []) =>
      ask(HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(place(action, id)), body), answer, secrets)
  }
})

/** Without a slash at its end, and without a user, whose password would be in messages. */
const checkedUrl = (text: string): Effect.Effect<string, SubmissionError> => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === ""
    ? Effect.succeed(url.href.replace(/\/+$/, ""))
    : Effect.fail(
      new SubmissionError({
        reason: "not-understood",
        message: "the REST API of Spark's master is reached by a URL such as http://127.0.0.1:6066, without a user"
      })
    )
}

/** What is wrong with a connection is told by the innermost of its errors. */
const wordsOf = (failure: HttpClientError.HttpClientError): string => {
  let inner: unknown = "cause" in failure.reason ? failure.reason.cause : failure.reason.message
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  if (!(inner instanceof Error)) return String(inner)
  return inner.message === "" && "code" in inner ? String(inner.code) : inner.message
}

const Said = Schema.Struct({
  message: Schema.optionalKey(Schema.String),
  highestProtocolVersion: Schema.optionalKey(Schema.String)
})

const decodeSaid = Schema.decodeUnknownOption(Schema.fromJsonString(Said))

const said = (text: string) => {
  const decoded = decodeSaid(text)
  return decoded._tag === "Some" ? decoded.value : undefined
}

/** A request that the master stumbles over is answered with a page. */
const titleOf = (html: string): string | undefined => /<title>(.*?)<\/title>/s.exec(html)?.[1]

/** On one line, without the stack trace that a master adds, and without what nobody may read. */
const without = (secrets: ReadonlyArray<string>, words: string): string => {
  const [first = ""] = words.trim().split(/\s*\n\s*(?:at )?(?=[\w.$/]+\()/)
  const line = first.replaceAll(/[\s\p{Cc}]+/gu, " ")
  const clean = secrets.filter((secret) => secret !== "").reduce((text, secret) => text.replaceAll(secret, "…"), line)
  return clean.length <= longest ? clean : `${clean.slice(0, longest)} …`
}

const longest = 600
