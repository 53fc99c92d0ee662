/** Snapshots as text, in which laws look for what is in them, and which they damage. */
import { jobSection, type Snapshot } from "../streams/engine/Snapshot.ts"

/** The same text for the same snapshot: what is said once for the job, and the tables of each section with their numbers. */
export const of = (snapshot: Snapshot): string => {
  const sections = [...snapshot].flatMap(([id, bytes]) => id === jobSection ? [] : [[id, tablesOf(bytes)] as const])
  return JSON.stringify({ ...JSON.parse(textOf(snapshot.get(jobSection))), operators: Object.fromEntries(sections) })
}

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

/** The tables of a section, and their numbers in base64. */
export const tablesOf = (section: Uint8Array): { readonly [name: string]: unknown } => {
  const bytes = Buffer.from(section)
  const tables: Record<string, unknown> = {}
  let at = 4
  for (let left = bytes.readUInt32LE(0); left > 0; left--) {
    const nameEnd = at + 8 + bytes.readUInt32LE(at)
    const end = nameEnd + bytes.readUInt32LE(at + 4)
    tables[bytes.toString("utf8", at + 8, nameEnd)] = JSON.parse(bytes.toString("utf8", nameEnd, end))
    at = end
  }
  return { ...tables, payload: bytes.toString("base64", at) }
}

/** A section from its tables. */
export const sectionOf = ({ payload, ...tables }: { readonly [name: string]: unknown }): Uint8Array => {
  const described = Object.entries(tables).map(([name, table]) => [Buffer.from(name), Buffer.from(JSON.stringify(table))] as const)
  const lengths = (...values: ReadonlyArray<number>) => {
    const bytes = Buffer.alloc(4 * values.length)
    values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4))
    return bytes
  }
  return Buffer.concat([
    lengths(described.length),
    ...described.flatMap(([name, table]) => [lengths(name.length, table.length), name, table]),
    Buffer.from(typeof payload === "string" ? payload : "", "base64")
  ])
}

/** `null` where the text is of no snapshot. */
export const read = (text: string): Snapshot | null => {
  try {
    const { operators, ...job } = JSON.parse(text)
    const sections = Object.entries(Object(operators)).map(([id, tables]) => [id, sectionOf(Object(tables))] as const)
    return new Map([[jobSection, Buffer.from(JSON.stringify(job))], ...sections])
  } catch {
    return null
  }
}
