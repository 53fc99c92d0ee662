/** `courant spark` where there is no cluster: help, wrong use, and what it says of who does not answer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { courant, temporaryFolder } from "./courant.ts"

const nobody = "http://127.0.0.1:9"

const run = (args: string, env: { readonly [name: string]: string } = {}) =>
  Effect.scoped(Effect.flatMap(temporaryFolder, (cwd) =>
    courant(`spark ${args}`, { cwd, env: { COURANT_SPARK_REST: "", COURANT_SPARK_REST_TOKEN: "", ...env } })))

describe("courant spark", () => {
  for (const [command, example] of [["", "submit --class"], ["submit", "-- --day"], ["status", "--json"], ["kill", "kill driver"]] as const) {
    it.live(`${command} --help has examples`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run(`${command} --help`)
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.include(stdout.split("\nEXAMPLES\n")[1] ?? "", example)
      }))
  }

  for (
    const [args, message] of [
      ["status driver-1", /--rest URL, or COURANT_SPARK_REST/],
      [`submit --rest ${nobody}`, /class/],
      [`submit --rest ${nobody} --class a.B --conf spark.x`, /"spark\.x" is no setting: give NAME=VALUE/],
      [`kill --rest ${nobody}`, /ID|id/]
    ] as const
  ) {
    it.live(`${args}: ends with 2 and one line`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([code, stdout], [2, ""])
        assert.match(stderr, message)
        assert.strictEqual(stderr.trimEnd().split("\n").length, 1)
      }))
  }

  for (const command of ["submit --class a.B", "status driver-1", "kill driver-1"]) {
    it.live(`${command}: ends with 1 and one line where nobody answers, and does not tell the token`, () =>
      Effect.gen(function*() {
        for (const level of ["", " --log-level debug"]) {
          const { code, stderr, stdout } = yield* run(`${command}${level}`, {
            COURANT_SPARK_REST: nobody,
            COURANT_SPARK_REST_TOKEN: "hush-hush"
          })
          assert.deepStrictEqual([code, stdout], [1, ""])
          assert.match(stderr, /^courant: the Spark master at http:\/\/127\.0\.0\.1:9 does not answer: /)
          if (level === "") assert.strictEqual(stderr.trimEnd().split("\n").length, 1)
          assert.notInclude(stderr, "hush-hush")
        }
      }))
  }
})
