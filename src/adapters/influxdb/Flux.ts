/**
 * A text as a literal of Flux. The client's own `fluxString` makes scripts that cannot be compiled of texts with two dollar
 * signs before a brace.
 *
 * Source: https://docs.influxdata.com/flux/v0/spec/lexical-elements/#string-literals
 */
export const literal = (text: string): string => `"${text.replaceAll(/["\\$\p{Cc}]/gu, hexadecimal)}"`

/** `\x24`: a byte, which all of these are in UTF-8 but control characters beyond DEL; those are bytes of two. */
const hexadecimal = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
