/** Keys of the whole page. A control that has the focus keeps those that it uses itself. */

/** @param {{ step: (by: number) => void, press: (key: string) => boolean }} actions `press` says whether the view has used a key */
export const bindKeys = (actions) => {
  const shortcuts = /** @type {HTMLDialogElement} */ (document.getElementById("shortcuts"))
  const help = () => shortcuts.showModal()
  document.getElementById("theme")?.addEventListener("click", toggleTheme)
  document.getElementById("help")?.addEventListener("click", help)
  const keys = {
    "[": () => actions.step(-1),
    ArrowUp: () => actions.step(-1),
    "]": () => actions.step(1),
    ArrowDown: () => actions.step(1),
    t: toggleTheme,
    T: toggleTheme,
    "?": help
  }
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (document.querySelector("dialog[open]") !== null || isUsed(event)) return
    if (Object.hasOwn(keys, event.key)) keys[event.key]()
    else if (!actions.press(event.key)) return
    event.preventDefault()
  })
}

/** Whether the control with the focus has a use for the key. @param {KeyboardEvent} event */
const isUsed = ({ key, target }) => {
  if (!(target instanceof Element)) return false
  if (target.closest("input, select, textarea") !== null) return true
  return key.startsWith("Arrow") && target.closest("[role=region]") !== null
}

const toggleTheme = () => document.dispatchEvent(new CustomEvent("toggle-theme"))
