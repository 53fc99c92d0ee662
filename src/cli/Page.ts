/** The live page of a command, with `/metrics` beside it. */
import { Clock, Context, Effect, Layer, Redacted, Stream } from "effect"
import type { Role } from "../adapters/dashboard/Health.ts"
import type * as Past from "../adapters/dashboard/past/PastAnswers.ts"
import { Dashboard, type DashboardError } from "../adapters/dashboard/Dashboard.ts"
import { Feed, type Freshness } from "../streams/ports/Feed.ts"
import type { Decisions } from "../streams/ports/Decisions.ts"
import type { EventLog } from "../streams/ports/EventLog.ts"
import { Monitor } from "../streams/ports/Monitor.ts"
import type { Any as AnyPipeline } from "../streams/pipeline/Pipeline.ts"
import { type Problem, problem } from "./terminal/Problem.ts"

/** The zone of the exchanges of the default symbols, in which times are shown. */
export const timeZone = "America/New_York"

/** Serves it until the scope ends, and says where it is. An empty token is a token, too: it was meant to be one. */
export const serve = Effect.fnUntraced(function*(
  { hasEnded, host, past, port, portFlag = "--port", role }: {
    readonly host: string
    readonly port: number
    readonly portFlag?: string
    readonly role?: Effect.Effect<Role>
    readonly hasEnded?: Effect.Effect<boolean>
    readonly past?: Past.Options
  },
  pipelines: ReadonlyArray<AnyPipeline>
) {
  const token = process.env["COURANT_TOKEN"]
  const context = yield* Layer.build(Dashboard.layer({
    host,
    port,
    timeZone,
    role,
    hasEnded,
    past,
    pipelines,
    token: token === undefined ? undefined : Redacted.make(token)
  })).pipe(Effect.mapError((error) => withAdvice(error, portFlag)))
  return Context.get(context, Dashboard).url
})

/** The log of this process, and what was decided over it. */
export const pastOf: Effect.Effect<Past.Options, never, Decisions | EventLog> = Effect.map(
  Effect.context<Decisions | EventLog>(),
  (stores) => ({ stores })
)

/** The page itself knows no variables and no flags. */
const withAdvice = ({ message, reason }: DashboardError, portFlag: string): Problem => {
  const advice: Readonly<Record<DashboardError["reason"], string>> = {
    "token-required": `set COURANT_TOKEN, for example to ${random}`,
    "token-too-short": `set COURANT_TOKEN to a longer one, such as ${random}, or unset it`,
    "port-in-use": `choose another with ${portFlag}`,
    "alerts": "look at the data folder with courant doctor",
    "cannot-listen": `set another address with --host and ${portFlag}`
  }
  return problem(`${message}; ${advice[reason]}`)
}

const random = "the output of `openssl rand -hex 16`"

/**
 * What the page of a processor shows in place of a feed, of which it knows nothing: how far the events it has
 * processed are behind the clock. So a recorded session in the log is never taken for today's market.
 */
export const layerLogAsFeed = <R>(topic: string, isInReach: Effect.Effect<boolean, never, R>, role: Effect.Effect<Role> = Effect.succeed(active)) =>
  Layer.effect(
    Feed,
    Effect.gen(function*() {
      const monitor = yield* Monitor
      const context = yield* Effect.context<R>()
      const freshness = Effect.gen(function*(): Effect.fn.Return<Freshness, never, R> {
        const now = yield* role
        if (now._tag === "standby") return { _tag: "closed", reason: standsBy(now) }
        if (!(yield* isInReach)) return { _tag: "stale", reason: "the log was out of reach a moment ago" }
        const { read, watermark } = yield* monitor.progress
        if (read === 0) return { _tag: "closed", reason: "no event has been processed yet" }
        if (watermark === null) return { _tag: "stale", reason: "windows wait for partitions that have had no event yet" }
        const minutes = Math.floor(((yield* Clock.currentTimeMillis) - watermark) / minute)
        return minutes < 1 ? { _tag: "live" } : { _tag: "delayed", minutes }
      })
      return Feed.of({
        name: topic,
        freshness: Effect.provideContext(freshness, context),
        hasGivenAll: Effect.succeed(true),
        events: () => Stream.empty
      })
    })
  )

const active: Role = { _tag: "active" }

export const standsBy = ({ active }: Role & { readonly _tag: "standby" }): string =>
  active === null ? "this process stands by" : `${active} is active, this process stands by`

const minute = 60_000
