/** What the system and SQLite say of a disk without room becomes one line that names the folder and says what to do. */
import { assert, describe, it } from "@effect/vitest"
import { explain } from "../../../src/adapters/sqlite/Explain.ts"

const failure = (properties: { readonly code?: string; readonly errcode?: number }) =>
  Object.assign(new Error("why"), properties)

describe("no room", () => {
  for (const cause of [failure({ errcode: 13 }), failure({ code: "ENOSPC" })]) {
    it(`is a full disk: ${JSON.stringify(cause)}`, () => {
      assert.strictEqual(explain(cause, "data"), "the disk of the folder data is full; free some space and start again (why)")
    })
  }

  // SQLite has one code for every write that the system refuses but that for want of space: SQLITE_IOERR_WRITE.
  for (const cause of [failure({ errcode: 778 }), failure({ code: "EDQUOT" }), failure({ code: "EFBIG" })]) {
    it(`may be a quota or a limit to the size of a file: ${JSON.stringify(cause)}`, () => {
      const said = explain(cause, "data")
      assert.match(said, /^the folder data cannot be written: a quota or .*; make room and start again \(why\)$/)
    })
  }

  it("is nothing that other errors of the disk say", () => {
    assert.strictEqual(explain(failure({ errcode: 266 }), "data"), "the disk reports an error for the folder data (why)")
    assert.strictEqual(explain(failure({ code: "EACCES" }), "data"), "the folder data cannot be used (why)")
  })
})
