/** The order of strings in what operators put out: by UTF-16 code units. No locale has a say in it. */
import type { Dictionary } from "../../records/Batch.ts"

export const compareText = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * Sorts keys by their strings. The keys of a dictionary are ranked once, so that sorting them again compares integers; keys
 * that came since are compared as strings, until that has cost as much as ranking all anew.
 */
export class KeyOrder {
  #dictionary: Dictionary | null = null
  /** The key of each rank. */
  #ranked: ReadonlyArray<number> = []
  #rankOf = new Int32Array(0)
  #unranked = 0

  sort(keys: ReadonlyArray<number>, dictionary: Dictionary): ReadonlyArray<number> {
    if (keys.length < 2) return keys
    if (dictionary !== this.#dictionary || this.#unranked > this.#ranked.length) this.#rank(dictionary)
    const known = this.#rankOf.length
    const ranks = new Int32Array(keys.length)
    const others: Array<number> = []
    let count = 0
    for (const key of keys) {
      if (key < known) ranks[count++] = this.#rankOf[key]!
      else others.push(key)
    }
    const sorted: Array<number> = []
    for (const rank of ranks.subarray(0, count).sort()) sorted.push(this.#ranked[rank]!)
    if (others.length === 0) return sorted
    this.#unranked += others.length
    const { texts } = dictionary
    return merged(sorted, others.sort((a, b) => compareText(texts[a]!, texts[b]!)), texts)
  }

  #rank(dictionary: Dictionary): void {
    const { texts } = dictionary
    const ranked = texts.map((_, number) => number).sort((a, b) => compareText(texts[a]!, texts[b]!))
    const rankOf = new Int32Array(ranked.length)
    for (let rank = 0; rank < ranked.length; rank++) rankOf[ranked[rank]!] = rank
    this.#dictionary = dictionary
    this.#ranked = ranked
    this.#rankOf = rankOf
    this.#unranked = 0
  }
}

/** Two sorted lists as one. */
const merged = (left: ReadonlyArray<number>, right: ReadonlyArray<number>, texts: ReadonlyArray<string>): ReadonlyArray<number> => {
  const all: Array<number> = []
  let at = 0
  for (const key of left) {
    while (at < right.length && texts[right[at]!]! < texts[key]!) all.push(right[at++]!)
    all.push(key)
  }
  return all.concat(right.slice(at))
}
