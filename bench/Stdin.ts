/**
 * Whole processes: `courant run` from stdin to panes, against a loop that only reads lines
 * and calls `JSON.parse`. Each is run on all lines and on none; the difference is the rate
 * at which it works, apart from its start.
 */
import { spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

const commands = {
  courant: ["bin/courant.js", "run", "--feed", "stdin", "--log", "memory", "--sink", "stdout", "--once", "--pipelines", "candles-1m"],
  loop: ["bench/parseLoop.ts"]
}

export interface Rates {
  /** Ticks a second, apart from the start. */
  readonly courant: number
  readonly loop: number
  /** Milliseconds of an empty run. */
  readonly start: number
}

/** One figure a round. */
export const rounds = (count: number, lines: number): ReadonlyArray<Rates> => {
  const folder = mkdtempSync(join(tmpdir(), "courant-bench-"))
  try {
    const file = join(folder, "ticks.ndjson")
    writeTicks(file, lines)
    const measure = (command: keyof typeof commands) => {
      const empty = run(commands[command], "/dev/null")
      return { empty, rate: lines / (run(commands[command], file) - empty) * 1_000 }
    }
    measure("courant")
    return Array.from({ length: count }, () => {
      const courant = measure("courant")
      return { courant: courant.rate, loop: measure("loop").rate, start: courant.empty }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const run = (args: ReadonlyArray<string>, input: string): number => {
  const stdin = openSync(input, "r")
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, stdio: [stdin, "ignore", "pipe"] })
  const millis = performance.now() - start
  closeSync(stdin)
  if (status !== 0) throw new Error(`${args.join(" ")}: ${String(stderr)}`)
  return millis
}

const writeTicks = (path: string, lines: number): void => {
  const file = openSync(path, "w")
  let time = 1_732_545_000_000
  let text = ""
  for (let i = 0; i < lines; i++) {
    time += i % 7 === 0 ? 5 : 1
    const price = (100 + (i * 7_919 % 10_000) / 100).toFixed(2)
    text += `{"symbol":"S${i % 100}","time":${time - i % 3_000},"price":"${price}","size":${i % 500}}\n`
    if (text.length > 1 << 20) {
      writeSync(file, text)
      text = ""
    }
  }
  writeSync(file, text)
  closeSync(file)
}
