/** A key that nothing is seen of is shown in quotes. @param {string} key */
export const keyWords = (key) => key === "" ? "(empty)" : unseen.test(key) ? `“${key}”` : key

/** Blank at an end, or nothing but what has no ink. */
const unseen = /^\s|\s$|^[\p{C}\p{Z}]*$/u
