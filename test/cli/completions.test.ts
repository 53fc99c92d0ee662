/** What bash offers behind a command, with the script that `--completions bash` prints. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { courant, linesOf, temporaryFolder } from "./courant.ts"

/** The last word is the one that is completed. */
const offeredBy = (file: string, cwd: string) => (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const line = ["courant", ...words]
  const script = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
    source ${file}; _courant courant "\${@: -1}"; for one in "\${COMPREPLY[@]}"; do echo "$one"; done`
  return linesOf(execFileSync("bash", ["-c", script, "courant", ...line], { cwd, encoding: "utf8" })).toSorted()
}

it.live("names, choices, files and folders are completed where each may stand", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* temporaryFolder
    writeFileSync(join(cwd, "completions.sh"), (yield* courant("--completions bash", { cwd })).stdout)
    mkdirSync(join(cwd, "results"))
    writeFileSync(join(cwd, "report.json"), "")
    const offered = offeredBy("completions.sh", cwd)
    assert.deepStrictEqual(offered(["run", "--pipelines", "candles"]), ["candles-1m", "candles-5m"])
    assert.deepStrictEqual(offered(["query", "mov"]), ["moving-average-5m"])
    assert.deepStrictEqual(offered(["run", "--feed", ""]), ["auto", "recorded", "stdin", "yahoo"])
    assert.deepStrictEqual(offered(["run", "--log", "s"]), ["sqlite"])
    assert.deepStrictEqual(offered(["process", "--sink", "s"]), ["sqlite", "stdout"])
    assert.deepStrictEqual(offered(["run", "--report", "re"]), ["report.json", "results"])
    assert.deepStrictEqual(offered(["run", "--data", "re"]), ["results"])
  })))
