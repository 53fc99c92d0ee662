/** The ways from one dashboard to another, and to the ranges that are asked for most. */
import { DashboardLinkBuilder, DashboardLinkType } from "@grafana/grafana-foundation-sdk/dashboard"

export const market = { uid: "courant-market", title: "Market" }
export const marketInfluxql = { uid: "courant-market-influxql", title: "Market (InfluxQL)" }
export const pipeline = { uid: "courant-pipeline", title: "Pipeline" }

export const to = ({ title, uid }: { readonly uid: string; readonly title: string }, tooltip: string) =>
  link(title, `/d/${uid}`, tooltip).icon("dashboard").keepTime(true)

/** The same dashboard and choices, another range. Grafana's own words for times, or milliseconds since the epoch. */
export const range = (title: string, uid: string, from: string | number, until: string | number, tooltip: string) =>
  link(title, `/d/${uid}?from=${encodeURIComponent(from)}&to=${encodeURIComponent(until)}`, tooltip)
    .icon("bolt").includeVars(true)

const link = (title: string, url: string, tooltip: string) =>
  new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).tooltip(tooltip)
