/**
 * Requests that change something. A browser sends such a request to us for any site that asks it to, and says in its headers
 * which site that is: only the page itself may, and programs that are no browsers.
 */
import type { Headers } from "effect/http"
import * as Api from "./Api.ts"

/** The routes that take one, each with the bytes that its body may have; one without a body has `null`. */
const routes: ReadonlyArray<readonly [method: string, path: RegExp, longest: number | null]> = [
  ["POST", new RegExp(`^${Api.prefix}/feed$`), 1_024],
  ["POST", new RegExp(`^${Api.prefix}/alerts$`), 16_384],
  ["DELETE", new RegExp(`^${Api.prefix}/alerts/[^/]+$`), null]
]

const routeOf = (method: string, url: string) => {
  const [path = ""] = url.split("?")
  return routes.find(([its, pattern]) => its === method && pattern.test(path))
}

/** Whether a path, with or without parameters, is one of theirs. */
export const isRoute = (method: string, url: string): boolean => routeOf(method, url) !== undefined

/** The status and the reason of a request that is refused. */
export const refusal = (
  { headers, method, url }: { readonly method: string; readonly url: string; readonly headers: Headers.Headers },
  { hasToken, isOwn }: { readonly isOwn: (authority: string) => boolean; readonly hasToken: boolean }
): readonly [status: number, reason: string] | undefined => {
  if (!hasToken && !isOfOwnPage(headers, isOwn)) return [403, "only the page itself, and programs with the token, change anything here"]
  const longest = routeOf(method, url)?.[2] ?? null
  if (longest === null) return undefined
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
