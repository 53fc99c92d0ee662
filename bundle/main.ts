/**
 * `npm run bundle`, and after each `npm ci`: the command line with what it imports in few files of JavaScript, divided by
 * commands, in `.bundle/`. Of seven hundred modules the start takes 0.6 s of CPU, of these files 0.2. `bin/courant.js` takes
 * them as long as every file that they were made of is as it was, and the sources otherwise.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { type CodeSplittingGroup, type Plugin, rolldown } from "rolldown"

const root = fileURLToPath(new URL("..", import.meta.url))
const bundles = join(root, ".bundle")
/** Names the bundle that holds. It is renamed into place when all else is written, so that none is ever there in part. */
const current = join(bundles, "current.json")

/** The first is reached into by path, the second loads half a hundred files that nothing uses, the third a file beside it. */
const external = /^(kafkajs|yahoo-finance2|@platformatic\/wasm-utils)(\/|$)/

/** What a module says of its own place stays true: the page and the recorded session are found beside the sources. */
const placesFrom = (folder: string): Plugin => ({
  name: "places",
  transform: (code, id) => {
    if (!code.includes("import.meta.url")) return null
    const path = relative(folder, id).split(sep).map(encodeURIComponent).join("/")
    return code.replaceAll("import.meta.url", `new URL(${JSON.stringify(path)}, import.meta.url).href`)
  }
})

/**
 * What a module imports, with all that this imports, in one file: each file takes half a millisecond to find. Without it what
 * two commands share would be some fifty files.
 */
const importsOf = (name: string, module: string): CodeSplittingGroup => ({
  debugName: name,
  name: (id, context) => context.getModuleInfo(join(root, module))?.importedIds.includes(id) === true ? name : null
})

/** A module of ours; of a package its description, which changes with its version. */
const inputOf = (id: string): string => {
  const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(id) ?? []
  return folder === undefined ? id : join(folder, "package.json")
}

/** As `bin/bundle.js` asks for it. */
const stampOf = ({ ctimeMs, mtimeMs, size }: Stats): string => `${size} ${mtimeMs} ${ctimeMs}`

/** Of what went in: a file that was changed while the bundle was made may be in it as it was before. File systems round times down. */
const stampBefore = (time: number) => (file: string): readonly [path: string, stamp: string] => {
  const stats = statSync(file)
  if (stats.ctimeMs > time - 50) throw new Error(`${relative(root, file)} has changed meanwhile`)
  return [relative(root, file), stampOf(stats)]
}

/** What went in and what came out, each with its stamp. */
const make = async (folder: string): Promise<{ readonly [path: string]: string }> => {
  const began = Date.now()
  const bundle = await rolldown({
    input: { main: join(root, "src/main.ts") },
    platform: "node",
    external,
    plugins: [placesFrom(folder)]
  })
  const { output } = await bundle.write({
    dir: folder,
    format: "esm",
    comments: false,
    chunkFileNames: "[name]-[hash].js",
    codeSplitting: { groups: [importsOf("start", "src/cli/courant.ts"), importsOf("engine", "src/cli/commands/run.ts")] }
  })
  await bundle.close()
  const ids = output.flatMap((file) => file.type === "chunk" ? file.moduleIds : []).filter((id) => !id.startsWith("\0"))
  const made = output.map(({ fileName }) => join(folder, fileName))
  return Object.fromEntries([
    ...[...new Set(ids.map(inputOf))].map(stampBefore(began)),
    ...made.map((file) => [relative(root, file), stampOf(statSync(file))] as const)
  ])
}

/** A process may still run from the one before, and one may be in the making. */
const removeOld = (former: string | undefined): void => {
  const old = readdirSync(bundles).filter((name) => name.startsWith("made-") && name !== former)
  for (const name of old.map((name) => join(bundles, name))) {
    if (statSync(name).mtimeMs < Date.now() - 3_600_000) rmSync(name, { recursive: true, force: true })
  }
}

const formerMain = (): string | undefined => {
  try {
    return JSON.parse(readFileSync(current, "utf8")).main
  } catch {
    return undefined
  }
}

const name = `made-${Date.now()}-${process.pid}`
const folder = join(bundles, name)
mkdirSync(folder, { recursive: true })
try {
  const files = await make(folder)
  const former = formerMain()
  writeFileSync(`${folder}/bundle.json`, `${JSON.stringify({ main: `${name}/main.js`, files })}\n`)
  renameSync(`${folder}/bundle.json`, current)
  removeOld(former?.split("/")[0])
} catch (error) {
  rmSync(folder, { recursive: true, force: true })
  throw error
}
