/**
 * For processors that the batch fold is held against: a machine that is busy elsewhere may let half a minute pass without
 * a tick, after which windows close by the clock.
 */
export const neverIdle = "--idle-timeout 24h"

/** How often what needs luck to fail is done: enough of it where everything is tested, `COURANT_RUNS=10` ten times as often. */
export const times = Number(process.env["COURANT_RUNS"] ?? 1)
