/** How prices are shown on the page, which is JavaScript that no compiler looks at. */
import { assert, describe, it } from "vitest"
// @ts-expect-error: the page is JavaScript without declarations
import { quote } from "../../../src/adapters/dashboard/page/market/figures.js"
// @ts-expect-error: the page is JavaScript without declarations
import * as format from "../../../src/adapters/dashboard/page/format.js"
// @ts-expect-error: the page is JavaScript without declarations
import { makePanes } from "../../../src/adapters/dashboard/page/state/panes.js"

const day = 86_400_000

const shown = (days: ReadonlyArray<Record<string, string | number | null>>) => {
  const panes = makePanes()
  days.forEach((values, i) => panes.add({ pipeline: "day", key: "A", start: i * day, end: (i + 1) * day, pane: "on-time", revision: 0, changes: 1, values }, "closed"))
  const { currency, decimals, last } = quote(panes, "A")
  return [format.price(last, decimals), currency.code, currency.words]
}

describe("prices", () => {
  it("are shown with the decimals of their source, and with more where they need them", () => {
    assert.deepStrictEqual(shown([{ close: "163512345", currency: "KRW", decimals: 0 }]), ["163,512,345", "KRW", "KRW"])
    assert.deepStrictEqual(shown([{ close: "163512345.5", currency: "KRW", decimals: 0 }]), ["163,512,345.5", "KRW", "KRW"])
    assert.deepStrictEqual(shown([{ close: "1.13702", currency: "USD", decimals: 4 }]), ["1.13702", "USD", "USD"])
    assert.deepStrictEqual(shown([{ close: "0.00000912", currency: "USD", decimals: 2 }]), ["0.00000912", "USD", "USD"])
    assert.deepStrictEqual(shown([{ close: "189.3", currency: "USD", decimals: 2 }]), ["189.30", "USD", "USD"])
    assert.deepStrictEqual(shown([{ close: "1.5", decimals: 4 }]), ["1.5000", "", ""])
  })

  it("have two decimals and no currency where nobody says any", () => {
    assert.deepStrictEqual(shown([{ close: "226", currency: null, decimals: null }]), ["226.00", "", ""])
    assert.deepStrictEqual(shown([{ close: "24.535" }]), ["24.535", "", ""])
  })

  it("are in what was said last, be it the day before, and pence say so", () => {
    const days = [{ close: "7312", currency: "GBp", decimals: 1 }, { close: "7313.5", currency: null, decimals: null }]
    assert.deepStrictEqual(shown(days), ["7,313.5", "GBp", "pence"])
  })
})
