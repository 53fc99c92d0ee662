/**
 * Session windows: a key's events belong together as long as each is at most `gap` after
 * the one before. A session ends `gap` after its last event; two that touch are one, so a
 * session is closed only when the watermark is past its end: an event that is on time may
 * still touch it.
 *
 * A row is late when it is itself behind its partition's watermark (and the allowed
 * lateness): whether it would have joined a session that has been closed must not depend on
 * how partitions interleave. An emitted session that grows or is merged away is retracted,
 * since its bounds are its identity. So is one that was told by somebody else: by a former run,
 * whose panes are adopted at the start, or by an end of input.
 */
import type { Dictionary } from "../../records/Batch.ts"
import type { WindowNode } from "../../pipeline/Checked.ts"
import type { AccumulatorTable } from "../aggregates/AccumulatorTable.ts"
import { noOffset } from "../Operator.ts"
import { type SlotEntry, SlotPages } from "../SlotPages.ts"
import { sorted } from "../Sort.ts"
import { StateError, type StateReader, type StateWriter } from "../State.ts"
import { isTired, type Work } from "../Work.ts"
import { EarlyTrigger } from "./EarlyTrigger.ts"
import { isNews, type Last, restoreEmitted, saveEmitted } from "./EmittedPanes.ts"
import { Heap } from "./Heap.ts"
import * as KeyedState from "./KeyedState.ts"
import { compareText } from "./KeyOrder.ts"
import { type StoredPane, StoredSessions } from "./StoredSessions.ts"
import { type Placement, takeRows, type Taking } from "./Taking.ts"
import { type Emitter, restoreProgress, saveProgress, type Show, type Wanted, type Windows } from "./Windows.ts"

interface Session {
  key: number
  start: number
  end: number
  readonly slot: number
  /** Its one valid entry in the heap, which says when it is to be looked at next; all others are out of date. */
  due: Due | null
  closed: boolean
  emitted: Last | null
}

/** A session as it is written. */
interface Saved extends KeyedState.KeyedOwner {
  readonly emitted: Last | null
}

interface Due {
  readonly at: number
  readonly session: Session
}

export class SessionWindows implements Windows, Placement {
  readonly #slots: AccumulatorTable
  readonly #gap: number
  readonly #lateness: number
  readonly #trigger: EarlyTrigger
  readonly #emitter: Emitter
  #dictionary: Dictionary
  /** A key's sessions in the order of time. */
  readonly #sessions = new Map<number, Array<Session>>()
  /** What comes next: a session to close, or to let go. */
  readonly #due = new Heap<Due>((a, b) => a.at - b.at)
  /** Where there are early panes: the sessions that have had rows since the last of them. */
  readonly #touched = new Set<Session>()
  readonly #stored = new StoredSessions()
  /** By slot. */
  readonly #bySlot: Array<Session | undefined> = []
  readonly pages: Windows["pages"]
  #held = 0
  #closedTo = -Infinity

  constructor(node: WindowNode, slots: AccumulatorTable, dictionary: Dictionary, emitter: Emitter) {
    this.#slots = slots
    this.#gap = node.window.kind === "session" ? node.window.gap : 0
    this.#lateness = node.allowedLateness
    this.#trigger = new EarlyTrigger(node.trigger)
    this.#emitter = emitter
    this.#dictionary = dictionary
    const pages = new SlotPages<Saved>(slots, { ownerOf: this.#savedAt, order: byEnd, write: this.#write })
    slots.pages = pages
    this.pages = { slots: pages, stored: this.#stored.pages }
  }

  #savedAt = (slot: number): Saved | null => {
    const session = this.#bySlot[slot]
    if (session === undefined) return null
    const { emitted, end, key, start } = session
    return { key: this.#textOf(key), start, end, emitted }
  }

  #write = (entries: ReadonlyArray<SlotEntry<Saved>>, slots: AccumulatorTable, state: StateWriter): void => {
    KeyedState.save("sessions", entries, { slots, dictionary: this.#dictionary, state })
    const emitted = entries.flatMap(({ owner: { emitted, ...session } }) => emitted === null ? [] : [{ ...emitted, ...session }])
    saveEmitted(emitted, state)
  }

  get closedTo(): number {
    return this.#closedTo
  }

  get size(): number {
    return this.#slots.size
  }

  get held(): number {
    return this.#held
  }

  take(taking: Taking): Work {
    return takeRows(taking, this, this.#trigger)
  }

  isLate({ batch: { times, watermarks } }: Taking, row: number): boolean {
    return times[row]! < watermarks[row]! - this.#lateness
  }

  /** Any row may make sessions one, so each is placed by itself. */
  placeQuiet(_: Taking, from: number): number {
    return from
  }

  place(taking: Taking, row: number): Work | null {
    const { times, watermarks } = taking.batch
    if (times[row]! < watermarks[row]! || !this.#trigger.never) return this.#placeBehind(taking, row)
    this.#put(taking, row)
    return null
  }

  /** Whatever this row makes the operator emit comes after what the watermark has closed by now. */
  *#placeBehind(taking: Taking, row: number): Work {
    taking.apply(row)
    yield* this.advance(taking.watermarkAt(row))
    this.#put(taking, row)
  }

  #put(taking: Taking, row: number): void {
    const { offsets } = taking.batch
    const session = this.#join(taking, row)
    taking.slots[row] = session.slot
    if (!this.#trigger.never) this.#touched.add(session)
    if (!session.closed) return
    taking.apply(row + 1)
    this.#emitSession(session, "late", offsets[row]!)
  }

  /** The session that an event belongs to: a new one, one that grows, or several that become one. */
  #join(taking: Taking, row: number): Session {
    const { keys, offsets, times } = taking.batch
    const key = keys[row]!
    const time = times[row]!
    let sessions = this.#sessions.get(key)
    if (sessions === undefined) this.#sessions.set(key, sessions = [])
    const touched = sessions.filter(({ end, start }) => start <= time + this.#gap && time <= end)
    const [first, ...rest] = touched
    if (first === undefined) return this.#open(sessions, key, time, time + this.#gap)
    const start = Math.min(first.start, time)
    const end = Math.max(touched.at(-1)!.end, time + this.#gap)
    // Rows that are on their way into a session have to be in it before it is merged or emitted.
    if (rest.length > 0) taking.apply(row)
    for (const other of touched) if (other.start !== start || other.end !== end) this.#retract(other, offsets[row]!)
    for (const other of rest) {
      this.#slots.merge(first.slot, other.slot, this.#slots.all)
      this.#remove(other)
    }
    this.#stretch(first, start, end)
    this.#retractStored(first, offsets[row]!)
    return first
  }

  #open(sessions: Array<Session>, key: number, start: number, end: number): Session {
    const slot = this.#slots.allocate()
    this.#held++
    // A row within the allowed lateness may open a session whose end has passed: it is emitted as late.
    const session: Session = { key, start, end, slot, due: null, closed: end < this.#closedTo, emitted: null }
    this.#bySlot[slot] = session
    sessions.push(session)
    sessions.sort((a, b) => a.start - b.start)
    this.#schedule(session, end)
    return session
  }

  #stretch(session: Session, start: number, end: number): void {
    this.#slots.touch(session.slot)
    session.start = start
    if (end === session.end) return
    session.end = end
    // An open session is looked at when its former end is due; one that opens again may have to be sooner.
    if (session.closed) this.#schedule(session, end)
    session.closed = end < this.#closedTo
  }

  #retract(session: Session, offset: number): void {
    const { emitted, end, key, slot, start } = session
    if (emitted === null) return
    const stored = this.#stored.take(this.#textOf(key), start, end)
    const revision = Math.max(emitted.revision, stored?.revision ?? 0) + 1
    const changes = Math.max(emitted.rows, stored?.changes ?? 0)
    this.#emitter.emit({ key, start, end, kind: "retracted", revision, changes, slot, watermark: this.#closedTo, offset })
    this.#slots.touch(slot)
    session.emitted = null
  }

  /** What a former run has stored within the bounds of a session is part of it by now. */
  #retractStored({ end: to, key, slot, start: from }: Session, offset: number): void {
    if (this.#stored.isEmpty) return
    for (const { changes, end, revision: last, start } of this.#stored.takeWithin(this.#textOf(key), from, to)) {
      const revision = last + 1
      this.#emitter.emit({ key, start, end, kind: "retracted", revision, changes, slot, watermark: this.#closedTo, offset })
    }
  }

  get unsettledSince(): number {
    const starts = [...this.#sessions.values()].map(([first]) => first?.start ?? Infinity)
    return starts.reduce((least, start) => Math.min(least, start), this.#closedTo - this.#lateness)
  }

  *adopt(stored: Iterable<StoredPane>): Work {
    let done = 0
    for (const session of stored) {
      this.#stored.add(session)
      if (isTired(++done)) yield
    }
    for (const sessions of this.#sessions.values()) {
      for (const session of sessions) this.#retractStored(session, noOffset)
      if (isTired(++done)) yield
    }
  }

  #remove(session: Session): void {
    session.due = null
    this.#touched.delete(session)
    this.#held--
    this.#slots.release(session.slot)
    this.#bySlot[session.slot] = undefined
    const left = (this.#sessions.get(session.key) ?? []).filter((other) => other !== session)
    if (left.length === 0) this.#sessions.delete(session.key)
    else this.#sessions.set(session.key, left)
  }

  *advance(watermark: number): Work {
    if (watermark <= this.#closedTo) return
    this.#closedTo = watermark
    const closing: Array<Session> = []
    let done = 0
    for (let next = this.#due.smallest; next !== undefined && next.at < watermark; next = this.#due.smallest) {
      this.#due.pop()
      const { session } = next
      if (next !== session.due) continue
      if (session.closed) this.#letGo(session)
      else if (session.end >= watermark) this.#schedule(session, session.end)
      else {
        session.closed = true
        closing.push(session)
      }
      if (isTired(++done)) yield
    }
    for (const session of yield* sorted(closing, this.#order)) {
      this.#emitSession(session, "on-time", noOffset)
      this.#letGo(session)
      yield
    }
    yield* this.#stored.forgetBefore(watermark - this.#lateness)
  }

  /** Removes a closed session, or waits until its lateness is over. */
  #letGo(session: Session): void {
    const at = session.end + this.#lateness
    if (at < this.#closedTo) this.#remove(session)
    else this.#schedule(session, at)
  }

  #schedule(session: Session, at: number): void {
    session.due = { at, session }
    this.#due.push(session.due)
  }

  #order = (a: Session, b: Session): number =>
    a.end - b.end || a.start - b.start || compareText(this.#textOf(a.key), this.#textOf(b.key))

  #emitSession(session: Session, kind: Last["kind"], offset: number): void {
    const { emitted: last, end, key, slot, start } = session
    const rows = this.#slots.rowsOf(slot)
    if (!isNews(last, kind, rows)) return
    const revision = last === null ? 0 : last.revision + 1
    // One that the watermark closes is due as soon as the watermark is past its end.
    const watermark = offset === noOffset ? end + 1 : this.#closedTo
    this.#emitter.emit({ key, start, end, kind, revision, changes: rows, slot, watermark, offset })
    this.#slots.touch(slot)
    session.emitted = { kind, revision, rows }
  }

  /** The first to come. */
  #stillOpen({ key: wanted, most }: Wanted): ReadonlyArray<Session> {
    const found: Array<Session> = []
    const only = wanted === undefined ? undefined : this.#sessions.get(this.#dictionary.find(wanted) ?? -1)
    for (const sessions of wanted === undefined ? this.#sessions.values() : only === undefined ? [] : [only]) {
      if (found.length >= most) break
      found.push(...sessions.filter(({ closed }) => !closed))
    }
    return found.sort(this.#order)
  }

  /** A session without rows since the last early panes has nothing new to say. */
  *emitEarly(offset: number): Work {
    const touched = [...this.#touched].filter(({ closed }) => !closed)
    this.#touched.clear()
    for (const session of yield* sorted(touched, this.#order)) {
      this.#emitSession(session, "early", offset)
      yield
    }
  }

  forming(wanted: Wanted, show: Show): void {
    for (const { emitted, end, key, slot, start } of this.#stillOpen(wanted)) {
      const revision = (emitted?.revision ?? -1) + 1
      const changes = this.#slots.rowsOf(slot)
      show({ key, start, end, kind: "early", revision, changes, slot, watermark: this.#closedTo, offset: noOffset })
    }
  }

  useDictionary(dictionary: Dictionary): void {
    const former = this.#dictionary
    if (former === dictionary) return
    const sessions = [...this.#sessions.values()]
    this.#slots.renumber((number) => dictionary.numberOf(former.textOf(number)))
    this.#sessions.clear()
    this.#dictionary = dictionary
    for (const list of sessions) {
      for (const session of list) session.key = dictionary.numberOf(former.textOf(session.key))
      this.#sessions.set(list[0]!.key, list)
    }
  }

  #textOf = (number: number): string => this.#dictionary.textOf(number)

  save(state: StateWriter): void {
    saveProgress({ closedTo: this.#closedTo, latest: this.#trigger.latest }, state)
  }

  restore(state: StateReader): void {
    const { closedTo, latest } = restoreProgress(state)
    this.#closedTo = closedTo
    this.#trigger.latest = latest
    KeyedState.restore("sessions", { slots: this.#slots, dictionary: this.#dictionary, state }, ({ end, key, start }) => {
      const sessions = this.#sessions.get(key) ?? []
      this.#sessions.set(key, sessions)
      if (end < start || sessions.some((other) => other.start <= end && start <= other.end)) {
        throw new StateError(`no session of a key with these others is from ${start} to ${end}`)
      }
      const session = this.#open(sessions, key, start, end)
      // Which have said what there is to say is not written: it is seen when they are looked at.
      if (!this.#trigger.never) this.#touched.add(session)
      return session.slot
    })
    for (const { end, key, start, ...last } of restoreEmitted(state)) {
      const sessions = this.#sessions.get(this.#dictionary.columns.numberOf(key))
      const session = sessions?.find((other) => other.start === start && other.end === end)
      if (session === undefined) throw new StateError(`there is no session from ${start} to ${end}`)
      session.emitted = last
    }
    this.#stored.restore(state)
  }
}

const byEnd = (a: Saved, b: Saved): number => a.end - b.end || KeyedState.byStartAndKey(a, b)
