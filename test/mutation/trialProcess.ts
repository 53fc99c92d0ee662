/**
 * A process that tries mutants, one after the other: for each it loads the sources anew, one of them with the mistake in it,
 * and runs checks. It says which check comes next, so that its parent knows for how long to wait, and which one failed.
 */
import { type Check, type Group, load } from "./Check.ts"
import { Coverage } from "./Coverage.ts"
import { SourceServer } from "./SourceServer.ts"
import type { CheckName, Order, Survey, Word } from "./Trial.ts"

const say = (word: Word): Promise<void> => new Promise((resolve) => process.send?.(word, () => resolve()))

const server = new SourceServer()

const attempt = async ({ checks, mutant }: Order): Promise<Word> => {
  server.serve(mutant)
  const loaded = new Map<Group, ReadonlyMap<string, Check>>()
  let check: CheckName | null = null
  try {
    const { load } = await server.import<typeof import("./Check.ts")>("test/mutation/Check.ts")
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

process.on("message", async (message: Order | Survey) => say(await (message.asks === "survey" ? survey(message) : attempt(message))))
process.on("disconnect", () => process.exit(0))
