/** Passwords and tokens, each drawn once for a data folder and kept there in a file that only its owner can read. */
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The one of this name. The file is there before anything is made with what is in it, so none is ever lost. */
export const of = (folder: string, name: string): string => {
  const file = join(folder, name)
  if (existsSync(file)) return readFileSync(file, "utf8")
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const secret = randomBytes(24).toString("base64url")
  writeFileSync(`${file}.new`, secret, { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return secret
}
