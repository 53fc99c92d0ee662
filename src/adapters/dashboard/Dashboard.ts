/**
 * The page on which the market is watched, and the same figures for programs: panes as
 * JSON, live updates as server-sent events, health, and metrics for Prometheus.
 *
 * It only looks: everything it shows is read from the sink or heard from the monitor.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { HttpRouter, type HttpServerError } from "effect/http"
import { AlertStore } from "../../streams/ports/AlertStore.ts"
import type { Feed } from "../../streams/ports/Feed.ts"
import type { Monitor } from "../../streams/ports/Monitor.ts"
import type { ResultSink } from "../../streams/ports/ResultSink.ts"
import type { Any as AnyPipeline } from "../../streams/pipeline/Pipeline.ts"
import { isLoopback } from "../Loopback.ts"
import * as Alerts from "./alerts/Alerts.ts"
import * as Assets from "./Assets.ts"
import { describe, zoneOfAll } from "./Description.ts"
import * as Guard from "./Guard.ts"
import type { Role } from "./Health.ts"
import * as Live from "./Live.ts"
import * as Metrics from "./Metrics.ts"
import * as NodeServer from "./NodeServer.ts"
import * as Past from "./past/PastAnswers.ts"
import * as Routes from "./Routes.ts"
import * as Unversioned from "./Unversioned.ts"

export interface Options {
  /** The address to bind. Anything but loopback needs a token. */
  readonly host: string
  /** 0 takes any free port; {@link Dashboard} says which. */
  readonly port: number
  /** Shown at the top of the page. */
  readonly title?: string | undefined
  /** IANA name of the exchange's time zone, in which the page shows times of the market. `America/New_York` if not given. */
  readonly timeZone?: string | undefined
  /** What this process is, where several may do the same work; active unless told. */
  readonly role?: Effect.Effect<Role> | undefined
  /** Whether the feed has given all that it ever will; it has not unless told. */
  readonly hasEnded?: Effect.Effect<boolean> | undefined
  /** The pipelines that run, whose panes can be asked for. */
  readonly pipelines: ReadonlyArray<AnyPipeline>
  /** The log, out of which the page tells what was known when. Without it there is no past on the page. */
  readonly past?: Past.Options | undefined
  /** Whoever has it may look: at least 16 characters. Needed wherever other machines can connect. */
  readonly token?: Redacted.Redacted | undefined
}

/** The dashboard cannot be served. */
export class DashboardError extends Schema.TaggedError<DashboardError>()("DashboardError", {
  reason: Schema.Literals(["port-in-use", "token-required", "token-too-short", "cannot-listen", "alerts"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class Dashboard extends Context.Service<Dashboard, {
  /** Where the page is, with the port that was bound: `http://127.0.0.1:4380/`. */
  readonly url: string
}>()("courant/Dashboard") {
  static readonly layer = (
    options: Options
  ): Layer.Layer<Dashboard, DashboardError, Feed | Monitor | ResultSink> => Layer.effect(Dashboard, serve(options))
}

const serve = Effect.fnUntraced(function*(options: Options) {
  yield* checkToken(options)
  // Requests that are still open at the end are viewers. They are told to go (below), so nobody waits for them.
  const node = NodeServer.make()
  const server = yield* NodeHttpServer.make(() => node, {
    host: options.host,
    port: options.port,
    gracefulShutdownTimeout: "1 second"
  }).pipe(Effect.mapError((error) => cannotListen(options, error)))

  const port = "port" in server.address ? server.address.port : options.port
  const live = yield* Live.make(options.hasEnded)
  const { role = Effect.succeed<Role>({ _tag: "active" }), timeZone = "America/New_York", title = "courant" } = options
  const past = options.past === undefined ? null : yield* Past.make(options.past, options.pipelines)
  const pipelines = options.pipelines.map((pipeline) => describe(pipeline, timeZone))
  const alerts = yield* Alerts.make({ pipelines, running: options.pipelines, forming: (of) => live.forming.of(of), tell: live.tell }).pipe(
    Effect.provideService(AlertStore, yield* storeOfAlerts),
    Effect.mapError(({ cause, message }) => new DashboardError({ reason: "alerts", message: `the alerts cannot be read: ${message}`, cause }))
  )
  const routes = { live, alerts, past, role, timeZone: zoneOfAll(pipelines, timeZone), title, running: options.pipelines, pipelines }
  const app = yield* HttpRouter.toHttpEffect(
    Layer.mergeAll(Routes.layer(routes), Unversioned.layer(routes), Metrics.layer, Assets.layer).pipe(
      Layer.provideMerge(Guard.layer({ ...options, port })),
      Layer.provide(NodeHttpServer.layerHttpServices)
    )
  )
  yield* server.serve(Unversioned.redirected(app))
  // Nothing here is upgraded. Without a listener Node answers such a request as any other.
  node.removeAllListeners("upgrade")
  // Registered last, so it comes first: viewers see their stream end in good order and connect again.
  yield* Effect.addFinalizer(() => Effect.andThen(live.end, past?.end ?? Effect.void))
  return Dashboard.of({ url: `http://${Guard.authority(options.host, port)}/` })
})

/** Where nothing is kept with the data, alerts are kept as long as the server runs. */
const storeOfAlerts = Effect.flatMap(Effect.serviceOption(AlertStore), Option.match({
  onNone: () => Effect.map(Layer.build(AlertStore.layerMemory), Context.get(AlertStore)),
  onSome: Effect.succeed
}))

const checkToken = ({ host, token }: Options): Effect.Effect<void, DashboardError> => {
  const least = `a token of at least ${Guard.leastTokenLength} characters`
  if (token === undefined) {
    return isLoopback(host) ? Effect.void : new DashboardError({
      reason: "token-required",
      message: `other machines can reach ${host}, where the page needs ${least}`
    })
  }
  const { length } = Redacted.value(token)
  return length >= Guard.leastTokenLength ? Effect.void : new DashboardError({
    reason: "token-too-short",
    message: `the page needs ${least}, and this one has ${length}`
  })
}

const cannotListen = ({ host, port }: Options, { cause }: HttpServerError.ServeError): DashboardError => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  if (code === "EADDRINUSE") {
    return new DashboardError({
      reason: "port-in-use",
      message: `port ${port} is in use`,
      cause
    })
  }
  return new DashboardError({
    reason: "cannot-listen",
    message: `the dashboard cannot listen on ${Guard.authority(host, port)} (${String(code ?? cause)})`,
    cause
  })
}
