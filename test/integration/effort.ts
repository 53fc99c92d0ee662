/** How often what needs luck to fail is done: enough of it where everything is tested, `COURANT_RUNS=10` ten times as often. */
export const times = Number(process.env["COURANT_RUNS"] ?? 1)
