/** A page with nothing but the trader's chart, and with the modules it is made of at hand. */
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"

const pageFolder = new URL("../../src/adapters/dashboard/page/", import.meta.url)
const library = new URL("../../node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs", import.meta.url)

const html = `<!doctype html>
<html lang="en" data-theme="dark">
<head>
  <meta charset="utf-8">
  <title>chart</title>
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/style.css">
  <link rel="stylesheet" href="/chart/chart.css">
  <script type="module" src="/driver.js"></script>
</head>
<body>
  <main><p id="legend"></p><div id="chart" role="img" aria-label="Chart" style="position: absolute; inset: 24px 0 0 0"></div></main>
</body>
</html>`

const driver = `
import { makeChart } from "/chart/trader.js"
import { makeModel } from "/chart/model.js"
import { offered } from "/chart/indicators.js"
import { csvOf } from "/chart/csv.js"
const told = { hover: null, picked: [], atNow: [], looks: 0 }
const chart = makeChart(document.getElementById("chart"), {
  onHover: (legend) => {
    told.hover = legend
    told.looks++
    document.getElementById("legend").textContent = legend === null ? "" : legend.figures.map(({ label, value }) => (label + " " + value).trim()).join(" ")
  },
  onPick: (bar) => told.picked.push(bar),
  onView: (isAtNow) => told.atNow.push(isAtNow)
})
Object.assign(window, { chart, csvOf, makeModel, offered, told })
document.body.dataset.ready = "yes"
`

const types: Readonly<Record<string, string>> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html" }

/** The same policy as the page's, but for the one style attribute that gives the chart its place. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"

export interface ChartStation {
  readonly url: string
  readonly end: () => Promise<void>
}

export const openChart = async (): Promise<ChartStation> => {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname
    const content = path === "/" ? html : path === "/driver.js" ? driver
      : readFile(fileURLToPath(path === "/vendor/lightweight-charts.js" ? library : new URL(`.${path}`, pageFolder)))
    Promise.resolve(content).then(
      (body) => response.writeHead(200, {
        "content-type": types[path === "/" ? "html" : path.split(".").at(-1) ?? ""] ?? "text/plain", "content-security-policy": policy
      }).end(body),
      () => response.writeHead(404).end()
    )
  })
  await new Promise<void>((resume) => server.listen(0, "127.0.0.1", resume))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server has no port")
  return {
    url: `http://127.0.0.1:${address.port}/`,
    end: () => new Promise((resume) => {
      server.closeAllConnections()
      server.close(() => resume())
    })
  }
}
