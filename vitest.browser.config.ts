/** The page in a real Chromium. Apart from the other tests, which need none. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/browser/**/*.browser.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    fileParallelism: false
  }
})
