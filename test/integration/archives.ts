/** Whether there is what InfluxDB and Grafana run from: archives in the folder that COURANT_SERVERS names. */
export const areMissing = (process.env["COURANT_SERVERS"] ?? "") === ""
