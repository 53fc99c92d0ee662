/** An address that names a pipeline that does not run. */
import { html, render } from "./vendor/lit-html/lit-html.js"
import { notice } from "./notice.js"
import * as address from "./state/address.js"
import { StillView } from "./still.js"

export class Unknown extends StillView {
  /** @param {import("./main.js").Page} page @param {HTMLElement} root */
  constructor(page, root) {
    super()
    const { address: { pipeline }, pipelines, status } = page
    document.title = status.title
    const offers = pipelines.map(({ name, title }) => ({ words: title, href: address.format({ pipeline: name, options: {} }) }))
    const [title, words] = pipeline === undefined
      ? ["No pipeline runs", "There is nothing to show here."]
      : [`There is no pipeline “${pipeline}”`, "These run:"]
    render(html`<section class="view alone">${notice(title, words, offers)}</section>`, root)
  }
}
