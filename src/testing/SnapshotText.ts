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
  const end = 4 + bytes.readUInt32LE(0)
  return { ...JSON.parse(bytes.toString("utf8", 4, end)), payload: bytes.toString("base64", end) }
}

/** A section from its tables. */
export const sectionOf = ({ payload, ...tables }: { readonly [name: string]: unknown }): Uint8Array => {
  const described = Buffer.from(JSON.stringify(tables))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(described.length)
  return Buffer.concat([length, described, Buffer.from(typeof payload === "string" ? payload : "", "base64")])
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
