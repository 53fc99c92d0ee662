/** What can go wrong with Yahoo Finance, in one line of words each and without a URL. */
import { Duration, Exit, Option, type Schedule, Schema } from "effect"
import { CircuitBreaker } from "effect/persistence"
import * as RetryPolicy from "../../streams/ports/RetryPolicy.ts"

const Reason = Schema.Literals([
  /** No answer: no such name, no route, refused, too slow. */
  "unreachable",
  /** Too many requests. */
  "rate-limited",
  /** The token that goes with requests for quotes was not given out, or was refused. */
  "crumb",
  /** A symbol that does not exist, or nothing in the range asked for. */
  "not-found",
  /** The server is in trouble. */
  "unavailable",
  /** Nothing is asked for a while, as one request after the other has failed. */
  "resting",
  /** An answer of another form than is known. */
  "not-understood"
])

export class Failure extends Schema.TaggedError<Failure>()("YahooFailure", {
  reason: Reason,
  message: Schema.String,
  /** How long to wait, in milliseconds, where the server said so. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {}

/** Whether the same request may well succeed a little later. */
export const isPassing = ({ reason }: Failure): boolean =>
  reason === "unreachable" || reason === "rate-limited" || reason === "unavailable" || reason === "resting"

/** Waits between requests, none shorter than Yahoo said, up to an hour. */
export const backOff = (waits: Pick<RetryPolicy.BackOff, "first" | "longest">): Schedule.Schedule<unknown> =>
  RetryPolicy.backOff({ ...waits, longestRetryAfter: "1 hour" })

/** What a request says about the state of the service: an answer is an answer, even one that makes no sense. */
export const outcome = (exit: Exit.Exit<unknown, Failure>): CircuitBreaker.Outcome => {
  const failure = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (failure === undefined || failure.reason === "not-found" || failure.reason === "not-understood") {
    return CircuitBreaker.success
  }
  return CircuitBreaker.failure(failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter })
}

export const noAnswer = (within: string): Failure =>
  new Failure({ reason: "unreachable", message: `no answer within ${within}` })

/** The circuit breaker did not let a request through. */
export const resting = (reason: CircuitBreaker.CircuitBreakerErrorReason): Failure =>
  new Failure({
    reason: "resting",
    message: reason._tag === "CircuitOpen"
      ? `not asked again for another ${Math.ceil(Duration.toSeconds(reason.retryAfter))} s, ` +
        "as requests failed one after the other"
      : "another request is finding out whether it works again"
  })

/**
 * A `fetch` that refuses what the library does not: answers with an error status, before
 * the library prints their URL with the crumb in it, and crumbs that are none.
 */
export const refusing = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => async (input, init) => {
  const response = await fetch(input, init)
  const path = new URL(input instanceof Request ? input.url : input).pathname
  if (response.status === 429) throw tooManyRequests(response, "HTTP 429")
  if (path === "/v1/test/getcrumb") {
    if (!response.ok) throw noCrumb(`no crumb was given out (HTTP ${response.status})`)
    const crumb = await response.clone().text()
    if (/too many requests/i.test(crumb)) throw tooManyRequests(response, "in place of a crumb")
    if (!crumbPattern.test(crumb)) throw noCrumb("what came in place of a crumb is none")
  } else if (!response.ok && /^\/v\d+\/finance\//.test(path)) {
    throw fromAnswer(response, await response.text())
  }
  return response
}

/** Crumbs seen are 11 characters long; texts and pages that came in their place have blanks or brackets. */
const crumbPattern = /^[^\s<>{}]{1,64}$/

const noCrumb = (message: string): Failure => new Failure({ reason: "crumb", message })

const tooManyRequests = (response: Response, how: string): Failure => {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN)
  return new Failure({
    reason: "rate-limited",
    message: `too many requests (${how})`,
    ...(seconds > 0 ? { retryAfter: seconds * 1_000 } : {})
  })
}

/** `{"chart":{"result":null,"error":{"code":"Not Found","description":"…"}}}`, under one key or another. */
const ErrorBody = Schema.fromJsonString(Schema.Record(
  Schema.String,
  Schema.Struct({ error: Schema.Struct({ code: Schema.String, description: Schema.String }) })
))

const fromAnswer = ({ status }: Response, body: string): Failure => {
  const error = Option.match(Schema.decodeOption(ErrorBody)(body), {
    onNone: () => undefined,
    onSome: (record) => Object.values(record)[0]?.error
  })
  const message = withoutUrls(`${error?.description ?? "refused"} (HTTP ${status})`)
  if (status === 401 || status === 403) return noCrumb(`the crumb was refused: ${message}`)
  if (status >= 500) return new Failure({ reason: "unavailable", message })
  return new Failure({ reason: "not-found", message })
}

/** Whatever the library or `fetch` threw. Messages may hold whole pages or URLs, so that little is taken over. */
export const fromUnknown = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  if (!(error instanceof Error)) return new Failure({ reason: "not-understood", message: "the request failed" })
  const code = networkCode(error)
  if (code !== undefined) {
    return new Failure({ reason: "unreachable", message: networkWords[code] ?? `no connection (${code})` })
  }
  if (error.message === "fetch failed") return new Failure({ reason: "unreachable", message: "no connection" })
  if (/crumb|cookie|redirect|consent/i.test(error.message)) {
    return noCrumb(`no crumb was given out: ${withoutUrls(error.message)}`)
  }
  return new Failure({ reason: "not-understood", message: "the answer has a form that is not known" })
}

/** The system's code of a failed connection, which `fetch` hides in the cause; of several tries, that of the first. */
const networkCode = ({ cause }: Error): string | undefined => {
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]) ?? codeOf(cause)
  return codeOf(cause)
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

const networkWords: { readonly [code: string]: string } = {
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved at the moment",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was broken off",
  ENETUNREACH: "the network cannot be reached",
  EHOSTUNREACH: "the host cannot be reached",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_SOCKET: "the connection was broken off"
}

const withoutUrls = (text: string): string =>
  text.replaceAll(/\bhttps?:\/\/\S+/g, "…").replaceAll(/\s+/g, " ").slice(0, 200)
