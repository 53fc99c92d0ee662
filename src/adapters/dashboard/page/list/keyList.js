/**
 * A list of keys to choose from. Of however many keys only those in view are in the document. While the pointer or the
 * focus is in the list no row moves under it: a new order waits until it has left.
 */
import { html, nothing, render } from "../vendor/lit-html/lit-html.js"
import { repeat } from "../vendor/lit-html/directives/repeat.js"
import { count } from "../format.js"
import { windowOf } from "./visible.js"

/**
 * @typedef {{ id: string, words: string, of: (key: string) => number | null }} Sort by a number, the largest first
 * @typedef {{
 *   words: { one: string, many: string, none: string },
 *   sorts: ReadonlyArray<Sort>,
 *   sort: string,
 *   row: (key: string) => unknown,
 *   find: (contains: string) => Promise<unknown>,
 *   select: (key: string) => void,
 *   sortBy: (sort: string) => void
 * }} Options
 * @typedef {{ keys: ReadonlyArray<string>, selected: string | undefined, total: number, more: boolean }} Shown
 */
export class KeyList {
  filter = ""
  /** @type {Shown} */
  shown = { keys: [], selected: undefined, total: 0, more: false }
  /** @type {ReadonlyArray<string>} */
  order = []
  /** Whether the pointer or the focus is among the keys. */
  busy = false
  /** The list becomes long enough for a filter once, and keeps it. */
  long = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  finding = undefined
  /** How high a row is and what of them is in view, as it was last: asking each time would have the page laid out each time. */
  view = { row: 44, clientHeight: 0, scrollTop: 0 }
  /** @type {Element | undefined} */
  scroller = undefined

  /** @param {HTMLElement} element @param {Options} options */
  constructor(element, options) {
    this.element = element
    this.options = options
    this.sort = options.sort
    this.sizes = new ResizeObserver(() => this.look())
    this.sizes.observe(element)
  }

  /** Finds what is in view, and shows that. */
  look() {
    const { clientHeight = 0, scrollTop = 0 } = this.scroller ?? {}
    this.view = { row: rowHeight(this.element), clientHeight, scrollTop }
    this.draw()
  }

  /** The list itself, which is there once it was drawn, is as high as there is room for it. */
  watchScroller() {
    const scroller = this.element.querySelector(".rows") ?? undefined
    if (scroller === undefined || scroller === this.scroller) return
    this.scroller = scroller
    this.sizes.observe(scroller)
  }

  /** @param {Shown} next */
  show(next) {
    const isLonger = next.keys.length !== this.shown.keys.length
    this.shown = next
    if (!this.busy || isLonger) this.arrange()
    this.draw()
  }

  /** Brings a key into view; the focus goes with it where it is in the list. @param {string} key */
  reveal(key) {
    const { element, order } = this
    const scroller = element.querySelector(".rows")
    const at = order.indexOf(key)
    if (scroller === null || at < 0) return
    const height = rowHeight(element)
    const top = at * height
    if (top < scroller.scrollTop) scroller.scrollTop = top
    else if (top + height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + height - scroller.clientHeight
    const isFocused = scroller.contains(document.activeElement)
    this.shown = { ...this.shown, selected: key }
    this.look()
    if (isFocused) this.buttonOf(key)?.focus({ preventScroll: true })
  }

  /** The key so many places on from another, behind the last the first again. @param {string | undefined} key @param {number} by */
  beside(key, by) {
    const { order } = this
    if (order.length === 0) return undefined
    const at = key === undefined ? -1 : order.indexOf(key)
    return order[((at < 0 && by < 0 ? 0 : at) + by + order.length) % order.length]
  }

  /** @param {string} key */
  buttonOf(key) {
    return [...this.element.querySelectorAll("button")].find((button) => button.dataset.key === key)
  }

  arrange() {
    const { filter, options, shown, sort } = this
    const wanted = filter.toLowerCase()
    const found = wanted === "" ? shown.keys : shown.keys.filter((key) => key.toLowerCase().includes(wanted))
    const by = options.sorts.find(({ id }) => id === sort)
    this.order = by === undefined ? found : byNumber(found, by.of)
  }

  draw() {
    const { element, options: { words }, order, shown: { total }, view } = this
    const height = view.row
    const { first, last } = windowOf(view, height, order.length)
    const visible = order.slice(first, last).map((key, index) => ({ key, at: first + index }))
    this.long ||= total >= filterFrom
    const enter = () => {
      this.busy = true
    }
    const leave = ({ currentTarget, relatedTarget }) => {
      this.busy = relatedTarget instanceof Node && currentTarget.contains(relatedTarget)
    }
    render(html`
      ${this.long ? this.tools() : nothing}
      <div class="rows" tabindex="-1" @scroll=${() => this.look()} @pointerenter=${enter} @pointerleave=${leave} @focusin=${enter} @focusout=${leave}>
        ${order.length === 0
          ? html`<p class="empty-list">${total === 0 ? words.none : `No ${words.one} contains “${this.filter}”`}</p>`
          : html`<ul class="keys" aria-label=${words.many} .style=${`height: ${order.length * height}px`}>
              ${repeat(visible, ({ key }) => key, ({ at, key }) => this.item(key, at, height))}</ul>`}
      </div>
      ${this.long ? html`<p class="counted">${this.counted()}</p>` : nothing}
    `, element)
    this.watchScroller()
  }

  /** @param {string} key @param {number} at @param {number} height */
  item(key, at, height) {
    const { options, order, shown: { selected } } = this
    const isSelected = key === selected
    const isFirst = at === 0 && !order.includes(selected ?? "")
    return html`<li .style=${`transform: translateY(${at * height}px)`} aria-posinset=${at + 1} aria-setsize=${order.length}>
      <button type="button" data-key=${key} aria-current=${isSelected ? "true" : nothing} tabindex=${isSelected || isFirst ? 0 : -1}
        @click=${() => options.select(key)}>${options.row(key)}</button></li>`
  }

  tools() {
    const { filter, options, sort } = this
    return html`<div class="list-tools">
      <input type="search" placeholder="Filter" aria-label=${`Filter ${options.words.many}`} autocomplete="off" spellcheck="false"
        .value=${filter} @input=${(event) => this.filterBy(event.target.value)}>
      <select aria-label="Sort by" @change=${(event) => this.sortBy(event.target.value)}>
        <option value="" ?selected=${sort === ""}>Name</option>
        ${options.sorts.map(({ id, words }) => html`<option value=${id} ?selected=${sort === id}>${words}</option>`)}
      </select>
    </div>`
  }

  counted() {
    const { filter, options, order, shown: { keys, more, total } } = this
    const all = `${count(total)} ${options.words.many}`
    if (filter !== "") return `${count(order.length)} of ${all}`
    return more ? `${count(keys.length)} of ${all}; filter to find others` : all
  }

  /** @param {string} text */
  filterBy(text) {
    this.filter = text
    clearTimeout(this.finding)
    const { options: { find }, shown: { more } } = this
    if (more && text !== "") this.finding = setTimeout(() => void find(text).catch(() => undefined), 250)
    this.arrange()
    this.element.querySelector(".rows")?.scrollTo(0, 0)
    this.look()
  }

  /** @param {string} sort */
  sortBy(sort) {
    this.sort = sort
    this.options.sortBy(sort)
    this.arrange()
    this.draw()
  }
}

/** Fewer keys are seen at a glance. */
const filterFrom = 8

/** @param {HTMLElement} element */
const rowHeight = (element) => Number.parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 44

/** @param {ReadonlyArray<string>} keys @param {(key: string) => number | null} of */
const byNumber = (keys, of) => {
  const numbers = new Map(keys.map((key) => [key, of(key) ?? -Infinity]))
  return [...keys].sort((a, b) => falling(numbers.get(a), numbers.get(b)))
}

/** @param {number | undefined} a @param {number | undefined} b */
const falling = (a = 0, b = 0) => a < b ? 1 : a > b ? -1 : 0
