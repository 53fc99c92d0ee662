/** Grafana and InfluxDB as the tests speak to them: over HTTP, as a browser or a script would. */
import type { Stack } from "./grafanaStack.ts"

/** A data frame, by columns. */
export interface Frame {
  readonly columns: ReadonlyMap<string, ReadonlyArray<unknown>>
  /** What tells it from the other frames of an answer. */
  readonly labels: Readonly<Record<string, string>>
  readonly rows: number
}

export interface Asked {
  readonly from: number
  readonly to: number
  /** What a viewer has chosen: the browser fills it in, the server does not. */
  readonly variables?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly maxDataPoints?: number
  readonly intervalMs?: number
}

export const minute = 60_000

export const api = ({ grafana, influxdb }: Pick<Stack, "grafana" | "influxdb">) => {
  const authorization = `Basic ${Buffer.from(`${grafana.user}:${grafana.password}`).toString("base64")}`

  /** Fails with the server's own words. */
  const call = async <A>(method: string, path: string, body?: unknown): Promise<A> => {
    const response = await fetch(grafana.url + path, {
      method,
      headers: { authorization, "content-type": "application/json", "x-disable-provenance": "true" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    // The caller says what Grafana's documentation promises.
    return (text === "" ? undefined : JSON.parse(text)) as A
  }

  /** What `/api/ds/query` makes of a query, the way a panel asks it. */
  const query = async (text: string, asked: Asked): Promise<ReadonlyArray<Frame>> => {
    const { from, intervalMs = minute, maxDataPoints = 1_500, to, variables = {} } = asked
    const { results } = await call<{ results: Readonly<Record<string, { frames?: ReadonlyArray<RawFrame> }>> }>(
      "POST",
      "/api/ds/query",
      {
        from: String(from),
        to: String(to),
        queries: [{
          refId: "A",
          datasource: { uid: "courant-flux" },
          query: filledIn(text, variables),
          intervalMs,
          maxDataPoints
        }]
      }
    )
    return (results["A"]?.frames ?? []).map(({ data: { values }, schema: { fields } }) => ({
      columns: new Map(fields.map(({ name }, column) => [name, values[column] ?? []])),
      labels: Object.assign({}, ...fields.map(({ labels }) => labels ?? {})),
      rows: values[0]?.length ?? 0
    })).filter(({ rows }) => rows > 0)
  }

  const write = async (lines: ReadonlyArray<string>): Promise<void> => {
    const { bucket, org, token, url } = influxdb
    for (let at = 0; at < lines.length; at += 5_000) {
      const response = await fetch(`${url}/api/v2/write?${new URLSearchParams({ org, bucket, precision: "ms" })}`, {
        method: "POST",
        headers: { authorization: `Token ${token}` },
        body: lines.slice(at, at + 5_000).join("\n")
      })
      if (!response.ok) throw new Error(`write: ${response.status} ${await response.text()}`)
    }
  }

  /** The alert rules of a folder, and what they say now. */
  const rulesOf = async (folder: string): Promise<ReadonlyArray<Rule>> => {
    const { data } = await call<{ data: { groups: ReadonlyArray<{ file: string; rules: ReadonlyArray<Rule> }> } }>(
      "GET",
      "/api/prometheus/grafana/api/v1/rules"
    )
    return data.groups.filter(({ file }) => file === folder).flatMap(({ rules }) => rules)
  }

  return { call, query, rulesOf, write }
}

interface Rule {
  readonly name: string
  readonly health: string
  readonly lastError?: string
  /** Of the year 1 before the first. */
  readonly lastEvaluation: string
  readonly alerts?: ReadonlyArray<{ readonly state: string; readonly annotations: Readonly<Record<string, string>> }>
}

interface RawFrame {
  readonly schema: { readonly fields: ReadonlyArray<{ readonly name: string; readonly labels?: Readonly<Record<string, string>> | null }> }
  readonly data: { readonly values: ReadonlyArray<ReadonlyArray<unknown>> }
}

/** Grafana's formats that the dashboards use. */
export const filledIn = (text: string, variables: Readonly<Record<string, ReadonlyArray<string>>>): string =>
  text.replaceAll(/\$\{(\w+)(?::(\w+))?\}/g, (whole, name: string, format: string | undefined) => {
    const values = variables[name]
    if (values === undefined) throw new Error(`nothing to fill in for ${whole}`)
    const [first = ""] = values
    if (format === "doublequote") return values.map((value) => `"${value.replaceAll("\"", "\\\"")}"`).join(",")
    if (format === "regex") return values.length === 1 ? literal(first) : `(${values.map(literal).join("|")})`
    return first
  })

const literal = (text: string): string => text.replaceAll(/[\\^$*+?.()|[\]{}/]/g, "\\$&")
