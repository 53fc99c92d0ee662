/** A pipeline that ends in events has no windows to show: it says so, and what becomes of its rows. */
import { html, render } from "../vendor/lit-html/lit-html.js"
import { notice } from "../notice.js"
import { StillView } from "../still.js"

export class RowsView extends StillView {
  /** @param {import("../main.js").Page} page @param {import("./values.js").Pipeline} pipeline @param {HTMLElement} root */
  constructor(page, pipeline, root) {
    super()
    document.title = `${pipeline.title} · ${page.status.title}`
    const words = `It computes rows from ${pipeline.sources.join(" and ")}, and each goes to the sink at once. There are no windows to follow here. ` +
      `Each row has: ${pipeline.values.map(({ title }) => title).join(", ")}.`
    render(html`<section class="view alone">${notice(`${pipeline.title} ends in rows`, words, [])}</section>`, root)
  }
}
