/**
 * How far event time has come by the clock while an input is quiet. It knows nothing of Effect or of logs: it is told
 * what time it is, what was taken and where the log ends, and says which decisions are due.
 *
 * Its time is not the wall clock's, which is set now and then, and not all of the monotonic clock's either: silence
 * counts only while somebody listens. A process that was stopped, or whose computer slept, has heard nothing and knows
 * nothing, so of such a time one interval counts. Of the time before the process was started nothing counts: what an
 * earlier run has observed is in the watermark of its last decision, and from there this run goes on.
 */
import { Kind, type Records } from "../records/Records.ts"

/** Where a partition stands: the offset that it needs next, its watermark and its largest event time. */
export interface Partition {
  readonly next: number
  readonly watermark: number
  readonly latest: number
}

export interface Settings {
  /** Milliseconds without a record after which a partition is idle. */
  readonly timeout: number
  /** Milliseconds that events may be out of order. */
  readonly outOfOrderness: number
  /** Milliseconds of event time that go by in one of the clock. */
  readonly speed: number
}

/** That nothing before this time is expected in a partition any more. */
export interface Decision {
  readonly partition: number
  readonly watermark: number
}

/** Milliseconds between two checks at least. */
const shortestCheck = 50

/** Milliseconds between two readings of the clock at most: so much of a pause of the process counts. */
const longestTick = 800

/** A reading may come so many milliseconds late, because the process was busy, and still count in full. */
const leeway = 250

/**
 * Milliseconds between two checks: the largest of 50, 100, 200, 400 … that is at most a quarter of the time-out. So
 * the checks of a long time-out are among those of a shorter one, which therefore never decides later.
 */
export const checkInterval = (timeout: number): number => {
  let interval = shortestCheck
  while (2 * interval <= timeout / 4) interval *= 2
  return interval
}

export class IdleClock {
  readonly #settings: Settings
  #speed: number
  readonly #tickEvery: number
  readonly #ticksOfCheck: number
  readonly #startedAt: number
  #readAt: number
  /** Milliseconds during which this run has listened. All times below are such. */
  #observed = 0
  #wasAway = false
  #checked = 0
  /** When the last record of each partition came. */
  readonly #arrivals: Array<number>
  /** The end of each partition when it was last seen to have grown, and when that was. */
  readonly #ends: Array<{ readonly end: number; readonly at: number }>
  #latest: number
  #watermark: number
  /** Event time has come so far at that time, and goes on from there. */
  #origin: { readonly watermark: number; readonly at: number }

  /** `now` is a reading of the monotonic clock, in milliseconds, as all others are. */
  constructor(settings: Settings, partitions: ReadonlyArray<Partition>, now: number) {
    const checkEvery = checkInterval(settings.timeout)
    this.#settings = settings
    this.#speed = settings.speed
    this.#tickEvery = Math.min(checkEvery, longestTick)
    this.#ticksOfCheck = checkEvery / this.#tickEvery
    this.#startedAt = now
    this.#readAt = now
    this.#arrivals = partitions.map(() => 0)
    this.#ends = partitions.map(({ next }) => ({ end: next, at: 0 }))
    this.#latest = latestOf(partitions)
    this.#watermark = watermarkOf(partitions)
    this.#origin = { watermark: this.#watermark, at: 0 }
  }

  /** The number of the first reading that is due after a moment. */
  tickAfter(now: number): number {
    return Math.floor((now - this.#startedAt) / this.#tickEvery) + 1
  }

  /** When a reading is due. */
  dueAt(tick: number): number {
    return this.#startedAt + tick * this.#tickEvery
  }

  /** Whether a check has become due, by the first reading that is not too early for it. True once for each. */
  takeCheck(tick: number): boolean {
    const check = Math.floor(tick / this.#ticksOfCheck)
    if (check <= this.#checked) return false
    this.#checked = check
    return true
  }

  /**
   * Takes note that time has gone by, none of which counts where the input could not be heard. A reading that comes much
   * too late shows that nobody listened meanwhile.
   */
  read(now: number, isHeard = true): void {
    const passed = now - this.#readAt
    this.#readAt = now
    if (!isHeard) return
    const isAway = passed > this.#tickEvery + Math.max(this.#tickEvery, leeway)
    this.#observed += isAway ? this.#tickEvery : passed
    this.#wasAway ||= isAway
  }

  /** From now on event time goes by so fast. */
  set speed(speed: number) {
    if (speed === this.#speed) return
    this.#origin = { watermark: this.#reach, at: this.#observed }
    this.#speed = speed
  }

  /** Whether nobody listened for a while since this was last asked: what came meanwhile may not be in the log yet. */
  takeAway(): boolean {
    const wasAway = this.#wasAway
    this.#wasAway = false
    return wasAway
  }

  /** Takes note of records, and of where the partitions stand now that they have been taken. */
  took(records: Records, partitions: ReadonlyArray<Partition>, now: number): void {
    this.read(now)
    const { partition } = records
    const at = this.#arrivalOf(records)
    if (hasEvents(records)) this.#arrivals[partition] = Math.max(this.#arrivals[partition] ?? 0, at)
    this.#move(partitions, at)
  }

  /** Takes note of where the partitions stand now that a decision has been taken in, of this run or a former one's. */
  decided(partitions: ReadonlyArray<Partition>): void {
    this.#move(partitions, this.#observed)
  }

  #move(partitions: ReadonlyArray<Partition>, at: number): void {
    const latest = latestOf(partitions)
    const watermark = watermarkOf(partitions)
    if (latest > this.#latest) {
      this.#origin = { watermark: latest - this.#settings.outOfOrderness, at }
    } else if (watermark > this.#watermark && watermark > this.#reach) {
      // Only a decision moves the watermark further than event times do: a former run's, which this one reads again.
      this.#origin = { watermark, at: this.#observed }
    }
    this.#latest = latest
    this.#watermark = watermark
  }

  /**
   * The decisions that are due, where the log ends at these offsets as of now. Where all partitions are idle they are raised to
   * `least` at least, if others have come so far that wait for them.
   */
  decisions(partitions: ReadonlyArray<Partition>, ends: ReadonlyArray<number>, least = -Infinity): ReadonlyArray<Decision> {
    this.#see(ends)
    const states = this.#statesOf(partitions, ends)
    const active = states.filter(({ isIdle }) => !isIdle)
    const reach = active.length > 0 ? Math.min(...active.map(({ watermark }) => watermark)) : Math.max(least, Math.floor(this.#reach))
    return states
      .filter(({ isIdle, watermark }) => isIdle && Number.isFinite(reach) && watermark < reach)
      .map(({ partition }) => ({ partition, watermark: reach }))
  }

  /** Whether all partitions are idle. */
  isIdle(partitions: ReadonlyArray<Partition>, ends: ReadonlyArray<number>): boolean {
    return this.#statesOf(partitions, ends).every(({ isIdle }) => isIdle)
  }

  #statesOf(partitions: ReadonlyArray<Partition>, ends: ReadonlyArray<number>) {
    return partitions.map(({ next, watermark }, partition) => {
      const quiet = this.#observed - (this.#arrivals[partition] ?? 0)
      return { partition, watermark, isIdle: quiet >= this.#settings.timeout && next >= (ends[partition] ?? 0) }
    })
  }

  /** Event time by the clock. */
  get #reach(): number {
    const { at, watermark } = this.#origin
    return watermark + (this.#observed - at) * this.#speed
  }

  /**
   * When records came: now, or when the log was first seen to hold them, where the engine is behind. `appendedAt` would
   * not do. It is the wall clock of whoever appended, and what other producers write there may be the event time.
   */
  #arrivalOf({ length, offsets, partition }: Records): number {
    const seen = this.#ends[partition]
    return seen !== undefined && (offsets[length - 1] ?? 0) < seen.end ? seen.at : this.#observed
  }

  #see(ends: ReadonlyArray<number>): void {
    ends.forEach((end, partition) => {
      if (end > (this.#ends[partition]?.end ?? 0)) this.#ends[partition] = { end, at: this.#observed }
    })
  }
}

const latestOf = (partitions: ReadonlyArray<Partition>): number => Math.max(...partitions.map(({ latest }) => latest))

const watermarkOf = (partitions: ReadonlyArray<Partition>): number =>
  Math.max(...partitions.map(({ watermark }) => watermark))

/** What holds no record breaks no silence. */
const hasEvents = ({ kinds, length }: Records): boolean => {
  for (let i = 0; i < length; i++) if (kinds[i] !== Kind.none) return true
  return false
}
