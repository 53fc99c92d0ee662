/** Everything that needs neither a server nor a browser; the simulation, which takes minutes, has a command of its own. */
import { join } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  // As the examples import it.
  resolve: { alias: [{ find: /^courant$/, replacement: join(import.meta.dirname, "src/index.ts") }] },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/integration/**", "test/simulation/**"],
    setupFiles: ["test/samples.ts"],
    // Most of the tests compute; more workers than the usual two cores only wait for each other.
    maxWorkers: 2,
    // These end what hangs: how long it takes on a machine that is slow, or busy elsewhere, is no failure.
    testTimeout: 600_000,
    hookTimeout: 600_000
  }
})
