/** Buttons and keys, and the selection in the address. */

/** @typedef {import("./figures.js").Interval} Interval */

/** @param {{ setInterval: (interval: Interval) => void, step: (by: number) => void }} actions */
export const bindControls = (actions) => {
  const shortcuts = /** @type {HTMLDialogElement} */ (document.getElementById("shortcuts"))
  const help = () => shortcuts.showModal()
  document.getElementById("theme")?.addEventListener("click", toggleTheme)
  document.getElementById("help")?.addEventListener("click", help)
  for (const button of intervalButtons()) {
    button.addEventListener("click", () => actions.setInterval(intervalOf(button)))
  }
  const back = () => actions.step(-1)
  const forth = () => actions.step(1)
  const keys = {
    "[": back,
    ArrowUp: back,
    ArrowLeft: back,
    "]": forth,
    ArrowDown: forth,
    ArrowRight: forth,
    "1": () => actions.setInterval("1m"),
    "5": () => actions.setInterval("5m"),
    t: toggleTheme,
    T: toggleTheme,
    "?": help
  }
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || shortcuts.open || !Object.hasOwn(keys, event.key)) return
    event.preventDefault()
    keys[event.key]()
  })
}

const toggleTheme = () => document.dispatchEvent(new CustomEvent("toggle-theme"))

const intervalButtons = () => document.querySelectorAll("[data-interval]")

/** @param {Element} button @returns {Interval} */
const intervalOf = (button) => button.getAttribute("data-interval") === "5m" ? "5m" : "1m"

/** @param {Interval} chosen @param {(interval: Interval) => boolean} available */
export const showIntervals = (chosen, available) => {
  for (const button of intervalButtons()) {
    const interval = intervalOf(button)
    button.setAttribute("aria-pressed", String(interval === chosen))
    button.toggleAttribute("disabled", !available(interval))
  }
}

/**
 * The selection is kept in the address, so that a reload or a bookmark brings it back: `#AAPL/5m`. Who types one may leave out
 * the interval, write a symbol as it is (`#BTC/USDT`), and in lower case, in which there are none.
 * @returns {{ symbol: string | undefined, interval: Interval }}
 */
export const fromAddress = () => {
  const [, symbol = "", interval] = /^#?(.*?)(?:\/(1m|5m))?$/.exec(location.hash) ?? []
  return { symbol: symbol === "" ? undefined : decoded(symbol)?.toUpperCase(), interval: interval === "5m" ? "5m" : "1m" }
}

/** @param {string} text */
const decoded = (text) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** @param {string} symbol @param {Interval} interval */
export const toAddress = (symbol, interval) =>
  history.replaceState(null, "", `#${encodeURIComponent(symbol)}/${interval}`)
