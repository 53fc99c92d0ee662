/** Where in a list in order a condition begins to hold, which holds for all that follow: the length where it never does. */
export const firstWith = <A>(items: ReadonlyArray<A>, holds: (item: A) => boolean): number => {
  let [from, to] = [0, items.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (holds(items[middle]!)) to = middle
    else from = middle + 1
  }
  return from
}
