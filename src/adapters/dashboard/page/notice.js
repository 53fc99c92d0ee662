/** What is asked for and is not there is said in words, with what there is. */
import { html } from "./vendor/lit-html/lit-html.js"

/** @typedef {{ words: string, href: string }} Offer */

/** @param {string} title @param {string} words @param {ReadonlyArray<Offer>} offers */
export const notice = (title, words, offers) => html`
  <div class="notice" role="status">
    <h2>${title}</h2>
    <p>${words}</p>
    ${offers.length === 0 ? "" : html`<ul>${offers.map(({ href, words }) => html`<li><a href=${href}>${words}</a></li>`)}</ul>`}
  </div>`
