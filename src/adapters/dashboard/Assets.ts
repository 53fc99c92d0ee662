/**
 * The page itself: the files in `page/` and its folders as they are, and the two libraries it
 * uses from the packages that the project depends on. Nothing comes from another host, nothing is built.
 */
import { Effect, Layer } from "effect"
import { HttpPlatform, HttpRouter, HttpServerResponse, HttpStaticServer } from "effect/http"
import { readdirSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

/** Browsers ask each time and are answered 304 where nothing changed: no old script meets the API of an upgrade. */
const cacheControl = "no-cache"

const root = fileURLToPath(new URL("page", import.meta.url))

const filesOfPage = (): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => relative(root, join(parentPath, name)).split(sep).join("/"))

/** A route for each file that is there: what else a request may name never reaches the file system. */
const page = Layer.effectDiscard(Effect.gen(function*() {
  const router = yield* HttpRouter.HttpRouter
  // The router takes a file's name with a slash behind it for the file's, below which there is nothing.
  const file = Effect.catchTag(yield* HttpStaticServer.make({ root, cacheControl }), "HttpServerError", () =>
    Effect.succeed(HttpServerResponse.empty({ status: 404 })))
  yield* router.add("GET", "/", file)
  for (const path of filesOfPage()) yield* router.add("GET", `/${path}`, file)
}))

/** Their `exports` do not lead to the files for browsers, so these are found beside the package's description. */
const folderOf = (main: string): string => dirname(findPackageJSON(main) ?? fileURLToPath(main))

/** The build with its dependencies inside. */
const chartLibrary = join(folderOf(import.meta.resolve("lightweight-charts")), "dist", "lightweight-charts.standalone.production.mjs")

/** Modules that import one another by these paths. */
const litModules = ["lit-html.js", "directive.js", "directive-helpers.js", "directives/repeat.js"]
const litFolder = folderOf(import.meta.resolve("lit-html"))

const libraries: ReadonlyArray<readonly [path: string, file: string]> = [
  ["lightweight-charts.js", chartLibrary],
  ...litModules.map((name) => [`lit-html/${name}`, join(litFolder, name)] as const)
]

const vendor = Layer.effectDiscard(Effect.gen(function*() {
  const platform = yield* HttpPlatform.HttpPlatform
  const router = yield* HttpRouter.HttpRouter
  for (const [path, file] of libraries) {
    const answer = platform.fileResponse(file).pipe(
      Effect.orDie,
      Effect.map(HttpServerResponse.setHeaders({
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": cacheControl
      }))
    )
    yield* router.add("GET", `/vendor/${path}`, answer)
  }
}))

/** Fails, as a defect, only where the installation is incomplete. */
export const layer = Layer.orDie(Layer.merge(page, vendor))
