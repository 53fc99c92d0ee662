/** Whether a part of the language is there, told by its name: what an example that waits for it asks. */
import * as courant from "../../src/index.ts"

const nouns = new Map<string, unknown>(Object.entries(courant))
const has = (noun: unknown, called: string) => typeof noun === "object" && noun !== null && Object.hasOwn(noun, called)

/** `Panes.top`, or `lookup` where it is not said of what. */
export const isThere = (name: string): boolean => {
  const [noun = "", called] = name.split(".")
  return called === undefined ? [...nouns.values()].some((each) => has(each, noun)) : has(nouns.get(noun), called)
}
