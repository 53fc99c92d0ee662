/** The order of strings in what operators put out: by UTF-16 code units. No locale has a say in it. */
import type { Dictionary } from "../../records/Batch.ts"
import { sorted } from "../Sort.ts"
import { isTired } from "../Work.ts"

export const compareText = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** Keys in their order. */
export type Keys = ReadonlyArray<number> | Int32Array

/** Keys that are sorted one by one. */
const handful = 16

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

  #isRanked(dictionary: Dictionary): boolean {
    return dictionary === this.#dictionary && this.#unranked <= this.#ranked.length
  }

  /** The same at once, where keys are a handful that have ranks, as in most windows; `null` elsewhere. */
  atOnce(keys: ReadonlyArray<number>, dictionary: Dictionary): Keys | null {
    if (keys.length < 2) return keys
    if (keys.length > handful || !this.#isRanked(dictionary)) return null
    const inOrder = [...keys]
    for (let i = 0; i < inOrder.length; i++) {
      const key = inOrder[i]!
      if (key >= this.#rankOf.length) return null
      const rank = this.#rankOf[key]!
      let at = i
      for (; at > 0 && this.#rankOf[inOrder[at - 1]!]! > rank; at--) inOrder[at] = inOrder[at - 1]!
      inOrder[at] = key
    }
    return inOrder
  }

  *sort(keys: ReadonlyArray<number>, dictionary: Dictionary): Generator<void, Keys> {
    if (keys.length < 2) return keys
    if (!this.#isRanked(dictionary)) yield* this.#rank(dictionary)
    const known = this.#rankOf.length
    const ranks = new Int32Array(keys.length)
    const others: Array<number> = []
    let count = 0
    for (const key of keys) {
      if (key < known) ranks[count++] = this.#rankOf[key]!
      else others.push(key)
    }
    const inOrder = inOrderOf(ranks.subarray(0, count), this.#ranked)
    if (others.length === 0) return inOrder
    this.#unranked += others.length
    const { texts } = dictionary
    return yield* merged(inOrder, yield* sorted(others, (a, b) => compareText(texts[a]!, texts[b]!)), texts)
  }

  *#rank(dictionary: Dictionary): Generator<void> {
    const { texts } = dictionary
    const ranked = yield* sorted([...texts.keys()], (a, b) => compareText(texts[a]!, texts[b]!))
    const rankOf = new Int32Array(ranked.length)
    for (let rank = 0; rank < ranked.length; rank++) rankOf[ranked[rank]!] = rank
    this.#dictionary = dictionary
    this.#ranked = ranked
    this.#rankOf = rankOf
    this.#unranked = 0
  }
}

/** Keys by their ranks. Where they are many of all that there are, those are gone through: a million take no time to sort. */
const inOrderOf = (ranks: Int32Array, ranked: ReadonlyArray<number>): Int32Array => {
  if (ranks.length * 16 < ranked.length) return ranks.sort().map((rank) => ranked[rank]!)
  const isIn = new Uint8Array(ranked.length)
  for (const rank of ranks) isIn[rank] = 1
  const keys = new Int32Array(ranks.length)
  for (let rank = 0, at = 0; at < keys.length; rank++) if (isIn[rank] === 1) keys[at++] = ranked[rank]!
  return keys
}

/** Two sorted lists as one. */
function* merged(left: Int32Array, right: ReadonlyArray<number>, texts: ReadonlyArray<string>): Generator<void, Int32Array> {
  const both = new Int32Array(left.length + right.length)
  for (let i = 0, at = 0; i + at < both.length;) {
    const isRight = i === left.length || (at < right.length && texts[right[at]!]! < texts[left[i]!]!)
    both[i + at] = isRight ? right[at++]! : left[i++]!
    if (isTired(i + at)) yield
  }
  return both
}
