/**
 * A process that tries one mutant: it runs checks while a source is served with the mistake in it. It says which check
 * comes next, so that its parent knows for how long to wait, and which of them noticed the mistake.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { type Check, type Group, load } from "./Check.ts"
import { Coverage } from "./Coverage.ts"
import { type Mutant, mutated } from "./Mutant.ts"
import type { CheckName, Order, Survey, Word } from "./Trial.ts"

const say = (word: Word): Promise<void> => new Promise((resolve) => process.send?.(word, () => resolve()))

/** The source of this file is another from now on. */
const serve = (mutant: Mutant): void => {
  const path = join(import.meta.dirname, "../..", mutant.file)
  const served = pathToFileURL(path).href
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      return url === served ? { ...loaded, source: mutated(String(loaded.source), mutant) } : loaded
    }
  })
}

const attempt = async ({ checks, mutant }: Order): Promise<Word> => {
  if (mutant !== null) serve(mutant)
  const loaded = new Map<Group, ReadonlyMap<string, Check>>()
  let check: CheckName | null = null
  try {
    for (const each of checks) {
      await say({ says: "begins", check: each })
      check = each
      const group = loaded.get(each.group) ?? new Map((await load(each.group)).map((one) => [one.name, one]))
      loaded.set(each.group, group)
      const found = group.get(each.name)
      if (found === undefined) throw new Error("there is no such check any more")
      await found.run()
    }
  } catch (error) {
    return { says: "fails", check, why: String(error).slice(0, 300) }
  }
  return { says: "passes" }
}

const survey = async ({ group, places }: Survey): Promise<Word> => {
  const coverage = new Coverage(places)
  const checks = await load(group)
  // What a module does when it is loaded concerns all of them.
  const always = coverage.take()
  const surveyed = []
  for (const { name, run } of checks) {
    await say({ says: "begins", check: { group, name } })
    coverage.begin()
    const before = performance.now()
    try {
      await run()
    } catch (error) {
      return { says: "fails", check: { group, name }, why: String(error).slice(0, 2_000) }
    }
    const milliseconds = performance.now() - before
    surveyed.push({ name, milliseconds, places: [...new Set([...always, ...coverage.take()])] })
  }
  return { says: "surveyed", checks: surveyed }
}

process.once("message", async (message: Order | Survey) => {
  await say("group" in message ? await survey(message) : await attempt(message))
  process.exit(0)
})
