/** Everything that needs neither a server nor a browser. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/integration/**"],
    // Most of the tests compute; more workers than the usual two cores only wait for each other.
    maxWorkers: 2,
    // No test is about how long it may take on a machine that is busy elsewhere.
    testTimeout: 120_000
  }
})
