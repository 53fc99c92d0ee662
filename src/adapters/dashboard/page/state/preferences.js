/** What the viewer chose, kept in the browser. Without storage a choice lasts as long as the page. */

const here = new Map()

/** @param {string} name @param {string} otherwise */
export const preference = (name, otherwise) => {
  try {
    return here.get(name) ?? localStorage.getItem(`courant.${name}`) ?? otherwise
  } catch {
    return here.get(name) ?? otherwise
  }
}

/** @param {string} name @param {string} value */
export const prefer = (name, value) => {
  here.set(name, value)
  try {
    localStorage.setItem(`courant.${name}`, value)
  } catch {
    // It is kept above.
  }
}
