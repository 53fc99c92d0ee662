/** An address that asks for what there is not: a pipeline that does not run, a view or a time zone that is none. */
import { isZone } from "./chart/zones.js"
import { html, render } from "./vendor/lit-html/lit-html.js"
import { notice } from "./notice.js"
import * as address from "./state/address.js"
import { StillView } from "./still.js"

/**
 * What is wrong with an address, whatever the view, in words with what there is.
 * @typedef {{ title: string, words: string, offers: ReadonlyArray<import("./notice.js").Offer> }} Fault
 * @param {import("./state/address.js").Address} asked @param {Pick<import("./main.js").Page, "pipelines">} known
 * @returns {Fault | undefined}
 */
export const faultOf = (asked, { pipelines }) => {
  const { options, pipeline } = asked
  if (pipelines.length === 0) return { title: "No pipeline runs", words: "There is nothing to show here.", offers: [] }
  if (pipeline !== undefined && !pipelines.some(({ name }) => name === pipeline)) {
    const isOfOne = options.view === "left-out"
    const kept = { ...(isOfOne ? { view: "left-out" } : {}), ...(options.at === undefined ? {} : { at: options.at }) }
    const offers = pipelines.map(({ name, title }) => ({ words: title, href: address.format({ pipeline: name, options: kept }) }))
    return { title: `There is no pipeline “${pipeline}”`, words: "These run:", offers }
  }
  return ofOption(asked, "view", views, Object.hasOwn(names, options.view ?? "")) ?? ofOption(asked, "zone", zones, isZone(options.zone ?? "exchange"))
}

/** Views by their names in addresses. The usual one has none. */
const names = { windows: "Windows", alerts: "Alerts", graph: "Graph of all", "left-out": "Late and left out" }
const views = { title: "view", offers: [["", "The usual one"], ...Object.entries(names)] }
const zones = { title: "time zone", offers: [["", "That of the exchange or the pipeline"], ["local", "Local"], ["UTC", "UTC"]] }

/**
 * @param {import("./state/address.js").Address} asked @param {string} name @param {{ title: string, offers: Array<Array<string>> }} there
 * @param {boolean} isThere @returns {Fault | undefined}
 */
const ofOption = (asked, name, { offers, title }, isThere) => {
  const value = asked.options[name]
  if (value === undefined || value === "" || isThere) return undefined
  return {
    title: `There is no ${title} “${value}”`,
    words: "There are:",
    offers: offers.map(([id = "", words = ""]) => ({ words, href: address.format({ ...asked, options: { ...asked.options, [name]: id } }) }))
  }
}

export class Unknown extends StillView {
  /** @param {import("./main.js").Page} page @param {HTMLElement} root @param {Fault} fault */
  constructor(page, root, { offers, title, words }) {
    super()
    document.title = page.status.title
    render(html`<section class="view alone">${notice(title, words, offers)}</section>`, root)
  }
}
