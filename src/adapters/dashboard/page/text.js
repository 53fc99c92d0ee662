/** Leaves alone what has not changed. @param {HTMLElement} element @param {string} text */
export const setText = (element, text) => {
  if (element.textContent === text) return
  const { firstChild, lastChild } = element
  if (firstChild instanceof Text && firstChild === lastChild) firstChild.data = text
  else element.textContent = text
}

/** The same of an attribute. @param {HTMLElement} element @param {string} name @param {string} value */
export const setAttribute = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}
