/** Whether there is what InfluxDB and Grafana run from: archives in the folder that COURANT_SERVERS names. */

/** On a build server missing archives are a failure, never a reason to test less. */
export const areMissing = (process.env["COURANT_SERVERS"] ?? "") === "" && process.env["CI"] === undefined
