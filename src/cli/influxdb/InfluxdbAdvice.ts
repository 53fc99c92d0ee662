/** What to type where InfluxDB does not do what is asked of it. */
import type { InfluxdbError } from "../../adapters/influxdb/InfluxdbError.ts"

export const of = ({ reason }: InfluxdbError): string | undefined => advice[reason]

const advice: Readonly<Record<InfluxdbError["reason"], string | undefined>> = {
  "no-answer": "check COURANT_INFLUXDB_URL and that the server runs",
  "not-allowed": "set COURANT_INFLUXDB_TOKEN to one that reads and writes it",
  "not-found": "create the bucket with: courant doctor --create, or set COURANT_INFLUXDB_ORG and COURANT_INFLUXDB_BUCKET to existing ones",
  "organization-hidden": "set COURANT_INFLUXDB_ORG, or COURANT_INFLUXDB_TOKEN to one that may create buckets in it",
  "not-understood": "check COURANT_INFLUXDB_URL",
  "invalid-url": "check COURANT_INFLUXDB_URL",
  "password-in-url": "give it as COURANT_INFLUXDB_TOKEN instead",
  "cannot-connect": "check COURANT_INFLUXDB_URL and COURANT_INFLUXDB_TOKEN; for an authority of your own set NODE_EXTRA_CA_CERTS to its PEM file",
  "cannot-delete": "use InfluxDB 2.x, which --restart needs as well",
  // These pass, or are handled line by line.
  unreachable: undefined,
  unavailable: undefined,
  "too-large": undefined,
  refused: undefined
}
