/** The engine in process keeps every law. */
import { makeJob } from "../../src/testing/Harness.ts"
import * as Laws from "../../src/testing/Laws.ts"

Laws.suite("in process", makeJob)
