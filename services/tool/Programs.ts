/** Programs that a service needs of the system. */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

export const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)))
