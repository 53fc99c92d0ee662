/** Which of a log's lines count in the end. */

export interface Line {
  readonly symbol: string
  readonly time: number
  readonly price: string
  readonly size: number
  /** Only bars have one. */
  readonly start?: number
  readonly interval: number
  readonly open: string
  readonly high?: string
  readonly low?: string
  readonly close: string
  readonly volume: number
  readonly tradeId?: string
  readonly kind?: string
  readonly provisional?: boolean
  readonly replaces?: string
  readonly currency?: string
}

/** A bar takes back what has been fed of its minute before, and a cancel does. */
export const standing = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  const last = new Map(lines.flatMap((line, index): Array<[string, number]> => {
    const id = line.replaces ?? (line.kind === "cancel" ? line.tradeId : undefined)
    return id === undefined ? [] : [[`${line.symbol} ${id}`, index]]
  }))
  return lines.filter(({ kind, symbol, tradeId }, index) =>
    kind !== "cancel" && (tradeId === undefined || (last.get(`${symbol} ${tradeId}`) ?? -1) < index))
}

export const volumeOf = (lines: ReadonlyArray<Line>): number =>
  standing(lines).reduce((sum, { size = 0, volume = 0 }) => sum + size + volume, 0)
