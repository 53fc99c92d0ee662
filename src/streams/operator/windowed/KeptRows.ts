/**
 * Rows that may be taken back, one by one, and those that will take back others when the watermark is past them. A row never
 * goes into a slice: it is added to what is emitted whenever that is, so that no aggregate has to give one back.
 *
 * What takes back others does so at its time, or at the last moment that it stands for, or at its partition's watermark when it
 * came if that is later: so a venue may stamp a cancel with the time of its trade. Windows that end by then are closed before. It sees the rows of its key and its
 * id that are not later, that had come while the watermark of their partition was not beyond it, and whose last window is not
 * final: all that depends neither on how partitions are interleaved nor on how the log is cut.
 */
import { type Cancels, definitionOf, type Field, type WindowNode } from "../../pipeline/Checked.ts"
import { fieldsOf } from "../../pipeline/Expression.ts"
import type { Place } from "../../pipeline/Row.ts"
import type { Batch, Dictionary } from "../../records/Batch.ts"
import type { Refusal } from "../../records/Refusal.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { RowTable } from "../keyed/RowTable.ts"
import { Outcome } from "../Operator.ts"
import { StateError, type StateReader } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { Chains, none } from "./Chains.ts"
import { Heap } from "./Heap.ts"
import { KeptBatch } from "./KeptBatch.ts"
import { OutsideIds } from "./OutsideIds.ts"
import { type Here, type Stretch, Stretches, type StretchOf } from "./Stretches.ts"
import { Kind } from "./RowKinds.ts"
import { TakenIds } from "./TakenIds.ts"
import type { Taking } from "./Taking.ts"
import type { Windows } from "./Windows.ts"

/** Of each input its rows. */
interface Input {
  readonly table: RowTable
  readonly batch: KeptBatch
  readonly idColumn: number
  /** The same among the fields of a batch. */
  readonly id: number
  /** Where a row of a batch has the last moment that it stands for. */
  readonly through: number | null
  readonly isText: boolean
}

/** What has become of a row that takes back others. */
export interface Done {
  readonly place: Place
  /** Its event time. */
  readonly time: number
  readonly outcome: number
  readonly refusal: Refusal | null
  /** When it has taken back others: windows that were final by then are as they were. */
  readonly at: number
  /** The places of what it has taken back; a correction has that of what it corrects. */
  readonly taken: ReadonlyArray<Place>
  /** The place that it has from now on: its own, or of a correction that of what it corrects; `null` where it is no row. */
  readonly counts: Place | null
}

/** What one of them has changed: of a key the slices or windows. */
export interface Changed {
  readonly key: number
  readonly at: number
  readonly stretches: ReadonlySet<Stretch>
}

const beside = ["since", "kind", "start", "end"] as const

const kinds: ReadonlySet<number> = new Set([Kind.kept, Kind.cancel, Kind.correction, Kind.replacement])

export class KeptRows {
  readonly #inputs: ReadonlyArray<Input>
  readonly #slots: AccumulatorTable
  readonly #lateness: number
  /** Functions of rows may tell their order. */
  readonly #isOrdered: boolean
  /** By key and id the first of the rows that have it. */
  #byId = new Map<number, Map<number, number>>()
  readonly #sameId = new Chains()
  readonly #together = new Chains()
  readonly #stretches: Stretches
  readonly #boundsOf: StretchOf
  /** Whether it has to be known of what is gone that it was there: it is no matter for replacements. */
  readonly #isRemembered: boolean
  readonly #taken: TakenIds
  /** Windows that are not trading sessions have all rows. */
  readonly #outside: OutsideIds
  readonly #due = new Heap<number>((a, b) => this.#since(a) - this.#since(b) || this.#order(a, b))
  /** The same in no order. */
  readonly #waiting = new Set<number>()
  #done: Array<Done> = []
  #dictionary: Dictionary
  readonly pages: Windows["pages"]

  /** `stretchOf` gives the slice or window with these bounds. */
  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, stretchOf: StretchOf) {
    this.#boundsOf = stretchOf
    this.#slots = slots
    this.#dictionary = dictionary
    this.#lateness = node.allowedLateness
    this.#isOrdered = node.aggregates.some(({ custom }) => custom !== null)
    const both = node.cancels === null ? [] : [node.cancels.rows, node.cancels.preAggregated].flatMap((each) => each ?? [])
    this.#isRemembered = both.some(({ cancel, correction }) => cancel !== null || correction !== null)
    this.#inputs = both.map((cancels, input) => inputOf(node, cancels, input, dictionary))
    const textOf = (number: number) => this.#dictionary.textOf(number)
    this.#stretches = new Stretches(textOf)
    this.#taken = new TakenIds(this.#inputs[0]?.isText === true, textOf)
    this.#outside = new OutsideIds(this.#inputs[0]?.isText === true, textOf)
    const [rows, records] = this.#inputs
    this.pages = {
      kept: rows!.table,
      ...(records === undefined ? {} : { keptRecords: records.table }),
      taken: this.#stretches.pages,
      takenIds: this.#taken.pages,
      ...(node.window.kind === "trading" ? { outsideIds: this.#outside.pages } : {})
    }
  }

  get size(): number {
    return this.#inputs.reduce((sum, { table }) => sum + table.size, this.#stretches.size + this.#taken.size + this.#outside.size)
  }

  #tableOf(ref: number): RowTable {
    return this.#inputs[ref & 1]!.table
  }

  #number(name: typeof beside[number], ref: number): Float64Array {
    return this.#tableOf(ref).numbers[beside.indexOf(name)]!
  }

  /** Of a row that counts, the watermark of its partition when it came; of one that waits, when it is due. */
  #since(ref: number): number {
    return this.#tableOf(ref).numbers[0]![ref >> 1]!
  }

  #kind(ref: number): number {
    return this.#tableOf(ref).numbers[1]![ref >> 1]!
  }

  #idOf(ref: number): number {
    const { idColumn, table } = this.#inputs[ref & 1]!
    return table.columns[idColumn]![ref >> 1]!
  }

  #placeOf(ref: number): Place {
    return this.#tableOf(ref).placeOf(ref >> 1)
  }

  #keyOf(ref: number): number {
    return this.#tableOf(ref).keys[ref >> 1]!
  }

  /** Rows and pre-aggregated records are of one topic. */
  #placeOrder(a: number, b: number): number {
    const [one, other] = [this.#tableOf(a), this.#tableOf(b)]
    return one.partitions[a >> 1]! - other.partitions[b >> 1]! || one.offsets[a >> 1]! - other.offsets[b >> 1]!
  }

  #order = (a: number, b: number): number =>
    this.#tableOf(a).times[a >> 1]! - this.#tableOf(b).times[b >> 1]! || this.#placeOrder(a, b)

  #add({ batch, input, row }: Row, kind: number, since: number): number {
    const { batch: made, table } = this.#inputs[input]!
    made.useSource(batch.source)
    const slot = table.add(batch, row)
    table.numbers[0]![slot] = since
    table.numbers[1]![slot] = kind
    table.numbers[2]![slot] = table.numbers[3]![slot] = NaN
    return slot * 2 + input
  }

  /** A row counts in its windows from now on. */
  keep(row: Row, stretch: Stretch): void {
    this.#count(this.#add(row, Kind.kept, row.batch.watermarks[row.row]!), stretch)
  }

  /** A row counts in no window, as it is in no session; it is known as long as it could be taken back from the window behind it. */
  leaveOut({ batch, input, row }: Row, stretch: Stretch): void {
    const since = Math.max(batch.times[row]!, batch.watermarks[row]!)
    if (!this.#isRemembered || stretch.lastEnd + this.#lateness <= since) return
    this.#outside.add({ key: batch.keys[row]!, id: batch.columns[this.#inputs[input]!.id]![row]!, since, stretch })
  }

  /** Of a row that is none itself there is no stretch. */
  hold(row: Row, kind: number, stretch: Stretch | null): void {
    const { batch, row: at } = row
    const since = Math.max(batch.times[at]!, batch.watermarks[at]!, stretch === null ? -Infinity : this.#lastMomentOf(row, stretch))
    const ref = this.#add(row, kind, since)
    if (stretch !== null) this.#place(ref, stretch)
    this.#wait(ref)
  }

  #wait(ref: number): void {
    this.#due.push(ref)
    this.#waiting.add(ref)
  }

  /** Up to when a row replaces others, as long as it comes to a window of its own itself. */
  #lastMomentOf({ batch, input, row }: Row, { lastEnd }: Stretch): number {
    const { through } = this.#inputs[input]!
    const moment = through === null ? NaN : batch.columns[through]![row]!
    return Number.isNaN(moment) ? -Infinity : Math.min(moment, lastEnd + this.#lateness - 1)
  }

  #place(ref: number, { end, start }: Stretch): void {
    this.#number("start", ref)[ref >> 1] = start
    this.#number("end", ref)[ref >> 1] = end
  }

  #count(ref: number, stretch: Stretch): void {
    this.#place(ref, stretch)
    const here = this.#stretches.ensure(stretch, this.#keyOf(ref))
    here.first = this.#together.add(here.first, ref)
    this.#index(ref)
  }

  #index(ref: number): void {
    const [key, id] = [this.#keyOf(ref), this.#idOf(ref)]
    let ids = this.#byId.get(key)
    if (ids === undefined) this.#byId.set(key, ids = new Map())
    ids.set(id, this.#sameId.add(ids.get(id) ?? none, ref))
  }

  #unindex(ref: number): void {
    const [key, id] = [this.#keyOf(ref), this.#idOf(ref)]
    const ids = this.#byId.get(key)!
    const first = this.#sameId.remove(ids.get(id)!, ref)
    if (first !== none) return void ids.set(id, first)
    ids.delete(id)
    if (ids.size === 0) this.#byId.delete(key)
  }

  /** When the first of those that wait is due. */
  get nextAt(): number {
    const ref = this.#due.smallest
    return ref === undefined ? Infinity : this.#since(ref)
  }

  /** The first of them takes back what it names. */
  takeBack(): Changed {
    const ref = this.#due.pop()!
    this.#waiting.delete(ref)
    const at = this.#since(ref)
    const key = this.#keyOf(ref)
    const kind = this.#kind(ref)
    const found = this.#rowsFor(ref, at)
    const stretches = new Set(found.map((row) => this.#stretchOf(row)))
    const outcome = kind === Kind.replacement || found.length > 0 ? Outcome.aggregated : this.#outcomeOfNone(ref, at)
    const last = found.reduce((newest, row) => newest === none || this.#order(row, newest) > 0 ? row : newest, none)
    const counts = outcome === Outcome.aggregated && kind !== Kind.cancel
    const own = !counts ? null : this.#stretchOf(kind === Kind.correction ? last : ref)
    this.#done.push({
      place: this.#placeOf(ref),
      time: this.#tableOf(ref).times[ref >> 1]!,
      outcome,
      refusal: outcome === Outcome.refused ? this.#nothing(ref) : null,
      at,
      taken: found.map((row) => this.#placeOf(row)),
      counts: own === null ? null : this.#placeOf(kind === Kind.correction ? last : ref)
    })
    this.#remember(ref, stretches, own)
    if (own !== null && kind === Kind.correction) this.#inPlaceOf(ref, last)
    for (const row of found) this.#remove(row, this.#stretchOf(row), true)
    if (own === null) this.#tableOf(ref).release(ref >> 1)
    else {
      this.#tableOf(ref).touch(ref >> 1)
      this.#number("kind", ref)[ref >> 1] = Kind.kept
      this.#count(ref, own)
      stretches.add(own)
    }
    return { key, at, stretches }
  }

  /** What has become of one that finds no row: all may have been taken back, or be in no session. */
  #outcomeOfNone(ref: number, at: number): number {
    const [key, id] = [this.#keyOf(ref), this.#idOf(ref)]
    if (this.#taken.lastEndOf(key, id) + this.#lateness > at) return Outcome.duplicate
    return this.#outside.has(key, id, { at, lateness: this.#lateness }) ? Outcome.filtered : Outcome.refused
  }

  #rowsFor(ref: number, at: number): ReadonlyArray<number> {
    const found: Array<number> = []
    let row = this.#byId.get(this.#keyOf(ref))?.get(this.#idOf(ref)) ?? none
    for (; row !== none; row = this.#sameId.after(row)) {
      const isSeen = this.#tableOf(row).times[row >> 1]! <= at && this.#since(row) <= at
      if (isSeen && this.#stretchOf(row).lastEnd + this.#lateness > at) found.push(row)
    }
    return found
  }

  #stretchOf(ref: number): Stretch {
    return this.#boundsOf(this.#number("start", ref)[ref >> 1]!, this.#number("end", ref)[ref >> 1]!)
  }

  /** A correction has the turn of what it corrects. */
  #inPlaceOf(ref: number, row: number): void {
    const [table, from] = [this.#tableOf(ref), this.#tableOf(row)]
    table.touch(ref >> 1)
    table.times[ref >> 1] = from.times[row >> 1]!
    table.partitions[ref >> 1] = from.partitions[row >> 1]!
    table.offsets[ref >> 1] = from.offsets[row >> 1]!
  }

  /** What has been taken back was there, as far as what comes in its place does not say so. */
  #remember(ref: number, stretches: ReadonlySet<Stretch>, own: Stretch | null): void {
    if (!this.#isRemembered) return
    const [key, id] = [this.#keyOf(ref), this.#idOf(ref)]
    for (const stretch of stretches) {
      if (stretch.lastEnd > Math.max(own?.lastEnd ?? -Infinity, this.#taken.lastEndOf(key, id))) this.#taken.set(key, id, stretch)
    }
  }

  #remove(ref: number, stretch: Stretch, isTaken: boolean): void {
    const here = stretch.kept.get(this.#keyOf(ref))!
    here.first = this.#together.remove(here.first, ref)
    if (isTaken) this.#stretches.take(here)
    this.#unindex(ref)
    this.#tableOf(ref).release(ref >> 1)
  }

  #nothing(ref: number): Refusal {
    const { isText, table } = this.#inputs[ref & 1]!
    const id = this.#idOf(ref)
    const shown = isText ? JSON.stringify(this.#dictionary.textOf(id)) : id
    const key = JSON.stringify(this.#dictionary.textOf(table.keys[ref >> 1]!))
    const isAhead = this.#isAhead(ref) ? "; a row of that id has a later time than what takes it back" : ""
    return { reason: "nothing-to-cancel", detail: `no row of the key ${key} that a window can still be without has the id ${shown}${isAhead}` }
  }

  /** Whether a row of its id counts that is later than it, and so not seen by it. */
  #isAhead(ref: number): boolean {
    const at = this.#since(ref)
    let row = this.#byId.get(this.#keyOf(ref))?.get(this.#idOf(ref)) ?? none
    while (row !== none && this.#tableOf(row).times[row >> 1]! <= at) row = this.#sameId.after(row)
    return row !== none
  }

  /** What has become of those that waited, since the last call. */
  drainDone(): ReadonlyArray<Done> {
    const done = this.#done
    this.#done = []
    return done
  }

  get waitingRows(): number {
    return this.#waiting.size
  }

  /** The places of those that wait. */
  *waiting(): Generator<Place> {
    for (const ref of this.#waiting) yield this.#placeOf(ref)
  }

  *#all(): Generator<number> {
    for (const [input, { table }] of this.#inputs.entries()) for (const slot of table.slots()) yield slot * 2 + input
  }

  /** Of a key all stretches in which it has had rows. */
  of(key: number): Iterable<Here> {
    return this.#stretches.of(key)
  }

  /** Adds the rows of a key that count in the window that ends at `end`, and says how many changes there are besides. */
  addTo(slot: number, here: Here, end: number): number {
    const rows: Array<number> | null = this.#isOrdered ? [] : null
    for (let ref = here.first; ref !== none; ref = this.#together.after(ref)) {
      if (end + this.#lateness <= this.#since(ref)) continue
      if (rows !== null) rows.push(ref)
      else this.#inputs[ref & 1]!.batch.add(ref >> 1, slot, this.#slots)
    }
    for (const ref of rows?.sort(this.#order) ?? []) this.#inputs[ref & 1]!.batch.add(ref >> 1, slot, this.#slots)
    // Rows and records in turn would have to be added in turn, too; functions take no records.
    for (const { batch } of this.#inputs) batch.flush(slot, this.#slots)
    return 2 * here.taken
  }

  /** What nothing can take back any more: `settle` is given each key with its rows, which are forgotten. */
  *settle(stretch: Stretch, settle: (here: Here) => void): Work {
    let done = 0
    for (const here of stretch.kept.values()) {
      if (here.first === none) continue
      settle(here)
      this.#releaseAll(here)
      if (isTired(++done)) yield
    }
    yield* this.#taken.forget(stretch)
  }

  /** A stretch is gone, with all that is kept of it. */
  *forget(stretch: Stretch): Work {
    let done = 0
    for (const here of stretch.kept.values()) {
      this.#releaseAll(here)
      this.#stretches.remove(here)
      if (isTired(++done)) yield
    }
    yield* this.#taken.forget(stretch)
    yield* this.#outside.forget(stretch)
  }

  #releaseAll(here: Here): void {
    for (let ref = here.first; ref !== none;) {
      const next = this.#together.after(ref)
      this.#remove(ref, here.stretch, false)
      ref = next
    }
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const numberOf = (number: number) => dictionary.numberOf(former.textOf(number))
    this.#stretches.renumber(numberOf)
    this.#taken.renumber(numberOf)
    this.#outside.renumber(numberOf)
    for (const { batch, table } of this.#inputs) {
      table.useDictionary(dictionary)
      batch.useDictionary(dictionary)
    }
    this.#dictionary = dictionary
    this.#byId = new Map()
    for (const ref of this.#all()) if (this.#kind(ref) === Kind.kept) this.#index(ref)
  }

  /** `stretchOf` refuses bounds of which there can be none. */
  restore(state: StateReader, stretchOf: StretchOf): void {
    const numberOf = (text: string) => this.#dictionary.columns.numberOf(text)
    this.#stretches.restore(state, numberOf, stretchOf)
    this.#taken.restore(state, numberOf, stretchOf)
    this.#outside.restore(state, numberOf, stretchOf)
    for (const [input, { table }] of this.#inputs.entries()) {
      table.restore(state, (slot) => {
        const ref = slot * 2 + input
        const [kind, start, end] = [this.#kind(ref), this.#number("start", ref)[slot]!, this.#number("end", ref)[slot]!]
        if (!kinds.has(kind)) throw new StateError(`no row that is kept is of the kind ${kind}`)
        const stretch = Number.isNaN(start) ? null : stretchOf(start, end)
        if (kind > Kind.kept) this.#wait(ref)
        else if (stretch !== null) this.#count(ref, stretch)
        else throw new StateError("a row is kept that is in no window")
      })
    }
  }
}

/** A row of a batch, and by which input it came. */
export interface Row {
  readonly batch: Batch
  readonly input: number
  readonly row: number
}

export const rowIn = ({ batch, preAggregated }: Taking, row: number): Row => ({ batch, input: preAggregated ? 1 : 0, row })

const inputOf = (node: WindowNode, cancels: Cancels, input: number, dictionary: Dictionary): Input => {
  const events = input === 0 ? node.input : node.preAggregated!
  const definition = definitionOf(events)
  const fields = keptOf(node, cancels, input)
  const table = new RowTable(input === 0 ? "kept" : "keptRecords", fields, dictionary, beside)
  return {
    table,
    batch: new KeptBatch({ table, fields, definition, isPreAggregated: input === 1, dictionary }),
    idColumn: fields.findIndex(({ index }) => index === cancels.id.index),
    id: cancels.id.index,
    through: cancels.through?.index ?? null,
    isText: cancels.id.column.kind === "string"
  }
}

/** The fields that aggregates look at, and the id. */
const keptOf = ({ aggregates, input: rows, preAggregated }: WindowNode, { id }: Cancels, input: number): ReadonlyArray<Field> => {
  const { columns } = definitionOf(input === 0 ? rows : preAggregated!)
  if (input === 0 && aggregates.some(({ custom }) => custom !== null)) return columns.map((column, index) => ({ index, column }))
  const read = aggregates.flatMap((aggregate) => input === 0 ? [aggregate.field, aggregate.by] : [aggregate.preAggregated])
  const conditions = input === 0 ? aggregates.flatMap(({ where }) => where === null ? [] : fieldsOf(where)) : []
  const names = new Set([id.column.name, ...conditions, ...read.flatMap((field) => field?.column.name ?? [])])
  return columns.flatMap((column, index) => names.has(column.name) ? [{ index, column }] : [])
}
