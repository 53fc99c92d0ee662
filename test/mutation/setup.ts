/** Samples that no test has a seed for are the same each time. */
import * as fc from "fast-check"
import { seed } from "./Check.ts"

fc.configureGlobal({ seed })
