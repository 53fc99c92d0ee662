/**
 * `npm run wasm`: makes what decodes records of what it is written as in `wasm/decoding/`. What is made is kept among the sources,
 * so that whoever uses them needs nothing to make it with, and a test says whether it is what these files give.
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { decoding } from "./Compile.ts"

const placeOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const [folder = placeOf("decoding"), file = placeOf("../src/streams/records/machineCode.ts")] = process.argv.slice(2)
writeFileSync(file, await decoding(folder))
