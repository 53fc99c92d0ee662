/** Leaves alone what has not changed. @param {HTMLElement} element @param {string} text */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}
