import { it } from "vitest"
import { makeJob } from "../../src/testing/Harness.ts"
import { decodeLaws, tallyx } from "../../src/testing/DecodeLawsTmp.ts"
it("x", () => { try { Object.values(decodeLaws)[0]!(makeJob, { times: 10 }); } finally {console.log(tallyx)} }, 60000)
