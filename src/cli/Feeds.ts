/** Which feed a command reads from. A fallback is never silent. */
import { Effect, Layer, type Stdio } from "effect"
import * as StdinFeed from "../adapters/stdio/StdinFeed.ts"
import { Feed, type FeedError } from "../streams/ports/Feed.ts"
import * as OwnModule from "./OwnModule.ts"
import { type Problem, problem, say } from "./terminal/Problem.ts"

export const names = ["auto", "yahoo", "recorded", "stdin"] as const

/** A file with the events of a source. */
export interface SourceFile {
  readonly source: string
  readonly path: string
}

/** One of these, a file with the user's own, or one with the events of a source. */
export type FeedName = typeof names[number] | OwnModule.File | SourceFile

export const isSourceFile = (feed: FeedName): feed is SourceFile => typeof feed === "object"

/** `file:trades=trades.ndjson` */
export const parse = (text: string): FeedName | undefined => {
  if (!text.startsWith("file:")) return names.find((name) => name === text) ?? (OwnModule.isFile(text) ? text : undefined)
  const [, source, path] = /^file:([A-Za-z0-9_-][A-Za-z0-9._-]{0,199})=(.+)$/.exec(text) ?? []
  return source === undefined || path === undefined ? undefined : { source, path }
}

export interface Choice {
  readonly feed: Exclude<FeedName, SourceFile>
  readonly symbols: ReadonlyArray<string>
  readonly speed: number
}

export const layer = ({ feed, speed, symbols }: Choice): Layer.Layer<Feed, FeedError | Problem, Stdio.Stdio> => {
  switch (feed) {
    case "stdin":
      return StdinFeed.layer
    case "recorded":
      return recorded(speed)
    case "yahoo":
      return yahoo(symbols).pipe(
        Layer.catchTag("FeedError", ({ message }) =>
          Layer.effect(Feed, Effect.fail(problem(`${message}. Try again later, or run --feed recorded`)))
        )
      )
    case "auto":
      return yahoo(symbols).pipe(
        Layer.catch((error): Layer.Layer<Feed, FeedError | Problem> => {
          const { message } = error
          // A misspelt symbol is a mistake to be told, not a reason to show another market.
          if (error._tag === "FeedError" && error.answered === true) return Layer.effect(Feed, Effect.fail(problem(`${message}; check --symbols`)))
          const pace = speed === Infinity ? "as fast as it can be read" : `at ${speed} times its speed`
          return recorded(speed, (date) => say(`${message}; replaying the RECORDED session of ${date} ${pace}`))
        })
      )
    default:
      return OwnModule.feed(feed)
  }
}

// Their clients take their time to load.

const yahoo = (symbols: ReadonlyArray<string>) => Layer.unwrap(Effect.map(yahooModule, ({ layer }) => layer({ symbols })))

/** Its client brings a hundred packages, so whoever installs courant chooses whether to have it. */
const yahooModule = Effect.tryPromise({
  try: () => import("../adapters/yahoo/Yahoo.ts"),
  catch: (cause) => cause
}).pipe(
  Effect.catch((cause) => isAbsent(cause)
    ? Effect.fail(problem("Yahoo Finance is read with the package yahoo-finance2: npm install yahoo-finance2"))
    : Effect.die(cause))
)

const isAbsent = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND" && cause.message.includes("'yahoo-finance2'")

const recorded = (speed: number, tell: (date: string) => void = () => {}) =>
  Layer.unwrap(Effect.map(Effect.promise(() => import("../adapters/recorded/Recorded.ts")), ({ date, layer }) => {
    tell(date)
    return layer({ speed })
  }))
