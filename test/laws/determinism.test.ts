/** The same seed gives the same panes and the same state, in any process, time zone and language. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const trace = async (seed: number, environment: { readonly [name: string]: string }): Promise<string> => {
  const script = join(import.meta.dirname, "trace.ts")
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(seed)], {
    env: { ...process.env, ...environment },
    timeout: 250_000
  })
  return stdout
}

it("same seed, same trace: in two processes, in other time zones and other languages", async () => {
  const english = { TZ: "UTC", LANG: "C", LC_ALL: "C" }
  const turkish = { TZ: "America/New_York", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" }
  const german = { TZ: "Australia/Lord_Howe", LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" }
  const [first, ...same] = await Promise.all([english, english, turkish, german].map((each) => trace(7, each)))
  expect(first).toMatch(/^[0-9a-f]{64}$/)
  expect(same).toEqual([first, first, first])
  expect(await trace(8, english), "another seed").not.toBe(first)
})
