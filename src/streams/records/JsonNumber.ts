/**
 * JSON whose numbers keep their text where a double would not give it back: `9007199254740993`, `1e2`, `1.50`. Integers and
 * exact decimals are read from that text, so that nothing is rounded on its way in.
 */

/** A number as it stood in the JSON. Its text is no member of it: no path into a record leads there. */
export class JsonNumber {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get text(): string {
    return this.#text
  }

  /** The nearest double; an infinity where there is none. */
  get nearest(): number {
    return Number(this.#text)
  }

  toJSON(): number {
    return this.nearest
  }
}

/** Throws what `JSON.parse` throws. */
export const parse = (bytes: Uint8Array): unknown => {
  const text = utf8.decode(bytes)
  return mayBeRounded(bytes) ? JSON.parse(text, keepText) : JSON.parse(text)
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The types of the library do not know the third parameter yet, which has the text of numbers. */
const keepText = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && context?.source !== undefined && context.source !== String(value)
    ? new JsonNumber(context.source)
    : value

/**
 * Whether a number in the text may be more than a double holds: it has more than 15 digits, or an exponent. Keeping the
 * texts of numbers makes parsing several times slower, and records rarely need it.
 */
const mayBeRounded = (bytes: Uint8Array): boolean => {
  let run = 0
  for (const byte of bytes) {
    if ((byte >= zero && byte <= nine) || byte === dot) {
      if (++run > 15) return true
    } else {
      if (run > 0 && (byte === 69 || byte === 101)) return true
      run = 0
    }
  }
  return false
}

const dot = 46
const zero = 48
const nine = 57
