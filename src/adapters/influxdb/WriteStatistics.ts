/** What has come of the points written over a connection, for the program's own metrics. */
export class WriteStatistics {
  /** Panes that were not the first of their window. */
  revisions = 0
  /** Lines that InfluxDB would not have. */
  refused = 0
  private interval = emptyInterval()

  /** A request was stored, this many milliseconds after its first attempt. */
  stored(lines: number, latency: number): void {
    const { interval } = this
    interval.latencies[interval.requests % keptLatencies] = latency
    interval.requests++
    interval.lines += lines
  }

  /** The requests since it was last asked. */
  takeInterval(): Interval {
    const taken = this.interval
    this.interval = emptyInterval()
    return taken
  }
}

interface Interval {
  requests: number
  lines: number
  /** The last 4,096 at most, in no order. */
  readonly latencies: Array<number>
}

const keptLatencies = 4_096

const emptyInterval = (): Interval => ({ requests: 0, lines: 0, latencies: [] })
