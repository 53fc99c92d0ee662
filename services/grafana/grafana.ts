/** Grafana over InfluxDB, with the data sources, dashboards and alert rules of this checkout. */
import { Effect } from "effect"
import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import * as Influxdb from "../influxdb/influxdb.ts"
import * as Archives from "../tool/Archives.ts"
import { notYet, type NotYet } from "../tool/Ask.ts"
import * as Http from "../tool/Http.ts"
import * as Secret from "../tool/Secret.ts"
import type { Place, Service } from "../tool/Service.ts"

/** Of the administrator. */
export type Access = { readonly url: string; readonly user: string; readonly password: string }

const archive = { service: "grafana", version: "10.0.0" }

export const grafana: Service<"http", Access, Influxdb.Access> = {
  name: "grafana",
  summary: `Grafana ${archive.version} with the dashboards of this checkout, over influxdb`,
  archive,
  needs: Influxdb.influxdb,
  ports: ["http"],
  access: ({ http }, folder) => ({
    url: `http://127.0.0.1:${http}`,
    user: "admin",
    password: Secret.of(folder, "password")
  }),
  prepare: Effect.fnUntraced(function*(place, influxdb) {
    const home = join(yield* Archives.unpacked(archive), "grafana")
    mkdirSync(join(place.folder, "data/plugins"), { recursive: true })
    const all = { ...settings(place), ...place.settings }
    const access = grafana.access(place.ports, place.folder)
    return [{
      name: "grafana",
      command: [
        join(home, "bin/grafana"),
        "server",
        `--homepath=${home}`,
        ...Object.entries(all).map(([name, value]) => `cfg:${name}=${value}`)
      ] as const,
      environment: environment(place.folder, access, influxdb),
      ready: ready(access, all["paths.provisioning"] === provisioning ? readdirSync(dashboards).length : 0)
    }]
  })
}

const checkout = join(import.meta.dirname, "../..")
const provisioning = join(checkout, "grafana/provisioning")
const dashboards = join(checkout, "grafana/dashboards")

/** As `section.key` of https://grafana.com/docs/grafana/v10.0/setup-grafana/configure-grafana/. */
const settings = ({ folder, ports }: Place<"http">): Readonly<Record<string, string>> => ({
  "paths.data": join(folder, "data"),
  "paths.plugins": join(folder, "data/plugins"),
  "paths.provisioning": provisioning,
  // Readers of its SQLite and a writer do not wait for each other; two writers do, on a busy machine for longer than usual.
  "database.wal": "true",
  "database.query_retries": "50",
  "database.transaction_retries": "50",
  "log.mode": "console",
  "server.http_addr": "127.0.0.1",
  "server.http_port": String(ports.http),
  "security.disable_gravatar": "true",
  "security.angular_support_enabled": "false",
  "analytics.reporting_enabled": "false",
  "analytics.check_for_updates": "false",
  "analytics.check_for_plugin_updates": "false",
  "plugins.plugin_admin_enabled": "false",
  "news.news_feed_enabled": "false",
  "dashboards.default_home_dashboard_path": join(dashboards, "market.json")
})

/** What lists of processes shall not show, and what the provisioning asks the environment for. */
const environment = (folder: string, { password }: Access, influxdb: Influxdb.Access) => ({
  HOME: folder,
  PATH: process.env["PATH"] ?? "",
  GF_SECURITY_ADMIN_PASSWORD: password,
  GF_SECURITY_SECRET_KEY: Secret.of(folder, "secret-key"),
  COURANT_GRAFANA_DASHBOARDS: dashboards,
  COURANT_INFLUXDB_URL: influxdb.url,
  COURANT_INFLUXDB_ORG: influxdb.org,
  COURANT_INFLUXDB_BUCKET: influxdb.bucket,
  COURANT_INFLUXDB_TOKEN: influxdb.token,
  ...(process.env["COURANT_ALERT_WEBHOOK"] === undefined ? {} : { COURANT_ALERT_WEBHOOK: process.env["COURANT_ALERT_WEBHOOK"] })
})

/** Succeeds once the password lets in and finds as many dashboards, which come after it has begun to listen. */
const ready = Effect.fnUntraced(function*(
  { password, url, user }: Access,
  dashboards: number
): Effect.fn.Return<void, NotYet> {
  const { status, text } = yield* Http.ask(`${url}/api/search?type=dash-db`, {
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` }
  })
  if (status !== 200) return yield* notYet(`the password in its folder is refused (${status})`)
  const found: unknown = JSON.parse(text)
  if (!Array.isArray(found) || found.length < dashboards) return yield* notYet("not all dashboards are there yet")
})
