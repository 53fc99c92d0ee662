/** Which rows of a list that scrolls are in view. */

/** Rows beyond the edge that are there before they are seen. */
const beyond = 6

/**
 * @param {Pick<Element, "clientHeight" | "scrollTop"> | null} scroller @param {number} height of a row, in pixels @param {number} count
 * @returns {{ first: number, last: number }} the last excluded
 */
export const windowOf = (scroller, height, count) => {
  const room = scroller?.clientHeight || 600
  const top = Math.min(scroller?.scrollTop ?? 0, Math.max(0, count * height - room))
  const first = Math.max(0, Math.floor(top / height) - beyond)
  return { first, last: Math.min(count, Math.ceil((top + room) / height) + beyond) }
}
