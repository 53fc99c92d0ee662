/** The files that are made from this folder's TypeScript, and what has to be in them. */
import * as Alerts from "./Alerts.ts"
import * as Market from "./Market.ts"
import * as MarketInfluxql from "./MarketInfluxql.ts"
import * as Pipeline from "./Pipeline.ts"

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** By their names, from this folder. */
export const files: Readonly<Record<string, string>> = {
  "dashboards/market.json": json(Market.dashboard.build()),
  "dashboards/market-influxql.json": json(MarketInfluxql.dashboard.build()),
  "dashboards/pipeline.json": json(Pipeline.dashboard.build()),
  "provisioning/alerting/courant.json": json(Alerts.provisioned)
}
