#!/usr/bin/env node
// In a checkout the sources run as they are, or bundled; the package has what was built from them.
import { existsSync } from "node:fs"
import * as module from "node:module"
import { fresh, needsSources } from "./bundle.js"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`courant: Node.js ${process.versions.node} is too old; it takes 22.19 or later (in a checkout: npx courant)`)
  process.exit(1)
}
module.enableCompileCache()
const source = new URL("../src/main.ts", import.meta.url)
const main = existsSync(source) ? source : new URL("../dist/main.js", import.meta.url)
const bundle = main === source && !needsSources(process.argv.slice(2)) ? fresh() : null
await import((bundle ?? main).href)
