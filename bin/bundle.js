/** The bundle that `bundle/main.ts` makes of the sources of a checkout, and when it stands for them. */
import { readFileSync, realpathSync, statSync } from "node:fs"
import { extname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

/**
 * Where the bundle begins; `null` without one, or where a file that it was made of, or one of its own, is not as it was then.
 * That takes a few milliseconds.
 */
export const fresh = () => {
  try {
    const root = fileURLToPath(new URL("..", import.meta.url))
    const { files, main } = JSON.parse(readFileSync(`${root}.bundle/current.json`, "utf8"))
    for (const path in files) if (stampOf(root + path) !== files[path]) return null
    return pathToFileURL(`${root}.bundle/${main}`)
  } catch {
    return null
  }
}

/** The time at which a file's content was changed can be set by whoever changes it; that of its description cannot. */
const stampOf = (file) => {
  const { ctimeMs, mtimeMs, size } = statSync(file)
  return `${size} ${mtimeMs} ${ctimeMs}`
}

/**
 * Whether a call is for the sources themselves. A module of the user's imports `courant` and `effect` from files, and these
 * must not meet those in the bundle; hooks of Node.js may load and change any module. Where causes are shown, their stacks
 * name the sources.
 */
export const needsSources = (given) =>
  /(^|\s)(-r|--require|--import|--loader|--experimental-loader)\b/.test([process.env.NODE_OPTIONS, ...process.execArgv].join(" ")) ||
  given.some((argument) =>
    argument.startsWith("--wizard") || partsOf(argument).some((part) => isModule(part) || /^(debug|trace|all)$/i.test(part)))

/** `A`, and both of `--flag=A` and `A,B`. */
const partsOf = (argument) => {
  const value = argument.slice(argument.indexOf("=") + 1)
  return [argument, value, ...value.split(",").map((part) => part.trim())]
}

/** What Node.js cannot import is data. */
const isModule = (text) => {
  if (!/[./\\]/.test(text)) return false
  try {
    const file = realpathSync(text)
    return /^(\.[cm]?[jt]s|\.node|\.wasm|)$/.test(extname(file)) && statSync(file).isFile()
  } catch {
    return false
  }
}
