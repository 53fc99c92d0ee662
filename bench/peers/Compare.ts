/** Results of contenders, compared exactly: a candle that differs in its last digit is another candle. */

/** Of each key, as text: `symbol,minute` to `open,high,low,close,volume,count`, or the four totals of `hopping/Totals.ts`. */
export type Results = ReadonlyMap<string, string>

/**
 * Of such lines, key and values, or of courant's panes. Throws if a line is neither, or if there are two for one key: each
 * is told once, when it is final.
 */
export const read = (text: string): Results => {
  const results = new Map<string, string>()
  for (const line of text.split("\n")) {
    if (line === "") continue
    const [symbol, minute, ...values] = line.startsWith("{") ? fieldsOf(line) : line.split(",")
    if (values.length !== 6 && values.length !== 4) throw new Error(`no result: ${line}`)
    const key = `${symbol},${minute}`
    if (results.has(key)) throw new Error(`two results for ${key}: ${results.get(key)} and ${values.join(",")}`)
    results.set(key, values.map(shortest).join(","))
  }
  return results
}

const fieldsOf = (line: string): ReadonlyArray<string> => {
  const { key, start, values } = JSON.parse(line)
  const { close, count, high, low, open, volume } = values
  return [key, start, open, high, low, close, volume, count].map(String)
}

/** 167.4200 is 167.42, and 120 is not 12. */
const shortest = (number: string): string => number.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")

/** The first difference by key, or how they differ in number; `undefined` if they are equal. */
export const difference = (expected: Results, actual: Results): string | undefined => {
  for (const key of [...new Set([...expected.keys(), ...actual.keys()])].toSorted()) {
    const [wanted, had] = [expected.get(key), actual.get(key)]
    if (wanted === had) continue
    const counts = `${actual.size} results, and ${expected.size} are right`
    if (had === undefined) return `no result for ${key}, which is ${wanted} (${counts})`
    if (wanted === undefined) return `a result for ${key}, ${had}, where there is none (${counts})`
    return `${key} is ${wanted}, not ${had}`
  }
  return undefined
}
