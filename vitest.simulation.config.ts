/** The whole program in a simulated world, and mistakes in it that have to be found: minutes of computing. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/simulation/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 600_000
  }
})
