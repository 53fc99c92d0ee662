/** What is done with the texts of a column. */
import type { Column } from "../pipeline/Column.ts"
import type { Use } from "../pipeline/Uses.ts"

/** The number of no string. */
export const unread = -1

/** Whether a column's texts are numbered: unless somebody reads them, a string would be made for each that is new. A check of the Schema's looks at them, too. */
export const isRead = (use: Use, accepts: Column["accepts"]): boolean => use !== "unread" || accepts !== null
