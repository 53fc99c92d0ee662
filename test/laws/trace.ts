/**
 * Prints a digest of everything that an engine gives for logs and pipelines out of one seed:
 * run by determinism.test.ts in processes of their own, under other time zones and languages.
 */
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { Aggregate, Pipeline, Window } from "../../src/streams/pipeline/index.ts"
import { cuts, decidedLogs, jobs, source } from "../../src/testing/Arbitraries.ts"
import { pieces, lines, makeJob, records, run } from "../../src/testing/Harness.ts"

const seed = Number(process.argv[2])
const digest = createHash("sha256")

const samples = fc.sample(fc.record({ pipelines: jobs({ revisions: true }), log: decidedLogs, cut: cuts }), {
  seed,
  numRuns: 60
})
for (const { cut, log, pipelines } of samples) {
  const job = makeJob(pipelines, log.partitions)
  for (const line of lines(run(job, pieces(log, cut)))) digest.update(line)
  digest.update(job.snapshot())
}

// Days on which the clock changes, somewhere; names that languages sort or fold in ways of their own.
const days = source(1_000_000_000).pipe(
  Window.calendar("day", { timeZone: "America/New_York" }),
  Aggregate.into({ count: Aggregate.count, mean: Aggregate.mean("price"), first: Aggregate.first("venue") }),
  Pipeline.named("days")
)
const hour = 3_600_000
const midnight = Date.parse("2024-03-10T00:00:00Z")
const texts = ["i", "I", "İ", "ı", "ß", "ä", "z", "a"].flatMap((key, index) =>
  [0, 6, 7, 8, 30].map((hours) =>
    JSON.stringify({ key, time: midnight + hours * hour + index, price: "1.005", size: 3, venue: key })
  )
)
const job = makeJob([days], 1)
for (const line of lines(run(job, [records(0, 0, texts)]))) digest.update(line)

process.stdout.write(digest.digest("hex"))
