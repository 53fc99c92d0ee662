/**
 * The page itself: the files in `page/` and its folders as they are, and the two libraries it
 * uses from the packages that the project depends on. Nothing comes from another host, nothing is built.
 */
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { dirname, extname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("page", import.meta.url))

const filesOfPage = (): ReadonlyArray<readonly [path: string, file: string]> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))
    .map((file) => [relative(root, file).split(sep).join("/"), file])

/** Their `exports` do not lead to the files for browsers, so these are found beside the package's description. */
const folderOf = (main: string): string => dirname(findPackageJSON(main) ?? fileURLToPath(main))

/** The build with its dependencies inside. */
const chartLibrary = join(folderOf(import.meta.resolve("lightweight-charts")), "dist", "lightweight-charts.standalone.production.mjs")

/** Modules that import one another by these paths. */
const litModules = ["lit-html.js", "directive.js", "directive-helpers.js", "directives/repeat.js"]
const litFolder = folderOf(import.meta.resolve("lit-html"))

const libraries: ReadonlyArray<readonly [path: string, file: string]> = [
  ["vendor/lightweight-charts.js", chartLibrary],
  ...litModules.map((name) => [`vendor/lit-html/${name}`, join(litFolder, name)] as const)
]

/** A route for each file that is there: what else a request may name never reaches the file system. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const router = yield* HttpRouter.HttpRouter
  for (const [path, file] of [["", join(root, "index.html")] as const, ...filesOfPage(), ...libraries]) {
    const stored = storedAt(file)
    yield* router.add("GET", `/${path}`, Effect.map(HttpServerRequest.HttpServerRequest, (request) => answer(request, stored())))
  }
}))

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml"
}

interface Stored {
  readonly bytes: Uint8Array
  readonly tag: string
  readonly type: string
}

/**
 * A file, read again where it has changed. The page is some eighty files: what is at hand is answered at once, between two turns
 * of the work that the process has, and not after one for each step of reading.
 */
const storedAt = (file: string): () => Stored | null => {
  let known: { readonly changedAt: number; readonly size: number; readonly stored: Stored } | undefined
  return () => {
    const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {}
    if (mtimeMs === undefined || size === undefined) return null
    if (known?.changedAt !== mtimeMs || known.size !== size) known = { changedAt: mtimeMs, size, stored: read(file) }
    return known.stored
  }
}

const read = (file: string): Stored => {
  const bytes = readFileSync(file)
  return { bytes, tag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`, type: types[extname(file)] ?? "application/octet-stream" }
}

const answer = ({ headers, url }: HttpServerRequest.HttpServerRequest, stored: Stored | null): HttpServerResponse.HttpServerResponse => {
  // The router takes what has a fragment behind it for the file's, and what is no address.
  if (stored === null || url.includes("#") || !(url.startsWith("/") || URL.canParse(url))) return HttpServerResponse.empty({ status: 404 })
  // Browsers ask each time and are answered 304 where nothing changed: no old script meets the API of an upgrade.
  const own = { "cache-control": "no-cache", etag: stored.tag }
  if (isKnown(headers["if-none-match"], stored.tag)) return HttpServerResponse.empty({ status: 304, headers: own })
  return HttpServerResponse.uint8Array(stored.bytes, { contentType: stored.type, headers: own })
}

/** Whether the browser has it. @param said the tags that it knows */
const isKnown = (said: string | undefined, tag: string): boolean =>
  said !== undefined && said.split(",").some((one) => ["*", tag, `W/${tag}`].includes(one.trim()))
