/** The page in a real Chromium. Apart from the other tests, which need none. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/browser/**/*.browser.ts"],
    // These end what hangs, on a machine that may be slow, or busy elsewhere.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false
  }
})
