/** A chart of a few lines as SVG, for light and dark pages. */
import type { Curve, Series } from "./Curve.ts"

const [width, height] = [720, 400]
const plot = { left: 72, right: 700, top: 100, bottom: 330 }

/** Seen on white and on black; dashes tell the lines apart without them. */
const looks = [{ colour: "#2f81d6", dash: "none" }, { colour: "#d9822b", dash: "8 4" }]

export const svg = ({ title, x }: Pick<Curve, "title" | "x">, series: Series): string => {
  const across = acrossOf(x.values)
  const top = topOf(Math.max(...Object.values(series).flat()))
  const down = (value: number) => plot.bottom - value / top * (plot.bottom - plot.top)
  const drawn = Object.entries(series).map(([name, values], number) => line({ name, number, points: values.map((value, at) => [across[at]!, down(value)]) }))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="13">
<style>
  text { fill: #24292f } .grid { stroke: #d0d7de } .flat { stroke: #8c959f; stroke-dasharray: 2 4 } .paper { fill: #ffffff }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .flat { stroke: #7d8590 } .paper { fill: #0d1117 } }
</style>
<rect class="paper" width="${width}" height="${height}"/>
<text x="16" y="24" font-size="15" font-weight="600">${escape(title)}</text>
${ticksTo(top).map((value) => `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${near(down(value))}" y2="${near(down(value))}"/>
<text x="${plot.left - 8}" y="${near(down(value) + 4)}" text-anchor="end">${value.toLocaleString("en-US")}</text>`).join("\n")}
<text x="16" y="${plot.top - 14}">ns of CPU</text>
<text x="${plot.right}" y="${plot.top - 14}" text-anchor="end">dotted: no growth</text>
${x.texts.map((text, at) => `<text x="${near(across[at]!)}" y="${plot.bottom + 22}" text-anchor="middle">${escape(text)}</text>`).join("\n")}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 48}" text-anchor="middle">${escape(x.label)} (logarithmic)</text>
${flat(Object.values(series).map(([first = NaN]) => down(first)))}
${drawn.join("\n")}
</svg>
`
}

const near = (value: number): number => Math.round(value * 10) / 10

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\"", "&quot;")

/** Where values stand, by their logarithms. */
const acrossOf = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const least = Math.min(...values.filter((value) => value > 0))
  const all = values.map((value) => Math.log10(value === 0 ? least / 10 : value))
  const [first = NaN, last = NaN] = [all[0], all.at(-1)]
  const inset = 24
  return all.map((value) => plot.left + inset + (value - first) / (last - first) * (plot.right - plot.left - 2 * inset))
}

/** A round number above the largest value. */
const topOf = (largest: number): number => {
  const power = 10 ** Math.floor(Math.log10(largest))
  return power * [1.2, 2, 4, 6, 8, 10, 12].find((factor) => factor * power > largest * 1.02)!
}

const ticksTo = (top: number): ReadonlyArray<number> => Array.from({ length: 5 }, (_, at) => Math.round(top * at / 4 * 10) / 10)

/** Where a line would be that does not grow. */
const flat = (heights: ReadonlyArray<number>): string =>
  heights.map((y) => `<line class="flat" x1="${plot.left}" x2="${plot.right}" y1="${near(y)}" y2="${near(y)}"/>`).join("\n")

const line = ({ name, number, points }: { readonly name: string; readonly number: number; readonly points: ReadonlyArray<readonly [x: number, y: number]> }): string => {
  const { colour, dash } = looks[number]!
  const y = 46 + number * 18
  const dots = points.map(([cx, cy]) => `<circle cx="${near(cx)}" cy="${near(cy)}" r="3.5" fill="${colour}"/>`).join("")
  return `<polyline points="${points.map(([x, y]) => `${near(x)},${near(y)}`).join(" ")}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>${dots}
<line x1="${plot.left}" x2="${plot.left + 28}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>
<text x="${plot.left + 36}" y="${y}">${escape(name)}</text>`
}
