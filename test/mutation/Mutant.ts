/** A copy of a source with one small mistake in it, which the tests are to notice. */
export interface Mutant {
  /** Stays the same while the lines of the mistake do, wherever they move to in the file. */
  readonly id: string
  /** Path from the root of the project. */
  readonly file: string
  readonly line: number
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly original: string
  readonly replacement: string
}

/** The source with the mistake in it. */
export const mutated = (source: string, { end, replacement, start }: Pick<Mutant, "end" | "replacement" | "start">): string =>
  source.slice(0, start) + replacement + source.slice(end)
