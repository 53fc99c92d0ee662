/** `npm run grafana`: writes the dashboards and alert rules as Grafana takes them. */
import { writeFileSync } from "node:fs"
import { files } from "./Files.ts"

for (const [name, text] of Object.entries(files)) writeFileSync(new URL(name, import.meta.url), text)
