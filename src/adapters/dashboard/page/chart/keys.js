/**
 * The chart by keys, while it has the focus: arrows read it bar by bar, with Shift they move it; Home and End go to its beginning
 * and to now, Enter chooses the bar that is read, Escape ends reading, + and - show fewer bars and more. What is read is told to screen
 * readers.
 *
 * @param {HTMLElement} container
 * @param {{ read: (by: number) => any, readAt: (at: number) => any, pan: (bars: number) => void, zoom: (factor: number) => void,
 *   goToNow: () => void, pick: () => void, leave: () => void, size: () => number, legendAt: () => import("./legend.js").Legend | null }} chart
 */
export const bindKeys = (container, chart) => {
  const told = document.createElement("p")
  told.className = "hidden"
  told.setAttribute("role", "status")
  container.after(told)
  if (!container.hasAttribute("tabindex")) container.tabIndex = 0

  const tell = () => {
    const legend = chart.legendAt()
    told.textContent = legend === null ? "" : [...legend.figures.map(spoken), ...legend.notes].join(", ")
  }
  let isRead = false
  const reading = (act) => () => {
    isRead = true
    act()
    tell()
  }
  const leave = () => {
    isRead = false
    chart.leave()
  }
  const plain = {
    ArrowLeft: reading(() => chart.read(-1)),
    ArrowRight: reading(() => chart.read(1)),
    PageUp: reading(() => chart.read(-20)),
    PageDown: reading(() => chart.read(20)),
    Home: reading(() => chart.readAt(0)),
    End: reading(() => {
      chart.goToNow()
      chart.readAt(chart.size() - 1)
    }),
    Enter: () => {
      if (isRead) chart.pick()
    },
    Escape: leave,
    "+": () => chart.zoom(1.5),
    "=": () => chart.zoom(1.5),
    "-": () => chart.zoom(1 / 1.5)
  }
  const shifted = { ArrowLeft: () => chart.pan(-10), ArrowRight: () => chart.pan(10), "+": plain["+"] }
  const listener = (event) => {
    const keys = event.shiftKey ? shifted : plain
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return
    event.preventDefault()
    // The page has keys of its own, arrows among them.
    event.stopPropagation()
    keys[event.key]()
  }
  // What is under the pointer stays: the focus may go because of a click there.
  const blur = () => {
    if (isRead) leave()
  }
  container.addEventListener("keydown", listener)
  container.addEventListener("blur", blur)
  return () => {
    container.removeEventListener("keydown", listener)
    container.removeEventListener("blur", blur)
    told.remove()
  }
}

const words = { O: "open", H: "high", L: "low", C: "close", Vol: "volume" }

/** @param {import("./legend.js").Figure} figure */
const spoken = ({ label, value }) => `${words[label] ?? label} ${value}`.trim()
