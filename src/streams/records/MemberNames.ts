/**
 * Finds the members of objects by their names. The next member is mostly the one that came next the last time: its name with
 * its quotes and the colon behind it is compared as words of four bytes. One that is not is looked up, in any order.
 */
import { endOfText, type Input } from "./Json.ts"
import { StringTable } from "./StringTable.ts"

const quote = 34

/** The number of what is no member. */
export const unknown = -1

/** What is known of a member, or of what the first member of an object comes behind, side by side in one array. */
const size = 8
const [head, tail, length, firstMiddle, endOfMiddles, next] = [0, 1, 2, 3, 4, 5]

export class MemberNames {
  readonly longest: number
  /**
   * Of each name with its quotes and colon the first and the last word, its length in bytes, and where its other words are
   * among those; and which member is expected next, {@link unknown} while there has been none.
   */
  readonly #known: Int32Array
  readonly #middles: Int32Array
  readonly #members: number
  readonly #tables: ReadonlyArray<StringTable>
  /** Where the name ends that was looked up last, quote included; -1 where it is no plain text. */
  to = -1

  /** The names of each object's members; they are numbered through. */
  constructor(objects: ReadonlyArray<ReadonlyArray<string>>) {
    const names = objects.flat().map((name) => new TextEncoder().encode(`"${name}":`))
    const middles: Array<number> = []
    this.longest = Math.max(0, ...names.map(({ length }) => length))
    this.#members = names.length
    this.#known = new Int32Array((names.length + objects.length) * size).fill(unknown)
    names.forEach((name, member) => {
      const view = new DataView(name.buffer)
      const first = middles.length
      for (let at = 4; at < name.length - 4; at += 4) middles.push(view.getInt32(at, true))
      this.#known.set([view.getInt32(0, true), view.getInt32(name.length - 4, true), name.length, first, middles.length], member * size)
    })
    this.#middles = Int32Array.from(middles)
    let member = 0
    this.#tables = objects.map((members) => {
      const table = new StringTable()
      for (const name of members) {
        const bytes = names[member]!
        // Others are never written as they are.
        if (isPlain(name)) table.add(bytes, 1, bytes.length - 2, member)
        member++
      }
      return table
    })
  }

  /** What the first member of an object comes behind. */
  before(object: number): number {
    return this.#members + object
  }

  /** The member that is expected behind another one, where its name stands at `from`; else -1. */
  after(last: number, view: DataView, from: number): number {
    const known = this.#known
    const member = known[last * size + next]!
    if (member === unknown) return -1
    const place = member * size
    if (view.getInt32(from, true) !== known[place + head]) return -1
    if (view.getInt32(from + known[place + length]! - 4, true) !== known[place + tail]) return -1
    const end = known[place + endOfMiddles]!
    let at = from + 4
    for (let word = known[place + firstMiddle]!; word < end; word++, at += 4) if (view.getInt32(at, true) !== this.#middles[word]) return -1
    return member
  }

  /** In bytes, with quotes and colon. */
  lengthOf(member: number): number {
    return this.#known[member * size + length]!
  }

  expect(last: number, member: number): void {
    this.#known[last * size + next] = member
  }

  /** The member of an object whose name stands at `from`, or {@link unknown}. */
  find(object: number, { bytes, end, view }: Input, from: number): number {
    this.to = -1
    if (bytes[from] !== quote) return unknown
    const table = this.#tables[object]!
    const member = table.find(view, from + 1, end)
    const to = member === -1 ? endOfText(bytes, from + 1, end) : table.to
    if (to !== -1) this.to = to + 1
    return member
  }
}

/** Whether a name is written without an escape, and has a form in UTF-8. */
const isPlain = (name: string): boolean => name.isWellFormed() && JSON.stringify(name) === `"${name}"`
