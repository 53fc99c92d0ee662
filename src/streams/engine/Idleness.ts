/** What the silence of an input means to a job: a clock for each field of each source that its event times are read from. */
import type { Decision } from "../records/Decision.ts"
import type { Records } from "../records/Records.ts"
import { IdleClock } from "./IdleClock.ts"
import type { EventTime, Job } from "./Job.ts"

export class Idleness {
  readonly #job: Job
  readonly #clocks: ReadonlyArray<Pick<EventTime, "field" | "outOfOrderness" | "source"> & { readonly clock: IdleClock }>
  #wasLeftOut = false
  /** Sources of which nothing comes any more. */
  readonly #ended = new Set<string | null>()

  /** `timeout` is in milliseconds, `Infinity` where nothing is ever idle; `now` is a reading of the monotonic clock, as all are. */
  constructor(job: Job, { now, speed, timeout }: { readonly timeout: number; readonly speed: number; readonly now: number }) {
    this.#job = job
    this.#clocks = (Number.isFinite(timeout) ? job.eventTimes : []).map(({ field, outOfOrderness, partitions, source }) =>
      ({ source, field, outOfOrderness, clock: new IdleClock({ timeout, outOfOrderness, speed }, partitions, now) }))
  }

  /** All clocks tick together; `null` where nothing is ever idle. */
  get ticks(): IdleClock | null {
    return this.#clocks[0]?.clock ?? null
  }

  /** Takes note of records that the job has taken. */
  took(records: Records, now: number): void {
    this.#each((clock, { partitions }) => {
      const partition = partitions.findIndex(({ partition }) => partition === records.partition)
      if (partition === -1) clock.read(now)
      else clock.took({ ...records, partition }, partitions, now)
    })
  }

  /** Takes note that nothing comes of a source any more: its silence means nothing, to it and to others. */
  ended(source: string | null): void {
    this.#ended.add(source)
  }

  /** Whether a source is quiet for so long, where the input ended at these offsets, that nobody waits for it. */
  isIdle(source: string | null, ends: ReadonlyArray<number>): boolean {
    if (this.#clocks.length === 0) return false
    const own = this.#job.eventTimes.flatMap((time, index) => time.source === source ? [{ time, clock: this.#clocks[index]!.clock }] : [])
    return own.every(({ clock, time: { partitions } }) => clock.isIdle(partitions, endsOf(partitions, ends)))
  }

  /** Takes note of a decision that the job has taken in. */
  decided(): void {
    this.#each((clock, { partitions }) => clock.decided(partitions))
  }

  read(now: number, isHeard: boolean): void {
    for (const { clock } of this.#clocks) clock.read(now, isHeard)
  }

  set speed(speed: number) {
    for (const { clock } of this.#clocks) clock.speed = speed
  }

  /** Whether a check has become due with this tick. */
  takeCheck(tick: number): boolean {
    return this.#clocks.map(({ clock }) => clock.takeCheck(tick)).some(Boolean)
  }

  /**
   * Whether a check is to be left out: what came during a pause gets the time until the next one to come in. Never two in a
   * row, or a machine that is always late would never decide.
   */
  takeAway(): boolean {
    this.#wasLeftOut = this.#clocks.map(({ clock }) => clock.takeAway()).some(Boolean) && !this.#wasLeftOut
    return this.#wasLeftOut
  }

  /** The decisions that are due where the input ended at these offsets. Of a source of which no window is open there are none. */
  decisions(ends: ReadonlyArray<number>): ReadonlyArray<Decision> {
    const { eventTimes } = this.#job
    return this.#clocks.flatMap(({ clock, field, outOfOrderness, source }, index) => {
      if (this.#ended.has(source) || !this.#job.isOpen(source)) return []
      const partitions = eventTimes[index]?.partitions ?? []
      return clock.decisions(partitions, endsOf(partitions, ends), this.#joinedReach(index, ends)).map((decision): Decision => {
        const { next, partition } = partitions[decision.partition]!
        return { _tag: "idle", partition, at: next, watermark: decision.watermark, eventTime: field, outOfOrderness }
      })
    })
  }

  /**
   * How far the sources have come that a pipeline reads together with this one, and that are not quiet themselves: it waits for
   * a quiet one no longer than for a quiet partition. One that has ended says no more than one that is quiet: how far its events
   * came. `-Infinity` where there is no such source.
   */
  #joinedReach(index: number, ends: ReadonlyArray<number>): number {
    const others = this.#job.joinedWith(this.#clocks[index]!)
    const hasEnded = ({ source }: EventTime) => this.#ended.has(source)
    const clockOf = ({ field, source }: EventTime) => this.#clocks.find((each) => each.field === field && each.source === source)!.clock
    const active = others.filter((other) => !hasEnded(other) && !clockOf(other).isIdle(other.partitions, endsOf(other.partitions, ends)))
    if (active.length > 0) return Math.min(...active.map(watermarkOf))
    return Math.max(-Infinity, ...others.map((other) => hasEnded(other) ? eventsOf(other) : watermarkOf(other)))
  }

  #each(tell: (clock: IdleClock, eventTime: EventTime) => void): void {
    if (this.#clocks.length === 0) return
    const { eventTimes } = this.#job
    this.#clocks.forEach(({ clock }, index) => {
      const eventTime = eventTimes[index]
      if (eventTime !== undefined) tell(clock, eventTime)
    })
  }
}

const watermarkOf = ({ partitions }: EventTime): number => Math.min(...partitions.map(({ watermark }) => watermark))

/** The watermark that the events alone have led to. */
const eventsOf = ({ outOfOrderness, partitions }: EventTime): number => Math.max(...partitions.map(({ latest }) => latest)) - outOfOrderness

const endsOf = (partitions: EventTime["partitions"], ends: ReadonlyArray<number>): ReadonlyArray<number> =>
  partitions.map(({ partition }) => ends[partition] ?? 0)
