/** InfluxDB 2, set up with an organization, a bucket and a token of its own. */
import { Effect } from "effect"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Archives from "../tool/Archives.ts"
import { notYet, type NotYet } from "../tool/Ask.ts"
import * as Http from "../tool/Http.ts"
import * as Secret from "../tool/Secret.ts"
import type { Place, Service } from "../tool/Service.ts"

/** What courant is told by COURANT_INFLUXDB_URL, _ORG, _BUCKET and _TOKEN. The token may do everything. */
export type Access = {
  readonly url: string
  readonly org: string
  readonly bucket: string
  readonly token: string
}

const archive = { service: "influxdb", version: "2.7.12" }

export const influxdb: Service<"http", Access> = {
  name: "influxdb",
  summary: `InfluxDB ${archive.version}`,
  archive,
  ports: ["http"],
  access: ({ http }, folder) => ({
    url: `http://127.0.0.1:${http}`,
    org: "courant",
    bucket: "courant",
    token: Secret.of(folder, "token")
  }),
  prepare: Effect.fnUntraced(function*(place) {
    const server = yield* Archives.unpacked(archive)
    yield* Effect.sync(() => forgetHalf(place))
    const flags = Object.entries({ ...settings(place), ...place.settings }).map(([name, value]) => `--${name}=${value}`)
    return [{
      name: "influxd",
      command: [join(server, "influxdb/bin/influxd"), ...flags] as const,
      environment: { HOME: place.folder },
      // It has no handler of SIGTERM, and would be cut off by it.
      stopSignal: "SIGINT",
      ready: ready(influxdb.access(place.ports, place.folder), place.folder, Secret.of(place.folder, "password"))
    }]
  })
}

/** There from the request to set it up until that is known to be done. */
const unfinished = (folder: string): string => join(folder, "setting-up")

/** Killed in the middle, influxd counts as set up and knows no token. Nothing else is in it yet: it begins anew. */
const forgetHalf = ({ folder }: Place<"http">): void => {
  if (!existsSync(unfinished(folder))) return
  for (const path of Object.values(pathsIn(folder))) rmSync(path, { recursive: true, force: true })
  rmSync(unfinished(folder))
}

const pathsIn = (folder: string) => ({
  "bolt-path": join(folder, "influxd.bolt"),
  "sqlite-path": join(folder, "influxd.sqlite"),
  "engine-path": join(folder, "engine")
})

/** Of https://docs.influxdata.com/influxdb/v2/reference/config-options/. */
const settings = ({ folder, ports }: Place<"http">) => ({
  ...pathsIn(folder),
  "http-bind-address": `127.0.0.1:${ports.http}`,
  "reporting-disabled": "true",
  "log-level": "warn"
})

/** Succeeds once the token finds the bucket, which the first start has to set up. */
const ready = Effect.fnUntraced(function*(access: Access, folder: string, password: string): Effect.fn.Return<void, NotYet> {
  const setup = yield* Http.ask(`${access.url}/api/v2/setup`)
  if (setup.status !== 200) return yield* notYet(`it does not say yet whether it has been set up (${setup.status})`)
  if (setup.text.includes("true")) {
    const { url, ...named } = access
    yield* Effect.sync(() => writeFileSync(unfinished(folder), ""))
    const { status, text } = yield* Http.ask(`${url}/api/v2/setup`, {
      method: "POST",
      body: JSON.stringify({ ...named, username: "courant", password, retentionPeriodSeconds: 0 })
    })
    if (status !== 201) return yield* notYet(`it cannot be set up (${status}): ${text}`)
  }
  const { status } = yield* Http.ask(`${access.url}/api/v2/buckets?${new URLSearchParams({ name: access.bucket })}`, {
    headers: { authorization: `Token ${access.token}` }
  })
  if (status !== 200) return yield* notYet(`the token in its folder does not find the bucket (${status})`)
  yield* Effect.sync(() => rmSync(unfinished(folder), { force: true }))
})
