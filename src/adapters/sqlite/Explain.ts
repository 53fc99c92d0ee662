/** What went wrong with the database, in one line for a person. */

/** Primary result codes, https://sqlite.org/rescode.html; the upper bits of a code only refine it. */
const explanations: { readonly [code: number]: (folder: string) => string } = {
  5: (folder) => `the database in the folder ${folder} is busy: another program holds it locked`,
  8: (folder) => `the folder ${folder} is open for reading only, or may not be written`,
  10: (folder) => `the disk reports an error for the folder ${folder}`,
  11: (folder) => `the database in the folder ${folder} is damaged; move the folder away, or restore it from a copy`,
  13: (folder) => `the disk of the folder ${folder} is full; free some space and start again`,
  14: (folder) => `the database in the folder ${folder} cannot be opened; check that it may be read and written`,
  18: (folder) => `a batch is too large for the database in the folder ${folder}: its limit is 1 GB`,
  26: (folder) => `the database in the folder ${folder} is no SQLite database; move the file away`
}

export const explain = (cause: unknown, folder: string): string => {
  if (!(cause instanceof Error)) return `the folder ${folder} cannot be used: ${String(cause)}`
  const explanation = "errcode" in cause && typeof cause.errcode === "number"
    ? explanations[cause.errcode & 0xff]?.(folder)
    : undefined
  return `${explanation ?? `the folder ${folder} cannot be used`} (${cause.message})`
}
