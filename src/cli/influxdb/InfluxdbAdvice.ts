/** What to type where InfluxDB does not do what is asked of it. */
import type { InfluxdbError } from "../../adapters/influxdb/InfluxdbError.ts"

export const of = ({ reason }: InfluxdbError): string | undefined => {
  switch (reason) {
    case "no-answer":
      return "check COURANT_INFLUXDB_URL and that the server runs"
    case "not-allowed":
      return "set COURANT_INFLUXDB_TOKEN to one that may"
    case "not-found":
      return "make the bucket with: courant doctor --create, or set COURANT_INFLUXDB_ORG and COURANT_INFLUXDB_BUCKET to what is there"
    case "organization-hidden":
      return "set COURANT_INFLUXDB_ORG, or COURANT_INFLUXDB_TOKEN to one that may make buckets in it"
    case "not-understood":
    case "invalid-url":
      return "check COURANT_INFLUXDB_URL"
    case "password-in-url":
      return "give it as COURANT_INFLUXDB_TOKEN instead"
    case "cannot-connect":
      return "check COURANT_INFLUXDB_URL and COURANT_INFLUXDB_TOKEN; NODE_EXTRA_CA_CERTS names the PEM file of an authority of your own"
    case "cannot-delete":
      return "use InfluxDB 2.x, which --restart needs as well"
    default:
      return undefined
  }
}
