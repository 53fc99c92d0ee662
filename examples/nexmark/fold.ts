/** What the plain folds of the queries are written with: rows in groups, each of which comes to one result. */
import type { Bid } from "./model.ts"

/** What a window of a key comes to. */
export interface Result {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly values: { readonly [name: string]: string | number | null }
}

export interface Group {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly bids: ReadonlyArray<Bid>
}

/** Bids by key and by windows of one length. */
export const tumbling = (bids: ReadonlyArray<Bid>, size: number, keyOf: (bid: Bid) => string): ReadonlyArray<Group> => {
  const startOf = (bid: Bid) => Math.floor(bid.dateTime / size) * size
  return [...Map.groupBy(bids, (bid) => JSON.stringify([keyOf(bid), startOf(bid)])).values()].map((bids) => {
    const [first] = bids as [Bid] // A group has one at least.
    return { key: keyOf(first), start: startOf(first), end: startOf(first) + size, bids }
  })
}

/** Bids by key, and cut wherever there is none for longer than the gap. */
export const sessions = (bids: ReadonlyArray<Bid>, gap: number, keyOf: (bid: Bid) => string): ReadonlyArray<Group> =>
  [...Map.groupBy(bids, keyOf)].flatMap(([key, bids]) => {
    const groups: Array<Array<Bid>> = []
    for (const bid of bids.toSorted((a, b) => a.dateTime - b.dateTime)) {
      const last = groups.at(-1)
      if (last === undefined || bid.dateTime - last.at(-1)!.dateTime > gap) groups.push([bid])
      else last.push(bid)
    }
    return groups.map((bids) => ({ key, start: bids[0]!.dateTime, end: bids.at(-1)!.dateTime + gap, bids }))
  })

export const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0)
