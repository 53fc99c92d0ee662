#!/usr/bin/env node
// In a checkout the sources run as they are; the package has what was built from them.
import { existsSync } from "node:fs"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`courant: Node.js ${process.versions.node} is too old; it takes 22.19 or later (in a checkout: npx courant)`)
  process.exit(1)
}
const source = new URL("../src/main.ts", import.meta.url)
await import((existsSync(source) ? source : new URL("../dist/main.js", import.meta.url)).href)
