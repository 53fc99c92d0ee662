/** A Grafana of the tests' own, provisioned from this checkout, over an InfluxDB of its own. */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Grafana, Influxdb } from "../../services/testing.ts"

export interface Stack {
  readonly influxdb: Influxdb["Service"]["access"]
  readonly grafana: Grafana["Service"]["access"]
  /** What Grafana has logged so far. */
  readonly log: () => string
  readonly end: () => Promise<void>
}

/** From another folder of data sources, dashboards and alert rules where one is given. */
export const open = async (options: { readonly provisioning?: string } = {}): Promise<Stack> => {
  const scope = Scope.makeUnsafe()
  const end = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const both = Layer.flatMap(Influxdb.layer(), (context) =>
    Layer.merge(Layer.succeedContext(context), Grafana.layer({ ...options, influxdb: Context.get(context, Influxdb).access })))
  const started = await Effect.runPromise(
    Layer.buildWithScope(both, scope).pipe(Effect.tapCause(() => Effect.promise(end)))
  )
  const { access, folder } = Context.get(started, Grafana)
  return {
    influxdb: Context.get(started, Influxdb).access,
    grafana: access,
    log: () => readFileSync(join(folder, "grafana.log"), "utf8"),
    end
  }
}
