/** So many of what there is are offered. */
export const mostOffers = 12

/**
 * Those that are most like what was asked for come first: that contain it, or begin as it does.
 * @param {ReadonlyArray<string>} there @param {string} asked
 */
export const likely = (there, asked) => {
  const wanted = asked.toLowerCase()
  /** @param {string} one */
  const distance = (one) => {
    const text = one.toLowerCase()
    if (wanted !== "" && (text.includes(wanted) || wanted.includes(text))) return 0
    let same = 0
    while (same < wanted.length && text[same] === wanted[same]) same++
    return 1 + wanted.length - same
  }
  const near = there.map((one) => ({ one, at: distance(one) })).sort((a, b) => a.at - b.at)
  return near.slice(0, mostOffers).map(({ one }) => one)
}
