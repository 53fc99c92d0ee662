/** The order of texts in what is read from a store. No locale has a say in it. */

/** By code points, as the bytes of UTF-8 compare: the order of databases, and of `<` but for surrogates. */
export const byCodePoints = (a: string, b: string): number =>
  a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
