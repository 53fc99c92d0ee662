/** From a file of ticks to candles of a minute. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { candles } from "./contenders.ts"
import * as Input from "./Input.ts"
import * as TemporaryFolder from "./TemporaryFolder.ts"
import * as Usage from "./Usage.ts"
import type { Run, Work } from "./Work.ts"

export const work: Work = {
  name: "candles",
  contenders: candles,
  ground: Effect.fnUntraced(function*(ticks) {
    const folder = yield* TemporaryFolder.make
    const input = join(folder, "ticks.ndjson")
    Input.writeTo(input, ticks)
    const run: Run = Effect.fnUntraced(function*(program, { name }) {
      const output = join(folder, `${name}.out`)
      const usage = yield* Usage.run(program(input), { input, output, log: join(folder, `${name}.log`) })
      return { text: readFileSync(output, "utf8"), usage }
    })
    return run
  })
}
