/** State in pages of 1,024 entries: a checkpoint has each page as it was when it began, whatever has become of it since. */
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AccumulatorTable } from "../../../src/streams/operator/aggregates/AccumulatorTable.ts"
import type { Paged } from "../../../src/streams/operator/Paged.ts"
import { PagedList } from "../../../src/streams/operator/PagedList.ts"
import { SlotPages } from "../../../src/streams/operator/SlotPages.ts"
import { StateReader, StateWriter } from "../../../src/streams/operator/State.ts"
import { windowOf } from "../../../src/streams/pipeline/Checked.ts"
import { Aggregate, Pipeline, Source, Window } from "../../../src/streams/pipeline/index.ts"
import * as Batch from "../../../src/streams/records/Batch.ts"

const pageSize = 1_024

/** The entries that a page wrote, none where it has none. */
type Read = (section: StateReader) => ReadonlyArray<string>

const written = (pages: Paged, page: number): Uint8Array | null => {
  const writer = new StateWriter()
  pages.write(page, writer)
  return writer.bytes
}

/** What checkpoints have saved: a section of each page, changed by each of them. */
class Saved {
  readonly #pages: Paged
  readonly #read: Read
  readonly #sections = new Map<number, Uint8Array>()

  constructor(pages: Paged, read: Read) {
    this.#pages = pages
    this.#read = read
  }

  /** Writes so many of the pages that are awaited, and says which. */
  draw(count = Infinity): ReadonlyArray<number> {
    const drawn = this.#pages.awaited.slice(0, count)
    for (const page of drawn) {
      const bytes = written(this.#pages, page)
      if (bytes === null) this.#sections.delete(page)
      else this.#sections.set(page, bytes)
    }
    return drawn
  }

  get entries(): ReadonlyArray<string> {
    return [...this.#sections.values()].flatMap((section) => this.#read(new StateReader([section]))).sort()
  }

  get pages(): ReadonlyArray<number> {
    return [...this.#sections.keys()].sort((a, b) => a - b)
  }
}

describe("a list in pages", () => {
  interface Cell {
    text: string
  }

  const make = () => {
    const list = new PagedList<Cell, string>({
      saved: ({ text }) => text,
      order: (a, b) => a < b ? -1 : 1,
      write: (entries, state) => state.table("t", entries.length).strings("text", entries)
    })
    return { list, saved: new Saved(list, (section) => [...section.tables("t")].flatMap((table) => table.texts("text"))) }
  }

  const filled = (count: number) => {
    const { list, saved } = make()
    const places = Array.from({ length: count }, (_, i) => list.add({ text: `first ${i}` }))
    return { list, saved, places }
  }

  it("has what was there when a checkpoint began, and only the pages that have changed since the last", () => {
    const { list, places, saved } = filled(3 * pageSize + 1)
    list.begin(true)
    expect(list.awaited).toEqual([0, 1, 2, 3])
    expect(saved.draw(2)).toEqual([0, 1])
    // One that is written by now, and one that is not.
    for (const at of [5, 2 * pageSize + 5]) list.set(places[at]!, { text: `second ${at}` })
    saved.draw()
    expect(saved.entries).toEqual(Array.from({ length: 3 * pageSize + 1 }, (_, i) => `first ${i}`).sort())
    list.begin(false)
    expect(list.awaited).toEqual([0, 2])
    saved.draw()
    expect(saved.entries.filter((text) => text.startsWith("second"))).toEqual(["second 2053", "second 5"])
    list.begin(false)
    expect(list.awaited).toEqual([])
  })

  it("tells that a page is empty, and has new values in the place of those that were removed", () => {
    const { list, places, saved } = filled(2 * pageSize)
    list.begin(true)
    saved.draw()
    for (const place of places.slice(pageSize)) list.remove(place)
    list.begin(false)
    expect([list.size, list.awaited]).toEqual([pageSize, [1]])
    const again = list.add({ text: "again" })
    expect(Math.floor(again / pageSize)).toBe(1)
    expect(written(list, 1)).toBe(null)
    list.begin(false)
    expect(list.awaited).toEqual([1])
    saved.draw()
    expect(saved.pages).toEqual([0, 1])
    expect(saved.entries).toContain("again")
    expect(() => list.at(places.at(-2)!)).toThrow("after it had been given back")
  })

  it("keeps a value that changes in itself, once it is touched", () => {
    const { list, places, saved } = filled(2)
    list.begin(true)
    list.touch(places[1]!)
    list.at(places[1]!).text = "changed"
    list.touch(places[1]!)
    list.at(places[1]!).text = "changed again"
    saved.draw()
    expect(saved.entries).toEqual(["first 0", "first 1"])
    list.begin(false)
    saved.draw()
    expect(saved.entries).toEqual(["changed again", "first 0"])
  })

  it("begins anew while a checkpoint is under way, and has nothing of what that one had kept", () => {
    const { list, places, saved } = filled(2 * pageSize)
    list.begin(true)
    saved.draw(1)
    list.set(places[pageSize]!, { text: "second" })
    list.remove(places[pageSize + 1]!)
    list.begin(true)
    expect(saved.draw()).toEqual([0, 1])
    expect(saved.entries).toContain("second")
    expect(saved.entries).toHaveLength(2 * pageSize - 1)
  })

  it("says all that there is in one order, wherever it stands", () => {
    const both = [[3, 1, 2], [1, 2, 3]].map((order) => {
      const { list } = make()
      const gone = list.add({ text: "gone" })
      for (const i of order) list.add({ text: String(i) })
      list.remove(gone)
      const writer = new StateWriter()
      list.writeAll(writer)
      return writer.bytes
    })
    expect(both[0]).toEqual(both[1])
  })

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constantFrom("add" as const, "set" as const, "remove" as const, "change" as const), count: fc.integer({ min: 1, max: 900 }), at: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant("draw" as const), count: fc.integer({ min: 1, max: 3 }), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant("begin" as const), count: fc.nat(3), at: fc.nat() }) }
  )

  it("is the state at the beginning of each checkpoint that is finished, whatever happens in whatever order", () => {
    fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: "max" }), (steps) => {
      const { list, saved } = make()
      const model = new Map<number, string>()
      let [begun, isWhole, number]: [ReadonlyArray<string> | null, boolean, number] = [null, false, 0]
      const some = ({ at, count }: { readonly at: number; readonly count: number }) => {
        const places = [...model.keys()]
        return places.length === 0 ? [] : Array.from({ length: Math.min(count, places.length) }, (_, i) => places[(at + i) % places.length]!)
      }
      const draw = (count: number) => {
        saved.draw(count)
        if (begun === null || list.awaited.length > 0) return
        expect(saved.entries).toEqual(begun)
        begun = null
        isWhole = true
      }
      const put = (place: number, text: string) => void model.set(place, text)
      for (const each of steps) {
        if (each.does === "add") for (let i = 0; i < each.count; i++) put(list.add({ text: `${++number}` }), `${number}`)
        if (each.does === "draw") draw(each.count)
        if (each.does === "begin") {
          // After one that was not finished the next has everything.
          isWhole &&= begun === null
          list.begin(!isWhole || each.count === 0)
          begun = [...model.values()].sort()
        }
        for (const place of each.does === "set" || each.does === "remove" || each.does === "change" ? some(each) : []) {
          const text = `${++number}`
          if (each.does === "remove") {
            list.remove(place)
            model.delete(place)
            continue
          }
          if (each.does === "set") list.set(place, { text })
          else {
            list.touch(place)
            list.at(place).text = text
          }
          put(place, text)
        }
        expect(list.size).toBe(model.size)
      }
      draw(Infinity)
    }), { numRuns: 100 })
  })
})

describe("slots in pages", () => {
  const quotes = Source.make("quotes", {
    schema: Schema.Struct({ key: Schema.String, time: Schema.Int, size: Schema.Int, venue: Schema.String }),
    key: "key",
    eventTime: "time"
  })
  const { aggregates } = windowOf(quotes.pipe(
    Window.tumbling(10),
    Aggregate.into({ sum: Aggregate.sum("size"), most: Aggregate.max("size"), last: Aggregate.last("venue") }),
    Pipeline.named("all")
  ).checked)
  const dictionary = new Batch.Dictionary()
  const venue = dictionary.numberOf("V")
  const rowOf = (size: number) => {
    const batch = Batch.make(quotes.definition, dictionary, 0, 1)
    batch.length = 1
    quotes.definition.columns.forEach(({ name }, index) => batch.columns[index]!.fill(name === "venue" ? venue : size))
    return batch
  }

  const make = () => {
    const slots = new AccumulatorTable("all", aggregates)
    const owners = new Map<number, string>()
    const pages = new SlotPages<string>(slots, {
      ownerOf: (slot) => owners.get(slot) ?? null,
      order: (a, b) => a < b ? -1 : 1,
      write: (entries, from, state) => {
        const table = state.table("t", entries.length)
        table.strings("owner", entries.map(({ owner }) => owner))
        from.save(Int32Array.from(entries, ({ slot }) => slot), table, (number) => dictionary.textOf(number))
      }
    })
    slots.pages = pages
    /** Each owner with the rows and the sum of its slot. */
    const read: Read = (section) =>
      [...section.tables("t")].flatMap((table) => {
        const other = new AccumulatorTable("all", aggregates)
        const found = Int32Array.from({ length: table.entries }, () => other.allocate())
        const names = table.texts("owner")
        other.restore(found, table, (text) => dictionary.numberOf(text))
        return names.map((name, i) => shown(name, other, found[i]!))
      })
    const shown = (owner: string, from: AccumulatorTable, slot: number) => {
      const { last, most, sum } = from.result(slot, (number) => dictionary.textOf(number))
      return `${owner}: ${from.rowsOf(slot)} ${sum} ${most} ${last}`
    }
    const add = (slot: number, size: number) => {
      const batch = rowOf(size)
      slots.add({ batch, from: 0, to: 1, slots: Int32Array.of(slot) }, slots.masks(batch))
    }
    const open = (owner: string, size: number) => {
      const slot = slots.allocate()
      owners.set(slot, owner)
      add(slot, size)
      return slot
    }
    const close = (slot: number) => {
      slots.release(slot)
      owners.delete(slot)
    }
    const state = () => [...owners].map(([slot, owner]) => shown(owner, slots, slot)).sort()
    return { slots, owners, pages, saved: new Saved(pages, read), add, open, close, state }
  }

  it("have what was in them when a checkpoint began, and their copies are given back", () => {
    const { add, close, open, pages, saved, slots, state } = make()
    const all = Array.from({ length: 2 * pageSize + 10 }, (_, i) => open(`o${i}`, i))
    pages.begin(true)
    expect(pages.awaited).toEqual([0, 1, 2])
    const before = state()
    expect(saved.draw(1)).toEqual([0])
    // Of each page: rows that come, a slot that goes, and one that is another's by now.
    for (const first of [0, pageSize, 2 * pageSize]) {
      add(all[first]!, 1_000)
      slots.merge(all[first + 1]!, all[first]!, slots.all)
      slots.subtract(all[first + 1]!, all[first]!)
      slots.reset(all[first + 2]!)
      close(all[first + 3]!)
      open(`new ${first}`, 7)
    }
    const size = slots.size
    expect(size).toBe(all.length)
    const after = state()
    saved.draw()
    expect(saved.entries).toEqual(before)
    expect(slots.size).toBe(size)
    pages.begin(false)
    saved.draw()
    expect(saved.entries).toEqual(after)
  })

  it("are no more in use for all the checkpoints that were taken, finished or not", () => {
    const { add, open, pages, saved, slots, state } = make()
    const all = Array.from({ length: pageSize + 10 }, (_, i) => open(`o${i}`, i))
    const used = new Set<number>()
    for (let round = 0; round < 10; round++) {
      pages.begin(round % 3 === 0)
      const before = state()
      for (const slot of all) add(slot, round)
      if (round % 3 !== 2) {
        saved.draw()
        expect(saved.entries).toEqual(before)
      }
      expect(slots.size).toBe(all.length)
      used.add(slots.used)
    }
    // Copies stand somewhere else.
    expect([...used]).toEqual([all.length])
  })

  it("tell that a page is empty, and are nothing where nobody's", () => {
    const { close, open, pages, saved, slots } = make()
    const all = Array.from({ length: pageSize + 1 }, (_, i) => open(`o${i}`, i))
    slots.allocate(1)
    pages.begin(true)
    saved.draw()
    expect(saved.entries).toHaveLength(pageSize + 1)
    close(all.at(-1)!)
    pages.begin(false)
    expect(saved.draw()).toEqual([1])
    expect(saved.pages).toEqual([0])
    expect(saved.entries).toHaveLength(pageSize)
  })
})
