/** A stable merge sort that pauses: a million strings are compared for seconds. */

/** As many are sorted or merged between two pauses. */
const run = 2_048

export function* sorted<A>(items: ReadonlyArray<A>, compare: (a: A, b: A) => number): Generator<void, Array<A>> {
  if (items.length <= run) return [...items].sort(compare)
  let from: Array<A> = []
  for (let at = 0; at < items.length; at += run) {
    for (const item of items.slice(at, at + run).sort(compare)) from.push(item)
    yield
  }
  for (let width = run; width < from.length; width *= 2) {
    const to: Array<A> = []
    for (let at = 0; at < from.length; at += 2 * width) yield* merge({ from, to, at, width }, compare)
    from = to
  }
  return from
}

/** Two neighbours, each of them sorted. */
function* merge<A>(
  { at, from, to, width }: { readonly from: ReadonlyArray<A>; readonly to: Array<A>; readonly at: number; readonly width: number },
  compare: (a: A, b: A) => number
): Generator<void> {
  const middle = Math.min(at + width, from.length)
  const end = Math.min(at + 2 * width, from.length)
  let [left, right] = [at, middle]
  while (left < middle || right < end) {
    const isLeft = right === end || (left < middle && compare(from[left]!, from[right]!) <= 0)
    to.push(from[isLeft ? left++ : right++]!)
    if (to.length % run === 0) yield
  }
}
