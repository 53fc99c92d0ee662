/**
 * What can go wrong with InfluxDB, and what follows from it: a failure that may pass is waited for, a refused line is
 * set aside, and anything else stops the run with one line and the reason. Nothing is ever dropped.
 *
 * Source: https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/
 */
import { HttpError } from "@influxdata/influxdb-client"
import { Schema } from "effect"

const Reason = Schema.Literals([
  /** No answer: no such host, refused, reset, too slow, cut off. What was sent may have been stored. */
  "unreachable",
  /** 429, 5xx: the server is busy or in trouble. */
  "unavailable",
  /** 413: the request is larger than the server, or a proxy before it, takes. */
  "too-large",
  /** 400 and 422: at least one line is not stored. */
  "refused",
  /** 401 and 403. */
  "not-allowed",
  /** 404: no such bucket or organization. */
  "not-found",
  /** The token sees no organization of this name, so no bucket can be made in it. */
  "organization-hidden",
  /** Not the answer of an InfluxDB. */
  "not-understood",
  /** Nothing answered for as long as was to be waited at startup. */
  "no-answer",
  /** No request can be made: the certificate is not trusted, or the token has a character that no header takes. */
  "cannot-connect",
  /** The server has no API to delete points: 1.8. */
  "cannot-delete",
  /** The URL is none. */
  "invalid-url",
  /** The URL has a user or a password in it, which would be in messages. */
  "password-in-url"
])

export class InfluxdbError extends Schema.TaggedError<InfluxdbError>()("InfluxdbError", {
  message: Schema.String,
  reason: Reason,
  /** How long to wait before the next attempt, in milliseconds, where the server said so. */
  retryAfter: Schema.optionalKey(Schema.Finite),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Whether the same request may well succeed later. */
export const isPassing = ({ reason }: InfluxdbError): boolean => reason === "unreachable" || reason === "unavailable"

/** Whether the request may reach the server yet: it was sent, and whoever had it last has only stopped waiting. */
export const isAdrift = ({ cause, reason }: InfluxdbError): boolean =>
  reason === "unreachable"
    ? !neverSent.test(codeOf(cause))
    : cause instanceof HttpError && (cause.statusCode === 502 || cause.statusCode === 504)

const neverSent = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/

const codeOf = (failure: unknown): string => failure instanceof Error && "code" in failure ? String(failure.code) : ""

/** Where the request went, which the words for a person name. */
export interface Target {
  readonly url: string
  readonly org: string
  readonly bucket: string
}

/** What a request failed with; `now` is the clock, against which a date in `Retry-After` is read. */
export const fromFailure = (target: Target, failure: unknown, now: number): InfluxdbError =>
  failure instanceof HttpError ? fromAnswer(target, failure, now) : fromNetwork(target, failure)

const fromAnswer = (target: Target, answer: HttpError, now: number): InfluxdbError => {
  const { statusCode: status } = answer
  const words = wordsOf(answer)
  const error = (reason: typeof Reason.Type, message: string) => new InfluxdbError({ reason, message, cause: answer })
  if (isBusy(status)) {
    const retryAfter = retryAfterOf(answer.headers?.["retry-after"], now)
    const message = `it answered ${status} (${words})`
    return new InfluxdbError({
      reason: "unavailable",
      message,
      cause: answer,
      ...(retryAfter === undefined ? {} : { retryAfter })
    })
  }
  if (status === 413) return error("too-large", words)
  if ((status === 400 || status === 422) && isOwn(answer)) return error("refused", words)
  const at = `InfluxDB at ${target.url}`
  if (status === 401) {
    return error("not-allowed", `${at} does not know the token for the bucket ${target.bucket} of the organization ` +
      `${target.org} (${words})`)
  }
  if (status === 403) {
    return error("not-allowed", `${at} does not let the token read and write the bucket ${target.bucket} (${words})`)
  }
  if (status === 404 && isOwn(answer)) return error("not-found", `${at}: ${words}`)
  return error("not-understood", `${at} answered ${status} (${words})`)
}

/** 408 and 425 ask for another attempt by their definition. */
const isBusy = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500

/** InfluxDB says in JSON what is wrong; a 400 or a 404 of something in between says nothing about our lines or bucket. */
const isOwn = (answer: HttpError): boolean => ownWords(answer) !== undefined

/** 2.x has a code and a message, 1.8 an error. */
const ownWords = ({ json }: HttpError): string | undefined => {
  if (typeof json !== "object" || json === null) return undefined
  if (typeof json.code === "string" && typeof json.message === "string") return json.message
  return typeof json.error === "string" ? json.error : undefined
}

/** The server's words on one line. A refused line of any length is repeated in them, and pages of proxies are HTML. */
const wordsOf = (answer: HttpError): string => {
  const line = (ownWords(answer) ?? answer.message).replaceAll(/[\s\p{Cc}]+/gu, " ").trim()
  return line.length <= longest ? line : `${line.slice(0, longest / 2)} … ${line.slice(-longest / 2)}`
}

const longest = 600

/** In milliseconds, from both forms: seconds, and a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). */
const retryAfterOf = (header: string | ReadonlyArray<string> | undefined, now: number): number | undefined => {
  const text = String(header ?? "").trim()
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // `Date.parse` makes a date of nearly anything with a number in it.
  const date = /^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

const fromNetwork = (target: Target, failure: unknown): InfluxdbError => {
  const code = codeOf(failure)
  const message = failure instanceof Error && failure.message !== "" ? failure.message : code || String(failure)
  return isSetup.test(code)
    ? new InfluxdbError({
      reason: "cannot-connect",
      message: `InfluxDB at ${target.url} cannot be asked: ${message}`,
      cause: failure
    })
    : new InfluxdbError({ reason: "unreachable", message, cause: failure })
}

/** A certificate that is not trusted, a token with a line break: waiting does not fix these. */
const isSetup = /CERT|^ERR_TLS|^UNABLE_TO|^ERR_INVALID/
