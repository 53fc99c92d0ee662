/**
 * Requests that change something. A browser sends such a request to us for any site that asks it to, and says in its headers
 * which site that is: only the page itself may, and programs that are no browsers.
 */
import type { Headers } from "effect/http"
import * as Api from "./Api.ts"

/** The routes that take one. */
const routes: ReadonlyArray<string> = [`${Api.prefix}/feed`]

/** Whether a path, with or without parameters, is one of theirs. */
export const isRoute = (url: string): boolean => routes.includes(url.split("?")[0] ?? "")

/** Bytes of the body. */
const longest = 1_024

/** The status and the reason of a request that is refused. */
export const refusal = (
  headers: Headers.Headers,
  { hasToken, isOwn }: { readonly isOwn: (authority: string) => boolean; readonly hasToken: boolean }
): readonly [status: number, reason: string] | undefined => {
  if (!hasToken && !isOfOwnPage(headers, isOwn)) return [403, "only the page itself, and programs with the token, change anything here"]
  if (!/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? "")) return [415, "the body is to be application/json"]
  // Without a length nobody knows how much comes.
  const length = headers["content-length"]
  if (length === undefined) return [411, "the body needs a content-length"]
  return Number(length) <= longest ? undefined : [413, `the body has more than ${longest} bytes`]
}

/** Where a browser tells the origin that counts, else how the request came to be. */
const isOfOwnPage = (headers: Headers.Headers, isOwn: (authority: string) => boolean): boolean => {
  const { origin } = headers
  if (origin === undefined) return headers["sec-fetch-site"] === "same-origin"
  const authority = /^https?:\/\/([^/]+)$/.exec(origin)?.[1]
  return authority !== undefined && authority === headers["host"] && isOwn(authority)
}
