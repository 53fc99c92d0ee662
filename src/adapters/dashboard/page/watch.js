/** The list of symbols with their last price and change. */
import * as format from "./format.js"

/**
 * @typedef {{ key: string, last: number | null, decimals: number, change: number | null }} Quote
 * @param {HTMLElement} list
 * @param {(key: string) => void} onSelect
 */
export const makeWatch = (list, onSelect) => {
  /** @type {Map<string, ReturnType<typeof makeRow>>} */
  const rows = new Map()

  /** @param {ReadonlyArray<Quote>} quotes @param {string | undefined} selected */
  const show = (quotes, selected) => {
    if (quotes.length !== rows.size || quotes.some(({ key }) => !rows.has(key))) {
      rows.clear()
      for (const { key } of quotes) rows.set(key, makeRow(key, onSelect))
      list.replaceChildren(...[...rows.values()].map(({ item }) => item))
    }
    for (const quote of quotes) rows.get(quote.key)?.show(quote, quote.key === selected)
  }

  /** Brings a symbol into view where the list scrolls. @param {string} key */
  const reveal = (key) => rows.get(key)?.item.scrollIntoView({ block: "nearest", inline: "nearest" })

  return { show, reveal }
}

/** @param {string} key @param {(key: string) => void} onSelect */
const makeRow = (key, onSelect) => {
  const item = document.createElement("li")
  const button = document.createElement("button")
  const [name, last, change] = ["name", "last", "change"].map((part) => {
    const span = document.createElement("span")
    span.className = part
    button.append(span)
    return span
  })
  button.type = "button"
  button.addEventListener("click", () => onSelect(key))
  name.textContent = key
  name.title = key
  item.append(button)

  /** @param {Quote} quote @param {boolean} selected */
  const show = (quote, selected) => {
    setText(last, format.price(quote.last, quote.decimals))
    setText(change, quote.change === null ? "" : format.percent(quote.change))
    change.dataset.direction = format.direction(quote.change)
    if (selected) button.setAttribute("aria-current", "true")
    else button.removeAttribute("aria-current")
  }
  return { item, show }
}

/** Leaves alone what has not changed. @param {HTMLElement} element @param {string} text */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}
