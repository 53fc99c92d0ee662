/** Remembers each key's former windows, so that a result can be compared with the one before. */
import { BigDecimal, Schema } from "effect"
import { type Decimal, divideHalfUp, fromUnscaled } from "../../../domain/Decimal.ts"
import type { Value } from "../../pipeline/Pane.ts"
import { compareText } from "../windowed/Windows.ts"

export const State = Schema.Array(
  Schema.Tuple([Schema.String, Schema.Array(Schema.Tuple([Schema.Int, Schema.String]))])
)
export type State = typeof State.Type

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

  snapshot(): State {
    return [...this.#former]
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, former]) => [key, former.map(({ end, value }) => [end, `${value.value}e${value.scale}`] as const)])
  }

  restore(state: State): void {
    for (const [key, former] of state) {
      this.#former.set(key, former.map(([end, text]) => {
        const [value = "0", at = "0"] = text.split("e")
        return { end, value: BigDecimal.make(BigInt(value), Number(at)) }
      }))
    }
  }
}

const toDecimal = (value: Value): Decimal | null => {
  if (BigDecimal.isBigDecimal(value)) return value
  return typeof value === "number" && Number.isFinite(value) ? BigDecimal.fromNumberUnsafe(value) : null
}
