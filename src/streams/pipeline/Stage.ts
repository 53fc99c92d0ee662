/**
 * What a declaration has come to, in words: where a call stands in a wrong place, what it is given and what it needs end the
 * compiler's complaint.
 *
 * None of this is there unless what extends it says so. All names of members are here because the compiler would complain
 * of the first that is missing, and not look at the words.
 */
export interface Stage {
  readonly _stage?: string
  readonly plan?: unknown
  readonly events?: unknown
  readonly window?: unknown
  readonly name?: unknown
  readonly checked?: unknown
  readonly _row?: unknown
  readonly _portability?: unknown
  readonly _sources?: unknown
  readonly _keyFields?: unknown
}
