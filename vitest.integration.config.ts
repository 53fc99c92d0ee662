/** What needs real servers; `services/testing.ts` starts them. Apart from the other tests, which need none. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/services/**/*.services.ts", "test/integration/**/*.integration.ts"],
    // A server takes seconds to start, and minutes the first time, when it is fetched.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // A machine that is busy elsewhere may let a process die of a time-out that a test has set; twice in a row it will not.
    retry: process.env["CI"] === undefined ? 0 : 1,
    fileParallelism: false
  }
})
