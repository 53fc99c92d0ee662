/** TA-Lib's own values over a day of real bars, see fixtures/indicators/SOURCES.md. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"

const file = join(import.meta.dirname, "fixtures/indicators/talib-us-equities-2013-10-08.csv.gz")

const [header = "", ...lines] = gunzipSync(readFileSync(file)).toString().trim().split("\n")
const names = header.split(",")

/** A row a bar, by the names of its columns; an empty text is a value that is not there yet. */
export const rows: ReadonlyArray<ReadonlyMap<string, string>> =
  lines.map((line) => new Map(line.split(",").map((text, index) => [names[index] ?? "", text])))

/** How far a value is from TA-Lib's, as a part of the larger; infinite where only one of the two is there. */
export const distance = (actual: number | null, expected: string): number => {
  if (actual === null || expected === "") return actual === null && expected === "" ? 0 : Infinity
  const wanted = Number(expected)
  // Where every %K is 0, TA-Lib's mean of them is what its sliding sum has been left with.
  if (actual === wanted || (actual === 0 && Math.abs(wanted) < 1e-13)) return 0
  return Math.abs(actual - wanted) / Math.max(Math.abs(actual), Math.abs(wanted))
}

/** What a value may differ by: a part in a billion. */
export const tolerance = 1e-9
