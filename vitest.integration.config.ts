/** What needs real servers; `services/testing.ts` starts them. Apart from the other tests, which need none. */
import { configDefaults, defineConfig } from "vitest/config"
import { areMissing } from "./test/integration/archives.ts"

const ofArchives = [
  "test/integration/{grafana,influxdb}*.integration.ts",
  "test/services/{grafana,influxdb}*.services.ts"
]

if (areMissing) console.warn("COURANT_SERVERS names no folder of archives: InfluxDB and Grafana are not tested.")

export default defineConfig({
  test: {
    include: ["test/services/**/*.services.ts", "test/integration/**/*.integration.ts"],
    exclude: areMissing ? [...configDefaults.exclude, ...ofArchives] : configDefaults.exclude,
    // A server takes seconds to start, and minutes the first time, when it is fetched.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // A machine that is busy elsewhere may let a process die of a time-out that a test has set; twice in a row it will not.
    retry: process.env["CI"] === undefined ? 0 : 1,
    fileParallelism: false
  }
})
