/** A database as a former version of courant made it. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileName } from "../../../src/adapters/sqlite/Database.ts"
import { applicationId, migrations } from "../../../src/adapters/sqlite/Schema.ts"

export const former = (folder: string, version: number): DatabaseSync => {
  const file = new DatabaseSync(join(folder, fileName))
  file.exec("pragma page_size = 16384; pragma journal_mode = wal")
  file.exec(migrations.slice(0, version).join("\n"))
  file.exec(`pragma application_id = ${applicationId}; pragma user_version = ${version}`)
  return file
}
