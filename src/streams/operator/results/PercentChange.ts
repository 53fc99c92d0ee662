/** Remembers each key's former windows, so that a result can be compared with the one before. */
import { BigDecimal } from "effect"
import { type Decimal, divideHalfUp, fromUnscaled } from "../../../domain/Decimal.ts"
import type { Value } from "../../pipeline/Pane.ts"
import type { StateReader, StateWriter } from "../State.ts"
import { compareText } from "../windowed/KeyOrder.ts"

interface Former {
  readonly end: number
  readonly value: Decimal
}

/** Decimals of a change in per cent. */
const scale = 4

export class PercentChange {
  readonly #lateness: number
  /** In the order of their ends: as many as a late revision may still be compared with, and one more. */
  readonly #former = new Map<string, Array<Former>>()

  constructor(lateness: number) {
    this.#lateness = lateness
  }

  /** By how many per cent a value of the window that ends at `end` differs from the one before. */
  percent(key: string, end: number, value: Value): Decimal | null {
    const former = this.#former.get(key)?.findLast((other) => other.end < end)
    const decimal = toDecimal(value)
    if (former === undefined || decimal === null || former.value.value === 0n) return null
    const common = Math.max(decimal.scale, former.value.scale)
    const now = BigDecimal.scale(decimal, common).value
    const then = BigDecimal.scale(former.value, common).value
    const dividend = (now - then) * 100n * 10n ** BigInt(scale)
    return fromUnscaled(then > 0n ? divideHalfUp(dividend, then) : divideHalfUp(-dividend, -then), scale)
  }

  /** Keeps a window's value for those that follow. A window without a value leaves the former one in force. */
  remember(key: string, end: number, value: Value): void {
    const decimal = toDecimal(value)
    if (decimal === null) return
    const kept = (this.#former.get(key) ?? []).filter((other) => other.end !== end)
    kept.push({ end, value: decimal })
    kept.sort((a, b) => a.end - b.end)
    const newest = kept.at(-1)!.end
    while (kept.length > 2 && kept[1]!.end + this.#lateness < newest) kept.shift()
    this.#former.set(key, kept)
  }

  clear(): void {
    this.#former.clear()
  }

  /** By key, then window. */
  save(name: string, state: StateWriter): void {
    const entries = [...this.#former].sort(([a], [b]) => compareText(a, b)).flatMap(([key, former]) => former.map((each) => ({ key, ...each })))
    const table = state.table(name, entries.length)
    const unscaled = new Float64Array(entries.length)
    const beyond = new Map<number, bigint>()
    for (const [i, { value: { value } }] of entries.entries()) {
      if (BigInt.asIntN(53, value) === value) unscaled[i] = Number(value)
      else beyond.set(i, value)
    }
    table.strings("key", entries.map(({ key }) => key))
    table.numbers("end", Float64Array.from(entries, ({ end }) => end))
    table.integers("unscaled", unscaled, beyond)
    table.numbers("scale", Float64Array.from(entries, ({ value }) => value.scale))
  }

  restore(name: string, state: StateReader): void {
    const table = state.table(name)
    const [keys, ends, scales] = [table.texts("key"), table.wholeNumbers("end"), table.wholeNumbers("scale")]
    const { large, small } = table.integers("unscaled")
    table.end()
    for (const [i, key] of keys.entries()) {
      const value = BigDecimal.make(large.get(i) ?? BigInt(small[i]!), scales[i]!)
      const former = this.#former.get(key)
      if (former === undefined) this.#former.set(key, [{ end: ends[i]!, value }])
      else former.push({ end: ends[i]!, value })
    }
  }
}

const toDecimal = (value: Value): Decimal | null => {
  if (BigDecimal.isBigDecimal(value)) return value
  return typeof value === "number" && Number.isFinite(value) ? BigDecimal.fromNumberUnsafe(value) : null
}
