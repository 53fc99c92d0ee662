/** Texts of every kind, and more of those that mean something to line protocol, to CSV, to Flux or to ourselves. */
import * as fc from "fast-check"

const awkward = fc.constantFrom(..."\\\\,, ==\"\"\n\r\t#%%'`${}()[]|/~_.:0uF", "\0", "\u007F", "\u0085", "\u2028", "\uD83D\uDE00", "\uD800", "\uDC00", "\uFEFF")

const anyUnit = fc.integer({ min: 0, max: 0xFFFF }).map((unit) => String.fromCharCode(unit))

export const texts = fc.oneof(
  fc.string({ unit: fc.oneof(awkward, awkward, anyUnit, fc.constantFrom("a", "b")), maxLength: 12 }),
  fc.constantFrom("courant", "#", "%", "%25", "", "key", "time", "_time", "true", "1i", "null", "__proto__")
)
