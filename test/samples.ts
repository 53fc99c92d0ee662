/**
 * What random samples a run draws: in CI the same each time, so that what fails there was changed and not met by luck;
 * elsewhere others each time, so that those who work on it find what is left. `COURANT_SEED=…` repeats a run.
 */
import * as fc from "fast-check"

const seed = process.env["COURANT_SEED"] ?? (process.env["CI"] === undefined ? undefined : "42")
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) })
