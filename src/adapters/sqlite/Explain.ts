/** What went wrong with the database, in one line for a person. */

type Explanation = (folder: string) => string

const full: Explanation = (folder) => `the disk of the folder ${folder} is full; free some space and start again`

const limited: Explanation = (folder) =>
  `the folder ${folder} cannot be written: a quota or the largest size of a file is reached, or the disk is broken; ` +
  "make room and start again"

/** Result codes of SQLite, https://sqlite.org/rescode.html; where a refined code is missing, its lower 8 bits count. */
const ofSqlite: { readonly [code: number]: Explanation } = {
  5: (folder) => `the database in the folder ${folder} is busy: another program holds it locked`,
  8: (folder) => `the folder ${folder} is open for reading only, or may not be written`,
  10: (folder) => `the disk reports an error for the folder ${folder}`,
  11: (folder) => `the database in the folder ${folder} is damaged; move the folder away, or restore it from a copy`,
  13: full,
  14: (folder) => `the database in the folder ${folder} cannot be opened; check that it may be read and written`,
  18: (folder) => `a batch is too large for the database in the folder ${folder}: its limit is 1 GB`,
  26: (folder) => `the database in the folder ${folder} is no SQLite database; move the file away`,
  // The system refused a write for another reason than a full disk.
  778: limited
}

/** Codes of the system, for the files beside the database. */
const ofSystem: { readonly [code: string]: Explanation } = { ENOSPC: full, EDQUOT: limited, EFBIG: limited }

export const explain = (cause: unknown, folder: string): string => {
  if (!(cause instanceof Error)) return `the folder ${folder} cannot be used: ${String(cause)}`
  const explanation = explanationOf(cause)?.(folder)
  return `${explanation ?? `the folder ${folder} cannot be used`} (${cause.message})`
}

const explanationOf = (cause: Error): Explanation | undefined => {
  if ("errcode" in cause && typeof cause.errcode === "number") {
    return ofSqlite[cause.errcode] ?? ofSqlite[cause.errcode & 0xff]
  }
  return "code" in cause && typeof cause.code === "string" ? ofSystem[cause.code] : undefined
}
