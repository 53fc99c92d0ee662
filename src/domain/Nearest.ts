/** Which of some names may have been meant by one that is not among them. */

/** The same in other letters, capital or small; or one with a letter too many, too few, or another; or two that changed places. */
export const nearest = <Name extends string>(name: string, names: ReadonlyArray<Name>): Name | undefined =>
  names.find((other) => other.toLowerCase() === name.toLowerCase()) ?? names.find((other) => isNear(name, other))

const isNear = (a: string, b: string): boolean => {
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  return (x.length <= 1 && y.length <= 1) || (x.length === 2 && x[0] === y[1] && x[1] === y[0])
}
