/** The colours of the page's theme, as the chart draws with them. */

const names = [
  "surface", "text", "muted", "line", "chart-grid", "label", "up", "down", "volume-up", "volume-down", "average", "sma", "ema", "vwap", "band",
  "revised", "hours", "bell", "compare-1", "compare-2", "compare-3", "compare-4"
]

/**
 * Colours by the names that the style gives them. Names of the system's colours are resolved: the library does not know them.
 * @typedef {Record<string, string>} Colors
 * @param {HTMLElement} container @returns {Colors}
 */
export const colorsOf = (container) => {
  const probe = document.createElement("span")
  probe.hidden = true
  // Else every colour would be that of the system's text, where the system chooses.
  probe.style.forcedColorAdjust = "none"
  container.append(probe)
  const colors = Object.fromEntries(names.map((name) => {
    probe.style.color = `var(--${name}, currentcolor)`
    return [name, getComputedStyle(probe).color]
  }))
  probe.remove()
  return colors
}
