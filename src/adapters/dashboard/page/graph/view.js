/** The pipelines that run as one picture: sources, nodes and sinks, and what is known of each. */
import { html, nothing, render, svg } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import * as format from "../format.js"
import { ReadView } from "../still.js"
import { corner, pathOf, placed, routed, size } from "./layout.js"

/** How often it is read while it is looked at, in milliseconds. */
const often = 1_000

export class GraphView extends ReadView {
  /** @param {import("../main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    super(page, root, { title: "Graph", often })
  }

  async readAll() {
    if (document.hidden) return
    const graph = await get("graph")
    if (this.timer !== undefined) this.show(graph)
  }

  selected() {
    return "Graph of the pipelines"
  }

  /** @param {any} graph as `/api/v1/graph` has it. Cards stand in the document as events go, whatever their places are. */
  show({ edges, nodes, pipelines }) {
    const { columns, lanes, places, rows } = placed(nodes, edges)
    const [{ x: width }, { y: height }] = [corner({ column: columns, row: 0 }), corner({ column: 0, row: rows })]
    const line = ([from, to]) => {
      const [a, b] = [places.get(from), places.get(to)]
      return a === undefined || b === undefined ? "" : svg`<path d=${pathOf(routed(a, b, places.values()))}></path>`
    }
    const clock = this.page.clock(this.page.status.timeZone)
    const titles = new Map(nodes.map((node) => [node.id, titleOf(node)]))
    const card = (node) => {
      const { x, y } = corner(places.get(node.id) ?? { column: 0, row: 0 })
      const from = edges.flatMap(([from, to]) => to === node.id ? titles.get(from) : [])
      return html`<li class="card" data-kind=${node.kind} .style=${`left: ${x}px; top: ${y}px`}>
        <b>${titleOf(node)}</b>
        <p title=${node.text}>${node.text.replace(/^from [\w-]+(?: and [\w-]+)*[,;] /, "")}</p>
        ${from.length === 0 ? "" : html`<p class="from">from ${from.join(" and ")}</p>`}
        <dl>${factsOf(node, clock).map(([name, value]) => html`<div data-fact=${name} ?data-wide=${isWide(name, node)}><dt>${name}</dt><dd title=${exact(node, name) ?? nothing}>${value}</dd></div>`)}</dl></li>`
    }
    const cards = (name, some) => some.length === 0 ? "" : html`<ol aria-label=${name}>${some.map(card)}</ol>`
    const lane = ([pipeline, { row }]) => {
      const { title = pipeline } = this.page.pipelines.find(({ name }) => name === pipeline) ?? {}
      const own = nodes.filter((node) => node.pipeline === pipeline)
      const first = corner({ row, column: Math.min(...own.map(({ id }) => places.get(id)?.column ?? 0)) })
      return html`<p class="lane" .style=${`left: ${first.x}px; top: ${first.y - 22}px`}>
        <a href=${this.page.href({ pipeline, options: {} })}>${title}</a>
        <span class="muted">${countsOf(pipelines.find(({ name }) => name === pipeline))}</span></p>
        ${cards(title, own)}`
    }
    const ofAll = (kind) => nodes.filter((node) => node.kind === kind)
    render(html`<section class="view alone graph" tabindex="0" role="region" aria-label="Graph of the pipelines">
      <div class="picture" .style=${`width: ${width - size.gap.across}px; height: ${height - size.gap.down + 12}px`}>
        <svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} aria-hidden="true">${edges.map(line)}</svg>
        ${cards("Sources", ofAll("source"))}${[...lanes].map(lane)}${cards("Sinks", ofAll("sink"))}
      </div></section>`, this.root)
  }
}

/** @param {{ id: string, kind: string }} node */
const titleOf = ({ id, kind }) => kind === "source" || kind === "sink" ? `${kind}: ${id.slice(kind.length + 1)}` : kind.replaceAll("-", " ")

/** Two counts, or an instant, need the whole width. @param {string} name @param {any} node */
const isWide = (name, { inputs }) => name === "watermark" || (name === "in" && inputs.length > 1)

/** All digits of a count. @param {any} node @param {string} name */
const exact = (node, name) => {
  const value = node[name === "read" || name === "written" ? "in" : name]
  return typeof value === "number" && name !== "watermark" ? format.count(value) : undefined
}

/** Of a large count the first digits are said: the card has no room for all. @param {number | null} value */
const count = (value) => (value ?? 0) < 100_000 ? format.count(value ?? null) : format.shortAmount(value)

/**
 * What is known of a node; what is not known of what each has is said to be so. What became of nothing is left out.
 * @param {any} node @param {ReturnType<typeof format.clock>} clock @returns {Array<[string, string]>}
 */
const factsOf = (node, clock) => {
  const { eventsPerSecond, in: taken, inputs, kind, lag, out, state, watermark } = node
  if (kind === "sink") return [["written", count(taken)]]
  const came = inputs.length > 1 ? inputs.map(({ in: from }) => count(from)).join(" + ") : count(taken)
  const ends = ["late", "filtered", "refused", "duplicate", "held"].flatMap((name) => node[name] ? [[name, count(node[name])]] : [])
  const instant = watermark === null ? format.missing : format.isDate(watermark) ? clock.seconds(watermark) : "end of data"
  const rate = ["events/s", eventsPerSecond === null ? format.missing : count(Math.round(eventsPerSecond))]
  const own = kind === "source" ? ["lag", count(lag)] : ["state", count(state)]
  return /** @type {Array<[string, string]>} */ ([rate, own, [kind === "source" ? "read" : "in", came], ["out", count(out)], ...ends, ["watermark", instant]])
}

/** @param {any} counts of a pipeline */
const countsOf = (counts) => {
  if (counts === undefined) return ""
  const said = [["read", counts.read], ["late", counts.late], ["dead letters", counts.deadLettered], ["held", counts.held]]
  return said.flatMap(([name, count], i) => count === null || (i > 0 && count === 0) ? [] : `${name} ${format.count(count)}`).join(", ")
}
