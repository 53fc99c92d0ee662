/** Which source of a log each record of a feed belongs to, where a field of it says so. */
import { Predicate } from "effect"
import { type Chunk, Kind, valueAt } from "./Records.ts"
import { type Part, pick } from "./Router.ts"

export class SourceSorter {
  readonly #field: string
  readonly #sources: ReadonlyArray<string>
  readonly #decoder = new TextDecoder()
  readonly #strict = new TextDecoder("utf-8", { fatal: true })

  constructor(field: string, sources: ReadonlyArray<string>) {
    this.#field = field
    this.#sources = sources
  }

  /**
   * A chunk's records by source, in their order. One that names none of them is among those of the first, as `unassigned`; so
   * is one that is no JSON object, as it stands: where it is decoded it is refused for what it is. The position is that of the
   * last part.
   */
  sort(chunk: Chunk): ReadonlyArray<Part> {
    if (chunk.length === 0) return [{ partition: 0, chunk }]
    const { position, ...records } = chunk
    const kinds = records.kinds.slice(0, records.length)
    const indexes = new Map<number, Array<number>>()
    for (let index = 0; index < chunk.length; index++) {
      const source = this.#sourceOf(chunk, index)
      if (source === -1 && kinds[index] === Kind.event && this.#isObject(chunk, index)) kinds[index] = Kind.unassigned
      const partition = Math.max(0, source)
      const found = indexes.get(partition)
      if (found === undefined) indexes.set(partition, [index])
      else found.push(index)
    }
    const parts = [...indexes].map(([partition, chosen]): Part => ({ partition, chunk: pick({ ...records, kinds }, chosen) }))
    const last = parts.pop()!
    return [...parts, position === undefined ? last : { ...last, chunk: { ...last.chunk, position } }]
  }

  /** -1 where it names none. */
  #sourceOf(chunk: Chunk, index: number): number {
    try {
      const value: unknown = JSON.parse(this.#decoder.decode(valueAt(chunk, index)))
      const name = Predicate.isObject(value) && Object.hasOwn(value, this.#field) ? value[this.#field as keyof typeof value] : undefined
      return Predicate.isString(name) ? this.#sources.indexOf(name) : -1
    } catch {
      return -1
    }
  }

  #isObject(chunk: Chunk, index: number): boolean {
    try {
      return Predicate.isObject(JSON.parse(this.#strict.decode(valueAt(chunk, index))))
    } catch {
      return false
    }
  }
}
