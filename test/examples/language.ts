/** Whether a part of the language is there, told by its name: what an example that waits for it asks. */
import * as courant from "../../src/index.ts"

/** `Panes.top` is there wherever something called `top` is: what it is part of may still be called otherwise. */
export const isThere = (name: string): boolean => {
  const [, called = name] = name.split(".")
  return Object.values(courant).some((noun: unknown) => typeof noun === "object" && noun !== null && Object.hasOwn(noun, called))
}
