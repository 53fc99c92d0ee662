/** Digests of data in one defined encoding: equal data has equal bytes, whatever the order of its members. */
import { createHash } from "node:crypto"

export type Data = string | number | boolean | null | undefined | Encoded | ReadonlyArray<Data> | { readonly [name: string]: Data }

/** Data that is a part of much, in its encoding. */
export class Encoded {
  readonly text: string

  constructor(data: Data) {
    this.text = encode(data)
  }
}

/**
 * Strings as JSON, numbers in their shortest decimal form (minus zero is zero), members sorted by UTF-16 code units. A
 * member that is undefined is left out.
 */
export const encode = (data: Data): string => {
  if (data === null || data === undefined) return "null"
  if (typeof data === "string") return JSON.stringify(data)
  if (typeof data === "number") return String(data + 0)
  if (typeof data === "boolean") return String(data)
  if (data instanceof Encoded) return data.text
  if (isArray(data)) return `[${data.map(encode).join(",")}]`
  const members = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
    .map(([name, value]) => `${JSON.stringify(name)}:${encode(value)}`)
  return `{${members.join(",")}}`
}

/** `Array.isArray` does not narrow a readonly array. */
const isArray = (data: object): data is ReadonlyArray<Data> => Array.isArray(data)

/** SHA-256 of the encoding, in hexadecimal. */
export const of = (data: Data): string => createHash("sha256").update(encode(data)).digest("hex")
