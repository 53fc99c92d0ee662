/** The least that a program which reads JSON lines can do. */
import { createInterface } from "node:readline"

let lines = 0
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  JSON.parse(line)
  lines++
}
console.error(lines)
