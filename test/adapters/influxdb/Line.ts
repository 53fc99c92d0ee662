/**
 * Line protocol read back, after https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/: knows nothing of
 * how the adapter writes it.
 */
export interface Line {
  readonly measurement: string
  readonly tags: ReadonlyMap<string, string>
  /** As they are written: `1`, `1i`, `true`; strings with their quotes, unescaped. */
  readonly fields: ReadonlyMap<string, string>
  readonly timestamp: number
}

export const parse = (line: string): Line => {
  let at = 0
  /** Up to an unescaped one of `ends`. A backslash escapes only what the position gives a meaning to. */
  const upTo = (ends: string, escaped: string): string => {
    let text = ""
    while (at < line.length && !ends.includes(line[at]!)) {
      if (line[at] === "\\" && escaped.includes(line[at + 1] ?? "\0")) at++
      text += line[at++]
    }
    return text
  }
  const quoted = (): string => {
    let text = line[at++]!
    while (line[at] !== "\"") {
      if (at >= line.length) throw new Error("unbalanced quotes")
      if (line[at] === "\\" && "\"\\".includes(line[at + 1] ?? "\0")) at++
      text += line[at++]
    }
    return `${text}${line[at++]}`
  }
  if (line.startsWith("#")) throw new Error("a comment")
  const measurement = upTo(", ", ", ")
  const tags = new Map<string, string>()
  while (line[at] === ",") {
    at++
    const name = upTo("=", ",= ")
    at++
    tags.set(name, upTo(", ", ",= "))
  }
  const fields = new Map<string, string>()
  while (line[at] === " " && fields.size === 0 || line[at] === ",") {
    at++
    const name = upTo("=", ",= ")
    at++
    if (fields.has(name)) throw new Error(`the field ${name} is there twice`)
    fields.set(name, line[at] === "\"" ? quoted() : upTo(", ", ""))
  }
  if (line[at] !== " ") throw new Error(`no timestamp at ${at} of ${line}`)
  const timestamp = line.slice(at + 1)
  if (!/^-?\d+$/.test(timestamp)) throw new Error(`not a timestamp: ${timestamp}`)
  return { measurement, tags, fields, timestamp: Number(timestamp) }
}
