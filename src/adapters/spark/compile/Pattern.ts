/** Regular expressions of JavaScript in Java's words, of the part of the language that means the same in both. */

/** Throws a `TypeError` that names the field for a pattern which might mean something else there. */
export const toJava = (source: string, field: string): string => {
  if (!common.test(source) || /\[[^\]]*(?:\[|&&)/.test(source)) {
    throw new TypeError(`the field "${field}" is checked by /${source}/, which may mean something else to Spark`)
  }
  // Java's `$` also matches before a line's end that comes last.
  return source.replaceAll(/(?<!\\)\$/g, "\\z")
}

/** Characters, classes, groups, alternatives, repetitions and the ends; of the escapes those of single characters, \d and \w. */
const common = /^(?:[\w^$[\]{}(),:;!@#%&~<>=/" '|*+?.-]|\\[dw\\.^$*+?()[\]{}|/-])*$/
