import { Random } from "../src/testing/simulation/Random.ts"

/** The same numbers from 0 to 1 for the same seed. */
export const randomFrom = (seed: number) => {
  const random = new Random(seed)
  return () => random.next()
}
