/**
 * The laws of stream engines: `suite` tests an engine with all of them, and each of `laws` can
 * be held against an engine by itself.
 *
 * @example
 * ```ts
 * import { Harness, Laws } from "courant/testing"
 *
 * Laws.suite("in process", Harness.makeJob)
 * ```
 */
import { describe, it } from "vitest"
import type { Effort, EngineLaws } from "./EngineLaw.ts"
import type { MakeEngine } from "./Harness.ts"
import { accountLaws } from "./AccountLaws.ts"
import { cancelLaws } from "./CancelLaws.ts"
import { decodeLaws } from "./DecodeLaws.ts"
import { deliveryLaws } from "./DeliveryLaws.ts"
import { heldLaws } from "./HeldLaws.ts"
import { nodeLaws } from "./NodeLaws.ts"
import { resultLaws } from "./ResultLaws.ts"
import { rowLaws } from "./RowLaws.ts"
import { rowOutputLaws } from "./RowOutputLaws.ts"
import { sharedLaws } from "./SharedLaws.ts"
import { sourceLaws } from "./SourceLaws.ts"
import { timeLaws } from "./TimeLaws.ts"
import { tradingLaws } from "./TradingLaws.ts"
import { wideLaws } from "./WideLaws.ts"

export const laws: EngineLaws = {
  ...resultLaws,
  ...rowOutputLaws,
  ...deliveryLaws,
  ...heldLaws,
  ...cancelLaws,
  ...sharedLaws,
  ...sourceLaws,
  ...timeLaws,
  ...tradingLaws,
  ...accountLaws,
  ...nodeLaws,
  ...decodeLaws,
  ...rowLaws,
  ...wideLaws
}

export const suite = (name: string, make: MakeEngine, effort?: Partial<Effort>): void =>
  void describe(`Engine: ${name}`, () => {
    for (const [statement, law] of Object.entries(laws)) it(statement, () => law(make, effort), 600_000)
  })
