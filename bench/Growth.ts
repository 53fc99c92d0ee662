/** How costs grow, as pictures in the docs. Their figures are kept beside, so that they can be drawn without being measured. */
import { readFileSync, writeFileSync } from "node:fs"
import * as Arrival from "./Arrival.ts"
import type { Curve, Series } from "./Curve.ts"
import * as Hopping from "./Hopping.ts"
import * as LineChart from "./LineChart.ts"
import * as OpenKeys from "./OpenKeys.ts"
import * as Pipelines from "./Pipelines.ts"

const curves: ReadonlyArray<Curve> = [OpenKeys.growth, Hopping.growth, Pipelines.growth, Arrival.partitions, Arrival.disorder]

const figures = new URL("growth.json", import.meta.url)
const pictureOf = ({ name }: Curve) => new URL(`../docs/images/growth-${name}.svg`, import.meta.url)

export interface Options {
  /** A text that the names of the curves have; any by default. */
  readonly only: string
  /** Whether what was measured before is drawn again. */
  readonly isDrawn: boolean
}

export const draw = async ({ isDrawn, only }: Options): Promise<void> => {
  for (const curve of curves.filter(({ name }) => name.includes(only))) {
    if (!isDrawn) await measure(curve)
    const series = known()[curve.name]
    if (series !== undefined) writeFileSync(pictureOf(curve), LineChart.svg(curve, series))
  }
}

/** What this file has written. */
const known = () => JSON.parse(readFileSync(figures, "utf8")) as { readonly [curve: string]: Series }

const measure = async ({ measure, name, x }: Curve): Promise<void> => {
  const series = await measure()
  for (const [each, values] of Object.entries(series)) {
    console.log(`${name}, ${each}: ${values.map((value, at) => `${x.texts[at]}: ${value.toPrecision(3)} ns`).join(", ")}`)
  }
  const rounded = Object.fromEntries(Object.entries(series).map(([each, values]) => [each, values.map((value) => Number(value.toPrecision(3)))]))
  writeFileSync(figures, `${JSON.stringify({ ...known(), [name]: rounded }, null, 2)}\n`)
}
