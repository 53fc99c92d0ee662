/** What needs real servers; `services/testing.ts` starts them. Apart from the other tests, which need none. */
import { join } from "node:path"
import { configDefaults, defineConfig } from "vitest/config"
import { areMissing } from "./test/integration/archives.ts"

const ofArchives = [
  "test/integration/{grafana,influxdb}*.integration.ts",
  "test/services/{grafana,influxdb}*.services.ts"
]

if (areMissing) console.warn("COURANT_SERVERS names no folder of archives: InfluxDB and Grafana are not tested.")

export default defineConfig({
  // As the examples import it.
  resolve: { alias: [{ find: /^courant$/, replacement: join(import.meta.dirname, "src/index.ts") }] },
  test: {
    include: ["test/services/**/*.services.ts", "test/integration/**/*.integration.ts"],
    exclude: areMissing ? [...configDefaults.exclude, ...ofArchives] : configDefaults.exclude,
    // These end what hangs. How long it takes where the machine is slow, or busy elsewhere, is no failure: a server
    // needs seconds to start and a query of Spark to begin, and all of it minutes where there is other work.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false
  }
})
