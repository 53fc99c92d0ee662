/** The pipelines that run as one picture: sources, nodes and sinks, and what is known of each. */
import { html, render, svg } from "../vendor/lit-html/lit-html.js"
import { get } from "../api.js"
import * as format from "../format.js"
import * as address from "../state/address.js"
import { ReadView } from "../still.js"
import { placed } from "./layout.js"

const [cardWidth, cardHeight, gapAcross, gapDown, top] = [208, 92, 44, 34, 26]

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

  /** @param {any} graph as `/api/v1/graph` has it */
  show({ edges, nodes, pipelines }) {
    const { columns, lanes, places, rows } = placed(nodes, edges)
    const x = (column) => column * (cardWidth + gapAcross)
    const y = (row) => top + row * (cardHeight + gapDown)
    const width = columns * (cardWidth + gapAcross) - gapAcross
    const height = top + rows * (cardHeight + gapDown)
    const line = ([from, to]) => {
      const [a, b] = [places.get(from), places.get(to)]
      if (a === undefined || b === undefined) return ""
      const [x1, y1, x2, y2] = [x(a.column) + cardWidth, y(a.row) + cardHeight / 2, x(b.column), y(b.row) + cardHeight / 2]
      const bend = (x1 + x2) / 2
      return svg`<path d=${`M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`}></path>`
    }
    const clock = this.page.clock(this.page.status.timeZone)
    const card = (node) => {
      const place = places.get(node.id) ?? { column: 0, row: 0 }
      return html`<li class="card" data-kind=${node.kind} .style=${`left: ${x(place.column)}px; top: ${y(place.row)}px`}>
        <b>${titleOf(node)}</b>
        <p title=${node.text}>${node.text.replace(/^from [\w-]+(?: and [\w-]+)*[,;] /, "")}</p>
        <dl>${factsOf(node, clock).map(([name, value]) => html`<div data-fact=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></li>`
    }
    const lane = ([pipeline, { row }]) => {
      const { title = pipeline } = this.page.pipelines.find(({ name }) => name === pipeline) ?? {}
      const counts = pipelines.find(({ name }) => name === pipeline)
      const first = Math.min(...nodes.flatMap((node) => node.pipeline === pipeline ? places.get(node.id)?.column ?? [] : []))
      return html`<p class="lane" .style=${`left: ${x(first)}px; top: ${y(row) - 22}px`}>
        <a href=${address.format({ pipeline, options: {} })}>${title}</a> <span class="muted">${countsOf(counts)}</span></p>`
    }
    render(html`<section class="view alone graph" tabindex="0" role="region" aria-label="Graph of the pipelines">
      <div class="picture" .style=${`width: ${width}px; height: ${height}px`}>
        <svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} aria-hidden="true">${edges.map(line)}</svg>
        ${[...lanes].map(lane)}
        <ul>${nodes.map(card)}</ul>
      </div></section>`, this.root)
  }
}

/** @param {{ id: string, kind: string }} node */
const titleOf = ({ id, kind }) => kind === "source" || kind === "sink" ? `${kind}: ${id.slice(kind.length + 1)}` : kind.replaceAll("-", " ")

/** What is known of a node and says something. @param {any} node @param {ReturnType<typeof format.clock>} clock @returns {Array<[string, string]>} */
const factsOf = (node, clock) => {
  const { eventsPerSecond, filtered, held, in: taken, kind, lag, late, out, refused, state, watermark } = node
  /** @type {Array<[string, unknown]>} */
  const facts = [
    ["events/s", eventsPerSecond === null ? null : Math.round(eventsPerSecond)],
    ["lag", kind === "source" ? lag : null],
    [kind === "sink" ? "written" : "in", kind === "source" ? null : taken],
    ["out", kind === "sink" ? null : out],
    ["late", late || null],
    ["filtered", filtered || null],
    ["refused", refused || null],
    ["held", held || null],
    ["state", state]
  ]
  const counted = facts.flatMap(([name, value]) => typeof value === "number" ? [[name, format.count(value)]] : [])
  const time = typeof watermark === "number" && kind === "source" ? [["watermark", format.isDate(watermark) ? clock.seconds(watermark) : "end of data"]] : []
  return /** @type {Array<[string, string]>} */ ([...counted.slice(0, time.length === 0 ? 4 : 2), ...time])
}

/** @param {any} counts of a pipeline */
const countsOf = (counts) => {
  if (counts === undefined) return ""
  const said = [["read", counts.read], ["late", counts.late], ["dead letters", counts.deadLettered], ["held", counts.held]]
  return said.flatMap(([name, count], i) => count === null || (i > 0 && count === 0) ? [] : `${name} ${format.count(count)}`).join(", ")
}
