/**
 * The page itself: the files in `page/` as they are, and the chart library from the
 * package that the project depends on. Nothing comes from another host, nothing is built.
 */
import { Effect, Layer } from "effect"
import { HttpPlatform, HttpRouter, HttpServerResponse, HttpStaticServer } from "effect/http"
import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** Browsers ask each time and are answered 304 where nothing changed: no old script meets the API of an upgrade. */
const cacheControl = "no-cache"

const root = fileURLToPath(new URL("page", import.meta.url))

/** A route for each file that is there: what else a request may name never reaches the file system. */
const page = Layer.effectDiscard(Effect.gen(function*() {
  const router = yield* HttpRouter.HttpRouter
  // The router takes a file's name with a slash behind it for the file's, below which there is nothing.
  const file = Effect.catchTag(yield* HttpStaticServer.make({ root, cacheControl }), "HttpServerError", () =>
    Effect.succeed(HttpServerResponse.empty({ status: 404 })))
  yield* router.add("GET", "/", file)
  for (const name of readdirSync(root)) yield* router.add("GET", `/${name}`, file)
}))

/** The build with its dependencies inside. The package's `exports` leaves it out: it is found beside the main file. */
const chartLibrary = join(
  dirname(fileURLToPath(import.meta.resolve("lightweight-charts"))),
  "lightweight-charts.standalone.production.mjs"
)

const vendor = Layer.effectDiscard(Effect.gen(function*() {
  const platform = yield* HttpPlatform.HttpPlatform
  const router = yield* HttpRouter.HttpRouter
  const file = platform.fileResponse(chartLibrary).pipe(
    Effect.orDie,
    Effect.map(HttpServerResponse.setHeaders({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": cacheControl
    }))
  )
  yield* router.add("GET", "/vendor/lightweight-charts.js", file)
}))

/** Fails, as a defect, only where the installation is incomplete. */
export const layer = Layer.orDie(Layer.merge(page, vendor))
