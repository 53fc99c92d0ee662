/**
 * What a user's pipeline file imports. It may lie anywhere, also where nothing is installed:
 * `courant` is always the program that runs it, so that both are of one version, and `effect`
 * is the program's own where the file has none beside it.
 */
import { registerHooks } from "node:module"
import { extname } from "node:path"

/** `.ts` in a checkout, `.js` in the package that was built from it. */
const extension = extname(import.meta.url)

const own = new URL(`../index${extension}`, import.meta.url).href

export const register = (): void => {
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === "courant") return { url: own, shortCircuit: true }
      try {
        return next(specifier, context)
      } catch (error) {
        if (!/^effect(\/|$)/.test(specifier)) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    }
  })
}
