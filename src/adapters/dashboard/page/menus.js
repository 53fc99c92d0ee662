/**
 * Menus close with Escape, when something else is clicked or gets the focus, and when what they are of has changed. The focus
 * goes back to the button where it was inside.
 *
 * @param {HTMLElement} root in which they are
 */
export const bindMenus = (root) => {
  const open = () => /** @type {Array<HTMLDetailsElement>} */ ([...root.querySelectorAll("details.menu[open]")])

  root.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" ? open().find((one) => one.contains(/** @type {Node} */ (event.target))) : undefined
    if (menu === undefined) return
    event.stopPropagation()
    close(menu)
  })
  const elsewhere = ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false
  }
  const heard = ["pointerdown", "focusin"]
  for (const name of heard) document.addEventListener(name, elsewhere)
  return {
    close: () => open().forEach(close),
    end: () => {
      for (const name of heard) document.removeEventListener(name, elsewhere)
    }
  }
}

/** @param {HTMLDetailsElement} menu */
const close = (menu) => {
  const isWithin = menu.contains(document.activeElement)
  menu.open = false
  if (isWithin) menu.querySelector("summary")?.focus()
}
