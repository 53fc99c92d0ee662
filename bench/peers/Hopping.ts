/**
 * Windows of a minute every second over 100 keys, from ticks that each program makes itself: the windows, and no reading or
 * writing. What a program takes for a hundred ticks, its start above all, is taken off what it takes for all.
 */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { hopping } from "./contenders.ts"
import * as TemporaryFolder from "./TemporaryFolder.ts"
import * as Usage from "./Usage.ts"
import type { Run, Work } from "./Work.ts"

const few = 100

export const work: Work = {
  name: "hopping",
  contenders: hopping,
  ground: Effect.fnUntraced(function*(ticks) {
    const folder = yield* TemporaryFolder.make
    const run: Run = Effect.fnUntraced(function*(program, { name, times = 1 }) {
      const output = join(folder, `${name}.out`)
      const files = { input: "/dev/null", output, log: join(folder, `${name}.log`) }
      const start = yield* Usage.run(program(String(few), "1"), files)
      const all = yield* Usage.run(program(String(ticks), String(times)), files)
      const text = readFileSync(output, "utf8")
      return { text, usage: { cpu: (all.cpu - start.cpu) / times, wall: (all.wall - start.wall) / times, memory: all.memory } }
    })
    return run
  })
}
