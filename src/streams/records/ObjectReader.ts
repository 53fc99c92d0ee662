/**
 * Reads a JSON object of known members byte by byte: plain member names, plain strings, plain
 * numbers, and objects of the same sort in it. "Not recognised" is not "wrong": the slow path
 * looks at what this one leaves.
 */
import type { Member } from "../pipeline/Column.ts"

/** What reads the value of a member: a field's, or an object in the object. */
export interface MemberReader {
  /**
   * Puts the stored form of the value that begins at `at` into `values[index]` and returns where it ends, or -1 where it
   * is not recognised.
   */
  read(bytes: Uint8Array, at: number, end: number, values: Float64Array, index: number): number
  /** Puts the absent value there. */
  lack(values: Float64Array, index: number): void
}

/** A member of an object, and the place of its value; an object's fields have places of their own. */
export interface Placed {
  readonly member: Member
  readonly reader: MemberReader
  readonly index: number
}

const quote = 34
const comma = 44
const colon = 58
const open = 123
const close = 125

export class ObjectReader implements MemberReader {
  readonly #names: ReadonlyArray<Uint8Array>
  readonly #words: MemberNames
  readonly #optional: ReadonlyArray<boolean>
  readonly #members: ReadonlyArray<MemberReader>
  readonly #indexes: ReadonlyArray<number>
  readonly #isRecord: boolean
  /** Which members the last record had, where the others are still absent from the values; -1 where that is not known. */
  #seen = -1

  /** A record is no object in another one: after one that lacks the same members nothing has to be done about those. */
  constructor(members: ReadonlyArray<Placed>, isRecord = false) {
    this.#isRecord = isRecord
    this.#names = members.map(({ member }) => new TextEncoder().encode(member.name))
    this.#words = new MemberNames(members.map(({ member }) => member.name))
    this.#optional = members.map(({ member }) => member.optional)
    this.#members = members.map(({ reader }) => reader)
    this.#indexes = members.map(({ index }) => index)
  }

  /** Whatever its members are by themselves: they are absent with the object. */
  lack(values: Float64Array): void {
    this.#members.forEach((member, i) => member.lack(values, this.#indexes[i]!))
  }

  /** Somebody else puts values in the places of its members. */
  forget(): void {
    this.#seen = -1
  }

  read(bytes: Uint8Array, from: number, end: number, values: Float64Array): number {
    const names = this.#names
    const members = this.#members
    const indexes = this.#indexes
    const before = this.#seen
    this.forget()
    let seen = 0
    let position = 0
    let at = from
    if (bytes[at] !== open) return -1
    at = start(bytes, at + 1, end)
    while (bytes[at] === quote) {
      let member = this.#words.after(position, bytes, at)
      if (member !== -1) at += this.#words.lengths[member]!
      else {
        member = this.#memberAt(bytes, at + 1, position)
        if (member === -1) return -1
        at = start(bytes, at + 2 + names[member]!.length, end)
        if (bytes[at++] !== colon) return -1
      }
      if ((seen & (1 << member)) !== 0) return -1
      seen |= 1 << member
      position++
      const value = start(bytes, at, end)
      at = members[member]!.read(bytes, value, end, values, indexes[member]!)
      if (at === -1 && (at = this.#readNull(bytes, value, values, member)) === -1) return -1
      at = start(bytes, at, end)
      if (bytes[at] === comma) {
        at = start(bytes, at + 1, end)
        if (bytes[at] !== quote) return -1
      } else break
    }
    if (bytes[at] !== close) return -1
    if (seen === before) {
      this.#seen = seen
      return at + 1
    }
    for (let member = 0; member < members.length; member++) {
      if ((seen & (1 << member)) !== 0) continue
      if (!this.#optional[member]) return -1
      members[member]!.lack(values, indexes[member]!)
    }
    if (this.#isRecord) this.#seen = seen
    return at + 1
  }

  /** What no reader recognises may be null. */
  #readNull(bytes: Uint8Array, at: number, values: Float64Array, member: number): number {
    if (!this.#optional[member] || !isNull(bytes, at)) return -1
    this.#members[member]!.lack(values, this.#indexes[member]!)
    return at + 4
  }

  /** The member whose name stands at `from`; -1 where it is none. */
  #memberAt(bytes: Uint8Array, from: number, position: number): number {
    const found = this.#names.findIndex((name) => isNamed(name, bytes, from))
    if (found === -1 || found > 30) return -1
    this.#words.expect(position, found)
    return found
  }
}

/** The names of an object's members with their quotes and the colon behind them, as words of four bytes. */
class MemberNames {
  /** Of each, in bytes. */
  readonly lengths: Int32Array
  readonly #words: Int32Array
  readonly #starts: Int32Array
  /** Members in the order in which the last object had them: the next one mostly has the same. */
  readonly #expected = new Int32Array(32).fill(-1)
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)

  constructor(names: ReadonlyArray<string>) {
    const all = names.map((name) => new TextEncoder().encode(`"${name}":`))
    this.lengths = Int32Array.from(all, ({ length }) => length)
    this.#starts = new Int32Array(all.length + 1)
    const words: Array<number> = []
    all.forEach((bytes, member) => {
      const view = new DataView(bytes.buffer)
      for (let at = 0; at + 4 < bytes.length; at += 4) words.push(view.getInt32(at))
      words.push(bytes.length < 4 ? 0 : view.getInt32(bytes.length - 4))
      this.#starts[member + 1] = words.length
    })
    this.#words = Int32Array.from(words)
  }

  /** The member that is expected at a position, where it stands there; -1 where it does not, or this cannot say. */
  after(position: number, bytes: Uint8Array, from: number): number {
    if (position > 31) return -1
    const member = this.#expected[position]!
    if (member === -1) return -1
    if (bytes !== this.#bytes) this.#look(bytes)
    const length = this.lengths[member]!
    if (length < 4 || from + length > bytes.length) return -1
    const view = this.#view
    const last = this.#starts[member + 1]! - 1
    let at = from
    for (let word = this.#starts[member]!; word < last; word++, at += 4) if (view.getInt32(at) !== this.#words[word]) return -1
    return view.getInt32(from + length - 4) === this.#words[last] ? member : -1
  }

  expect(position: number, member: number): void {
    if (position < 32) this.#expected[position] = member
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

/** Whether a name stands at `from`, closing quote included. */
const isNamed = (name: Uint8Array, bytes: Uint8Array, from: number): boolean => {
  if (bytes[from + name.length] !== quote) return false
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false
  return true
}

const isNull = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 110 && bytes[at + 1] === 117 && bytes[at + 2] === 108 && bytes[at + 3] === 108

/** Where what is read next begins; mostly here. */
const start = (bytes: Uint8Array, at: number, end: number): number => bytes[at]! > 32 ? at : skip(bytes, at, end)

/** The first byte that is no white space of JSON. */
export const skip = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from
  // Mostly there is none, and one comparison says so.
  while (at < end && bytes[at]! <= 32 && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 10 || bytes[at] === 13)) at++
  return at
}
