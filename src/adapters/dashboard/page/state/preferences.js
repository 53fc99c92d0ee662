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

/** A choice of several, which a hand may have spoiled. @param {string} name @returns {Set<string> | undefined} */
export const preferredSet = (name) => {
  try {
    return new Set(JSON.parse(preference(name, "")))
  } catch {
    return undefined
  }
}

/** @param {string} name @param {Set<string>} values */
export const preferSet = (name, values) => prefer(name, JSON.stringify([...values]))
