/**
 * Makes a folder and those that it lies in. Node's own recursive way never returns where the parent is there and yet
 * nothing can be made in it, as below `/proc`: it takes that for a parent that is missing, and makes it again and again.
 */
import { existsSync, mkdirSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"

/** Throws what `mkdir` says of the first folder that cannot be made. */
export const make = (folder: string): void => {
  const missing: Array<string> = []
  let at = resolve(folder)
  for (; !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const one of [at, ...missing]) mkdirOnce(one)
}

/** Another process may make it at the same moment. */
const mkdirOnce = (folder: string): void => {
  try {
    mkdirSync(folder)
  } catch (error) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw error
  }
}
