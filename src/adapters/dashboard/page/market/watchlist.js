/** The symbols with their last price, their change, and the way of the price. */
import { html, svg } from "../vendor/lit-html/lit-html.js"
import * as format from "../format.js"
import { keyWords } from "../keyWords.js"
import { KeyList } from "../list/keyList.js"
import { prefer, preference } from "../state/preferences.js"
import { changeOf, quote, volumeOf } from "./figures.js"
import { pointsOf } from "./sparklines.js"

/**
 * @param {import("../main.js").Page} page
 * @param {HTMLElement} element
 * @param {{ select: (key: string) => void, closes: (key: string) => ReadonlyArray<number>, session: (key: string) => { word: string, open: boolean } | undefined }} of
 */
export const makeWatchlist = (page, element, { closes, select, session }) =>
  new KeyList(element, {
    words: { one: "symbol", many: "symbols", none: "No symbols yet" },
    sorts: [
      { id: "rise", words: "Change, highest", of: (key) => changeOf(page.panes, key) },
      { id: "fall", words: "Change, lowest", of: (key) => negated(changeOf(page.panes, key)) },
      { id: "volume", words: "Volume", of: (key) => volumeOf(page.panes, key) }
    ],
    sort: preference("market.sort", ""),
    sortBy: (sort) => prefer("market.sort", sort),
    find: (contains) => page.keysOf(page.market?.name ?? "").find(contains).then(() => page.changed("list")),
    select,
    row: (key) => {
      const { change, decimals, last } = quote(page.panes, key)
      const state = session(key)
      return html`
        <span class="name" title=${key}>${keyWords(key)}</span>
        <span class="last">${format.price(last, decimals)}</span>
        <span class="second">
          <span class="session" data-open=${String(state?.open ?? false)}>${state?.word ?? ""}</span>
          ${sparkline(closes(key))}
          <span class="change" data-direction=${format.direction(change)}>${change === null ? "" : format.percent(change)}</span>
        </span>`
    }
  })

/** @param {number | null} number */
const negated = (number) => number === null ? null : -number

const [width, height] = [56, 16]

/** @param {ReadonlyArray<number>} closes */
const sparkline = (closes) => html`<svg class="sparkline" viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
  ${svg`<polyline points=${pointsOf(closes, width, height)}></polyline>`}</svg>`
