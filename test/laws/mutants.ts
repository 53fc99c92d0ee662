/**
 * Mistakes to plant in the engine. Each is one replacement in its real source, and names a law
 * that notices it. The list is the point: a law that catches nothing proves nothing.
 */
import type { Replacement } from "../planting.ts"

export interface Mutant extends Replacement {
  readonly mistake: string
  /** The beginning of the statement of a law that it breaks. */
  readonly law: string
  /** How many times the samples of the law it takes to come upon it; once unless told. */
  readonly times?: number
  /**
   * The sample that finds it, as the failure of its law tells ("after 37 tests"), where it takes seconds to come there: it is
   * looked at first. Where it finds nothing any more, because other samples are drawn, all are looked at as ever.
   */
  readonly sample?: number
}

const sliced = "streams/operator/windowed/SlicedWindows.ts"
const session = "streams/operator/windowed/SessionWindows.ts"
const choices = "streams/operator/aggregates/Extremes.ts"
const doubleSum = "streams/operator/aggregates/DoubleSum.ts"

const foldLaw = "closes each window once"
const wideLaw = "decimals of more digits than a double holds"
const revisionLaw = "the newest pane of each window"
const indicatorLaw = "each indicator is what the batch fold makes"

const rowOutput = "streams/operator/stateless/RowOutput.ts"
const rowFoldLaw = "the rows of a pipeline that ends in events"

const heldFoldLaw = "rows that are held leave as the batch fold says"
const heldWindowsLaw = "windows of rows that were held"
const unitedLaw = "rows that were united come to the batch fold's windows"
const turnsLaw = "in whatever turns partitions are read, rows that were held"
const keyed = "streams/operator/keyed/"

const stackedLaw = "values that are derived from derived ones"
const filledLaw = "windows without events are filled"
const countWindows = "streams/operator/windowed/CountWindows.ts"

const grouping = "streams/operator/windowed/Grouping.ts"
const sharedLaw = "pipelines that do the same with rows at first"

const stagedLaw = "windows over the results of windows"
const endLaw = "of rows in order an end of input"
const resultRows = "streams/operator/results/ResultRows.ts"

const kept = "streams/operator/windowed/KeptRows.ts"
const rowKinds = "streams/operator/windowed/RowKinds.ts"
const cancelLaw = "of rows some of which are taken back windows have the batch fold's results"
const cancelTurnsLaw = "in whatever turns partitions are read, the same rows"
const cancelCheckpointLaw = "checkpoints of rows that may be taken back"

/** Mistakes in what is counted at each node. */
const inNodes: ReadonlyArray<Mutant> = [
  {
    mistake: "a row that is late at a node that holds rows is not counted there",
    file: `${keyed}HeldRows.ts`,
    find: "        this.late++\n",
    replace: "",
    law: "what comes to a node is taken"
  },
  {
    mistake: "what ended at a node before a restart is forgotten",
    file: "streams/engine/NodeTallies.ts",
    find: "tally.before[end] = counts[row]!",
    replace: "tally.before[end] = counts[row]! * 0",
    law: "what is counted at nodes depends"
  },
  {
    mistake: "rows that a condition has left out come to the nodes behind it",
    file: "streams/engine/NodeTallies.ts",
    find: "rows += keep[row]!",
    replace: "rows++",
    law: "the rows that leave each node"
  }
]

/** Mistakes in what pipelines have done once for all of them. */
const inShared: ReadonlyArray<Mutant> = [
  {
    mistake: "functions of one text are taken for the same",
    file: "streams/operator/stateless/Selection.ts",
    find: "node._tag === \"filter\" ? node.test : node.fingerprint",
    replace: "node.fingerprint",
    law: sharedLaw
  },
  {
    mistake: "what was made of rows with one bound of disorder is taken for what is made of those with another",
    file: "streams/engine/SourceReader.ts",
    find: "made: { steps: new Map() } })))",
    replace: "made: (timeline.constructor as unknown as { [batch: number]: Made })[run.records.offsets[0]! * 64 + run.records.partition] ??= { steps: new Map() } })))",
    law: sharedLaw
  },
  {
    mistake: "a text that is only handed on is taken where it is compared",
    file: "streams/operator/stateless/Derivation.ts",
    find: "node.values.map(({ name }) => useOf(name))",
    replace: "0",
    law: sharedLaw
  },
  {
    mistake: "a row that was refused for one pipeline is left out for the others",
    file: "streams/operator/stateless/RowStep.ts",
    find: "        refused.push(refusal)\n",
    replace: "",
    law: sharedLaw
  },
  {
    mistake: "a condition behind one function is taken for the same behind another",
    file: "streams/operator/stateless/RowStep.ts",
    find: "...this.changed(rows, input), made: { steps: new Map() } }",
    replace: "...this.changed(rows, input), made: rows.made! }",
    law: sharedLaw
  },
  {
    mistake: "rows that come behind a window are taken with those of their group",
    file: grouping,
    find: "groups.watermarks[group] = watermarks[row]!",
    replace: "groups.watermarks[group] = Math.min(watermarks[row]!, -1e9)",
    law: sharedLaw
  },
  {
    mistake: "rows of one key are taken together whatever slice they are in",
    file: grouping,
    find: "group !== noSlot && groups.starts[group] !== start",
    replace: "false",
    law: sharedLaw
  },
  {
    mistake: "an aggregate is taken for the same with another condition",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "preAggregated?.column, settings, where])",
    replace: "preAggregated?.column, settings])",
    law: sharedLaw
  },
  {
    mistake: "a slice to which a group of rows is added is not written anew",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "    this.pages?.touchAll(slots, 0, slots.length)\n",
    replace: "",
    law: "checkpoints of pipelines whose windows"
  },
  {
    mistake: "rows that one pipeline holds are counted as those that another leaves out",
    file: "streams/engine/Job.ts",
    find: "Buffer.compare(one.holds, other.holds) === 0",
    replace: "true",
    law: sharedLaw
  }
]

/** Mistakes in rows that take back others. */
const inCancels: ReadonlyArray<Mutant> = [
  {
    mistake: "a replacement goes by its own time and not by the moment that it names",
    file: kept,
    find: "Number.isNaN(moment) ? -Infinity : Math.min",
    replace: "true ? -Infinity : Math.min",
    law: cancelLaw
  },
  {
    mistake: "a replacement waits until no window of its own can have it",
    file: kept,
    find: "Math.min(moment, lastEnd + this.#lateness - 1)",
    replace: "moment",
    law: cancelLaw
  },
  {
    mistake: "a row is taken back that came when the watermark was beyond what takes it back",
    file: kept,
    find: " && this.#since(row) <= at",
    replace: "",
    law: cancelTurnsLaw
  },
  {
    mistake: "a row is taken back that happened later",
    file: kept,
    find: "this.#tableOf(row).times[row >> 1]! <= at && ",
    replace: "",
    law: cancelLaw
  },
  {
    mistake: "a row is taken back whose windows are final",
    file: kept,
    find: "this.#stretchOf(row).lastEnd + this.#lateness > at) found",
    replace: "this.#stretchOf(row).lastEnd + this.#lateness >= at) found",
    law: cancelLaw
  },
  {
    mistake: "of several rows of an id only one is taken back",
    file: kept,
    find: "for (const row of found) this.#remove(row",
    replace: "for (const row of found.slice(0, 1)) this.#remove(row",
    law: cancelLaw
  },
  {
    mistake: "a second cancel is refused",
    file: kept,
    find: "return Outcome.duplicate",
    replace: "return Outcome.refused",
    law: cancelLaw
  },
  {
    mistake: "a correction takes the turn of the first row that it corrects",
    file: kept,
    find: "this.#order(row, newest) > 0 ? row : newest",
    replace: "this.#order(row, newest) < 0 ? row : newest",
    law: cancelLaw,
    times: 24
  },
  {
    mistake: "a correction counts at its own time",
    file: kept,
    find: "    if (own !== null && kind === Kind.correction) this.#inPlaceOf(ref, last)\n",
    replace: "",
    law: cancelLaw,
    times: 24
  },
  {
    mistake: "a row that takes back others acts at its own time, whatever the watermark was when it came",
    file: kept,
    find: "Math.max(batch.times[at]!, batch.watermarks[at]!, ",
    replace: "Math.max(batch.times[at]!, ",
    law: cancelLaw
  },
  {
    mistake: "a row takes back others when the watermark is at its time",
    file: sliced,
    find: "watermark < endOfTime ? watermark : Infinity",
    replace: "watermark < endOfTime ? watermark + 1 : Infinity",
    law: cancelTurnsLaw
  },
  {
    mistake: "a row takes back others before windows close that ended before",
    file: sliced,
    find: "      yield* this.#closeWindows(at)\n",
    replace: "",
    law: cancelLaw
  },
  {
    mistake: "the same of trading sessions",
    file: "streams/operator/windowed/TradingWindows.ts",
    find: "      yield* this.#closeWindows(at)\n",
    replace: "",
    law: "of rows some of which are taken back trading sessions"
  },
  {
    mistake: "a cancel outside of trading sessions is left out",
    file: "streams/operator/stateless/SessionSelection.ts",
    find: " || through.some((mask) => mask[row] === 1)",
    replace: "",
    law: "of rows some of which are taken back trading sessions"
  },
  {
    mistake: "a cancel of a row outside of trading sessions has nothing to cancel",
    file: "streams/operator/stateless/SessionSelection.ts",
    find: "found === \"out\" && this.#hasId(batch, row)",
    replace: "false",
    law: "of rows some of which are taken back trading sessions"
  },
  {
    mistake: "a cancel names a row outside of trading sessions that is later than it",
    file: "streams/operator/windowed/OutsideIds.ts",
    find: "place !== undefined && this.pages.at(place).since <= at",
    replace: "place !== undefined",
    law: "of rows some of which are taken back trading sessions"
  },
  {
    mistake: "a cancel names a row outside of trading sessions for ever",
    file: "streams/operator/windowed/OutsideIds.ts",
    find: "lastEnd + lateness > at ?",
    replace: "lastEnd < Infinity ?",
    law: "of rows some of which are taken back trading sessions"
  },
  {
    mistake: "a window counts the rows that are left in it only",
    file: kept,
    find: "return 2 * here.taken",
    replace: "return 0",
    law: cancelLaw
  },
  {
    mistake: "a row that comes too late for some of its windows counts in them",
    file: kept,
    find: "      if (end + this.#lateness <= this.#since(ref)) continue\n",
    replace: "",
    law: cancelLaw,
    times: 2
  },
  {
    mistake: "conditions go by the former numbers of texts",
    file: kept,
    find: "      batch.useDictionary(dictionary)\n",
    replace: "",
    law: cancelLaw
  },
  {
    mistake: "a window that has closed is not told again without what was taken back",
    file: sliced,
    find: "      this.#tellAgain(changed.stretches, changed.key, { since: at, offset: behindAll })\n",
    replace: "",
    law: cancelLaw
  },
  {
    mistake: "a window without rows left is told as it is",
    file: "streams/operator/windowed/WindowOperator.ts",
    find: "kind !== \"retracted\" && this.#slots.rowsOf(slot) === 0",
    replace: "false",
    law: cancelLaw
  },
  {
    mistake: "a roll-up is without the rows that can be taken back no more",
    file: sliced,
    find: "        kept.addTo(extras.ensure(here.key), here, end)\n",
    replace: "",
    law: cancelLaw
  },
  {
    mistake: "what is a cancel and a replacement is a replacement",
    file: rowKinds,
    find: "let at = masks.length - 1; at >= 0; at--",
    replace: "let at = 0; at < masks.length; at++",
    law: cancelLaw
  },
  {
    mistake: "what an end of input has told of more rows stays the newest",
    file: "streams/engine/OperatorGraph.ts",
    find: "this.isHeld || hasCancels(checked)",
    replace: "this.isHeld",
    law: "wherever the input was at its end for a while, the same rows",
    times: 24
  },
  {
    mistake: "a row that waits and counts then is in a checkpoint that began before",
    file: kept,
    find: "      this.#tableOf(ref).touch(ref >> 1)\n      this.#number(\"kind\", ref)",
    replace: "      this.#number(\"kind\", ref)",
    law: cancelCheckpointLaw
  },
  {
    mistake: "how many rows have been taken back is not restored",
    file: "streams/operator/windowed/Stretches.ts",
    find: "        here.taken = taken[i]!\n",
    replace: "",
    law: cancelLaw
  }
]

/** Mistakes in windows over the results of windows. */
const inStages: ReadonlyArray<Mutant> = [
  {
    mistake: "a row of results is known by its key and not by its window",
    file: rowOutput,
    find: "windowIn(batch, row, this.#window)",
    replace: "placeOf(batch, row)",
    law: heldFoldLaw
  },
  {
    mistake: "a result is no row at the very watermark at which it is final",
    file: resultRows,
    find: "next.end <= until",
    replace: "next.end < until",
    law: stagedLaw,
    times: 4
  },
  {
    mistake: "a result is a row before its allowed lateness is over",
    file: resultRows,
    find: "watermark - this.#node.delay : Infinity",
    replace: "watermark : Infinity",
    law: stagedLaw,
    times: 24,
    sample: 69
  },
  {
    mistake: "the watermark behind results goes ahead of them",
    file: "streams/engine/OperatorGraph.ts",
    find: "reached === endOfTime ? reached : reached - trail",
    replace: "reached",
    law: stagedLaw
  },
  {
    mistake: "sessions that have become part of others are rows",
    file: resultRows,
    find: "if (pane.pane === \"retracted\" || isLeftOut === true)",
    replace: "if (isLeftOut === true)",
    law: stagedLaw,
    times: 14
  },
  {
    mistake: "results that are left out are rows",
    file: resultRows,
    find: "if (pane.pane === \"retracted\" || isLeftOut === true)",
    replace: "if (pane.pane === \"retracted\")",
    law: stagedLaw
  },
  {
    mistake: "a revised result is the one that it was",
    file: resultRows,
    find: "if (known !== undefined) return this.#kept.set(known, kept)",
    replace: "if (known !== undefined) return",
    law: stagedLaw,
    times: 10
  },
  {
    mistake: "results that wait are not taken up again",
    file: resultRows,
    find: "        this.#keep(kept)\n",
    replace: "",
    law: "a snapshot is restored to the byte"
  },
  {
    mistake: "what an end of input told and is no window stays",
    file: "streams/engine/ToldPanes.ts",
    find: "    if (this.#open === null) return\n",
    replace: "    if (this.#open !== null) return\n",
    law: endLaw
  }
]

/** Mistakes in nodes that hold rows. */
const inHeldRows: ReadonlyArray<Mutant> = [
  {
    mistake: "a row leaves when the watermark has reached its time, and another of that time comes behind it",
    file: `${keyed}TimeOrder.ts`,
    find: "this.#table.times[slot]! < time ?",
    replace: "this.#table.times[slot]! <= time ?",
    law: turnsLaw,
    sample: 72
  },
  {
    mistake: "rows leave as they come",
    file: `${keyed}TimeOrder.ts`,
    find: "return this.#table.times[slot]! < time ? slot : -1",
    replace: "return slot",
    law: turnsLaw
  },
  {
    mistake: "a bucket that has been the first is not sorted anew",
    file: `${keyed}TimeOrder.ts`,
    find: "    this.#first.sort(this.#table.order)\n",
    replace: "",
    law: heldFoldLaw
  },
  {
    mistake: "a row that comes into the first bucket stands at its end",
    file: `${keyed}TimeOrder.ts`,
    find: "return this.#first.insert(slot, this.#table.order)",
    replace: "return this.#first.add(slot)",
    law: heldFoldLaw
  },
  {
    mistake: "a row behind its partition's watermark is taken",
    file: `${keyed}HeldRows.ts`,
    find: "if (times[row]! < watermarks[row]!) {",
    replace: "if (times[row]! < watermarks[row]! - 1) {",
    law: heldFoldLaw
  },
  {
    mistake: "rows of one time leave in the order of their offsets, whatever their partitions",
    file: `${keyed}RowTable.ts`,
    find: " || this.partitions[a]! - this.partitions[b]!",
    replace: "",
    law: heldFoldLaw
  },
  {
    mistake: "of rows of one time nobody knows which was the first",
    file: `${keyed}OrderedRows.ts`,
    find: "this.#rank + 1 : 0",
    replace: "0 : 0",
    law: heldWindowsLaw
  },
  {
    mistake: "a duplicate extends the time in which rows are duplicates",
    file: `${keyed}KeptIds.ts`,
    find: "batch.times[row]! - this.#within) return false",
    replace: "batch.times[row]! - this.#within) {\n      this.table.times[known] = batch.times[row]!\n      return false\n    }",
    law: heldFoldLaw
  },
  {
    mistake: "a row exactly so much later is no duplicate",
    file: `${keyed}KeptIds.ts`,
    find: "this.table.times[known]! >= batch",
    replace: "this.table.times[known]! > batch",
    law: heldFoldLaw
  },
  {
    mistake: "an id is forgotten when the watermark is past it",
    file: `${keyed}KeptIds.ts`,
    find: "this.table.times[slot]! + this.#within >=",
    replace: "this.table.times[slot]! >=",
    law: heldFoldLaw
  },
  {
    mistake: "an id counts for all keys",
    file: `${keyed}KeptIds.ts`,
    find: "let level = levelIn(this.#known, batch.keys[row]!)",
    replace: "let level = levelIn(this.#known, 0)",
    law: heldFoldLaw
  },
  {
    mistake: "rows without an id are duplicates of one another",
    file: `${keyed}KeptIds.ts`,
    find: "if (Number.isNaN(batch.columns[index]![row]!)) return true",
    replace: "if (batch.columns[index]![row]! === Infinity) return true",
    law: heldFoldLaw
  },
  {
    mistake: "ids are there after the end of all data",
    file: `${keyed}KeptIds.ts`,
    find: "if (this.table.times[slot]! + this.#within >= watermark) break",
    replace: "if (this.table.times[slot]! + this.#within >= watermark || watermark === Infinity) break",
    law: "after the end of all data"
  },
  {
    mistake: "of two rows of one time that of the later source may be the first",
    file: "streams/operator/stateless/Uniting.ts",
    find: "this.#sources.indexOf(name) * mostPartitions + partition",
    replace: "partition",
    law: unitedLaw
  },
  {
    mistake: "windows close by what one side has of a batch before the other side's rows of it have come",
    file: "streams/operator/stateless/Uniting.ts",
    find: "batch: united, others: -Infinity",
    replace: "batch: united, others: Infinity",
    law: unitedLaw
  },
  {
    mistake: "windows beside rows that are united wait for the end of a batch",
    file: "streams/engine/OperatorGraph.ts",
    find: "rowsOf(batch, others, beside)",
    replace: "rowsOf(batch, this.#isUnited ? -Infinity : others, beside)",
    law: "what windows keep of what they have told"
  },
  {
    mistake: "rows of two sources are put out side by side",
    file: "streams/engine/OperatorGraph.ts",
    find: "rows.sort((a, b) => a.place.offset - b.place.offset)",
    replace: "rows",
    law: "rows of two sources that are put out"
  },
  {
    mistake: "a row of the other side at the same time is not there yet",
    file: `${keyed}AsOfOperator.ts`,
    find: "this.#others.moveTo(time + 1)",
    replace: "this.#others.moveTo(time)",
    law: heldFoldLaw
  },
  {
    mistake: "a row is joined to what the other side has when it leaves",
    file: `${keyed}AsOfOperator.ts`,
    find: "    this.#others.moveTo(time + 1)\n",
    replace: "    this.#others.moveTo(Infinity)\n",
    law: turnsLaw
  },
  {
    mistake: "a row of the other side that is exactly as old as it may be is too old",
    file: `${keyed}NewestRows.ts`,
    find: "this.table.times[slot]! >= time - this.#within",
    replace: "this.table.times[slot]! > time - this.#within",
    law: heldFoldLaw
  },
  {
    mistake: "a row of the other side is let go while it may be joined to another",
    file: `${keyed}NewestRows.ts`,
    find: "if (time + this.#within >= watermark) break",
    replace: "if (time >= watermark) break",
    law: heldFoldLaw
  },
  {
    mistake: "rows of the other side are there after the end of all data",
    file: `${keyed}AsOfOperator.ts`,
    find: "    yield* this.#others.forget(passed)\n",
    replace: "",
    law: "after the end of all data"
  },
  {
    mistake: "where there is no row of the other side there are the fields of another",
    file: `${keyed}AsOfOperator.ts`,
    find: "if (other === -1) this.#leaving.setAbsent(row, index)",
    replace: "if (other === -1) continue",
    law: heldFoldLaw,
    times: 4
  },
  {
    mistake: "a node has come as far as the fastest of its inputs",
    file: "streams/engine/OperatorGraph.ts",
    find: "Math.min(least, this.#watermarks[from]!), Infinity)",
    replace: "Math.max(least, this.#watermarks[from]!), -Infinity)",
    law: turnsLaw
  },
  {
    mistake: "what the other side keeps has the former numbers of its keys",
    file: `${keyed}NewestRows.ts`,
    find: "    this.#newest = new Map([...this.#newest.values()].map((slot) => [this.table.keys[slot]!, slot]))\n",
    replace: "",
    law: "when the numbering of texts begins anew",
    sample: 39
  },
  {
    mistake: "the keys of rows that are held have their former numbers",
    file: `${keyed}RowTable.ts`,
    find: "      this.keys[slot] = dictionary.numberOf(former.textOf(this.keys[slot]!))\n",
    replace: "",
    law: "when the numbering of texts begins anew"
  },
  {
    mistake: "of a record that was held the run forgets what others have made of it",
    file: "streams/engine/Account.ts",
    find: "Math.max(before.outcome, outcomes[row]!)",
    replace: "outcomes[row]!",
    law: "a record that several pipelines hold counts once"
  },
  {
    mistake: "what is held is not counted",
    file: "streams/engine/Account.ts",
    find: "      this.#counts.held++\n",
    replace: "",
    law: "read = aggregated"
  }
]

const pairsLaw = "pairs leave as the batch fold says"

/** Mistakes in joins of an interval. */
const inPairs = (["IntervalOperator", "SideRows", "RowTable", "OrderedRows", "PlaceOrder"] as const).flatMap((name) => {
  const mistakes: { readonly [File in typeof name]: ReadonlyArray<readonly [mistake: string, find: string, replace: string]> } = {
    IntervalOperator: [
      ["a row of the other side at the end of the interval is beyond it", "this.#right.between(key, time - this.#node.before, time)", "this.#right.between(key, time - this.#node.before + 1, time)"],
      ["a row of the other side that comes long after it is in a pair", "this.#left.between(key, time - this.#node.after, time)", "this.#left.between(key, time - this.#node.after - 1, time)"],
      ["rows of one time are paired twice", "if (this.#left.table.times[left]! < time) earlier.push(left)", "earlier.push(left)"],
      ["a row at the very time until which rows are joined is joined", "this.#right.table.times[right]! < this.#left", "this.#right.table.times[right]! <= this.#left"],
      ["a row that is joined later leaves without a partner, too", " || this.#isJoinedLater(left, key, time)", ""],
      ["a row is without a partner though those who come later are too late alone", ".some((right) => this.#isInTime(left, right))", ".length > 0"],
      ["a row without a partner has the fields of another one", "if (right === -1) this.#leaving.setAbsent(row, selected + column)", "if (right === -1) continue"],
      ["pairs of one time leave in the order of their left rows' times", "inPlaces(this.#left, [...earlier, ...lefts])", "[...earlier, ...lefts]"],
      ["pairs of one left row leave in the order of their right rows' times", "inPlaces(this.#right, this.#right.between(key, time - this.#node.before, time))", "[...this.#right.between(key, time - this.#node.before, time)]"],
      ["a left row is let go while it may be in another pair", "this.#left.forget(over - after)", "this.#left.forget(over)"],
      ["a right row is let go while it may be in another pair", "this.#right.forget(over - before)", "this.#right.forget(over)"],
      ["after a restart pairs leave once more", "if (this.size > 0) state.table", "if (this.size < 0) state.table"],
      ["a left join does not wait", "const over = passed - trail", "const over = passed"]
    ],
    SideRows: [
      ["at the end of the interval not all rows of a time are found", "(isLater && at === time)", "(isLater && at > time)"],
      ["rows stay that nothing can be joined to any more", "      table.release(slot)\n", ""]
    ],
    RowTable: [
      ["a pair that is held is its left row", "    if (joined !== undefined) this.joined[slot] = joined\n", ""],
      ["after a restart pairs that are held are their left rows", "      if (joined[row] !== undefined) this.joined[slot] = joined[row]\n", ""]
    ],
    OrderedRows: [
      ["a pair has the time of its left row", "Math.max(left.times[slot]!, right.times[other]!)", "left.times[slot]!"],
      ["a pair of a pair is one of its left row", "[...left.joined[slot] ?? [], other", "[other"]
    ],
    PlaceOrder: [
      ["pairs of one left row and one time that are held have no order", "  for (let at = 0; at < a.length; at++) {", "  for (let at = a.length; at < a.length; at++) {"]
    ]
  }
  return mistakes[name].map(([mistake, find, replace]): Mutant => ({ mistake, file: `${keyed}${name}.ts`, find, replace, law: pairsLaw }))
})

/** Mistakes in what a checkpoint has of a state that goes on to change. */
const checkpointing = (
  file: string,
  mistakes: ReadonlyArray<readonly [mistake: string, find: string, replace: string, sample?: number]>
): ReadonlyArray<Mutant> =>
  mistakes.map(([mistake, find, replace, sample]) =>
    ({ mistake, file, find, replace, law: "a checkpoint that is written", times: 3, ...(sample === undefined ? {} : { sample }) }))

const moments = "streams/operator/aggregates/Moments.ts"
const productSum = "streams/operator/aggregates/ProductSum.ts"
const countDistinct = "streams/operator/aggregates/CountDistinct.ts"
const quantileSketch = "streams/operator/aggregates/QuantileSketch.ts"

const inPartsLaw = "adding rows singly, or in parts"
const subtractLaw = "what was merged can be subtracted"

/** Mistakes in aggregates of more than one number. */
const inMoments: ReadonlyArray<Mutant> = [
  {
    mistake: "a sample is divided by as many as it has",
    file: moments,
    find: "rows * (rows - 1)",
    replace: "rows * rows",
    law: foldLaw
  },
  {
    mistake: "a standard deviation is a variance",
    file: moments,
    find: "isRoot ? arithmetic.root : arithmetic.quotient",
    replace: "arithmetic.quotient",
    law: foldLaw
  },
  {
    mistake: "a variance is made of squares without what they round",
    file: productSum,
    find: "    this.#errors.addColumn(rows, errors, mask, null)\n",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "what squares round is not merged",
    file: productSum,
    find: "if (!this.#ofIntegers) this.#errors.merge(into, from)",
    replace: "",
    law: inPartsLaw
  },
  {
    mistake: "of products that are too far apart nothing is taken away",
    file: productSum,
    find: "if (this.#far.size > 0) this.#addFar(from, -(this.#far.get(slot) ?? 0n))",
    replace: "",
    law: subtractLaw
  },
  {
    mistake: "a copy has none of the products that are too far apart",
    file: productSum,
    find: "else this.#far.set(into, far)",
    replace: "",
    law: "a copy is the same"
  },
  {
    mistake: "a covariance takes rows that have one of the fields",
    file: moments,
    find: " || x !== x || y !== y) continue",
    replace: ") continue",
    law: foldLaw
  },
  {
    mistake: "a covariance is about zero, and not about the means",
    file: moments,
    find: " - one.total(slot) * other.total(slot)",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a correlation takes products for squares",
    file: moments,
    find: "this.#squares.others.addProduct(slot, y, y)",
    replace: "this.#squares.others.addProduct(slot, x, y)",
    law: foldLaw
  }
]

const inCountsOfNumbers: ReadonlyArray<Mutant> = [
  {
    mistake: "one more value is counted than the bound says",
    file: countDistinct,
    find: "set.size < this.#atMost",
    replace: "set.size <= this.#atMost",
    law: foldLaw,
    sample: 78
  },
  {
    mistake: "beyond the bound the count is the bound",
    file: countDistinct,
    find: "else if (set.find(value) < 0) this.#sets[slot] = tooMany",
    replace: "",
    law: foldLaw,
    sample: 78
  },
  {
    mistake: "that values were too many is lost where they are merged",
    file: countDistinct,
    find: "if (source === tooMany) this.#sets[into] = tooMany",
    replace: "",
    law: inPartsLaw
  },
  {
    mistake: "that values were too many stays in a slot that is used again",
    file: countDistinct,
    find: "if (set === tooMany) this.#sets[slot] = undefined\n    else set?.clear()",
    replace: "set?.clear()",
    law: "a state is the same after it was written and read, and a slot"
  },
  {
    mistake: "strings that were counted keep their numbers when the numbering begins anew",
    file: countDistinct,
    find: "if (!this.#isText) return\n",
    replace: "return\n",
    law: "when the numbering of texts begins anew"
  },
  {
    mistake: "a quantile is that of one value more",
    file: quantileSketch,
    find: "BigInt(Math.max(0, rows - 1))",
    replace: "BigInt(rows)",
    law: foldLaw
  },
  {
    mistake: "a quantile takes values without their signs",
    file: quantileSketch,
    find: "return value < 0 ? -bucket : bucket",
    replace: "return bucket",
    law: foldLaw
  },
  {
    mistake: "a quantile is the lower bound of its bucket",
    file: quantileSketch,
    find: "2 ** (this.#below - 1))",
    replace: "0)",
    law: foldLaw
  },
  {
    mistake: "counts of a quantile are added where they are to be taken away",
    file: quantileSketch,
    find: "this.#addAll(from, this.#tallies[slot], -1)",
    replace: "this.#addAll(from, this.#tallies[slot], 1)",
    law: subtractLaw
  }
]

const results = "streams/operator/results"

/** Mistakes in what is computed over the windows of a key. */
const deriving: ReadonlyArray<Mutant> = [
  {
    mistake: "an average begins a window early",
    file: `${results}/indicators/Averages.ts`,
    find: "of: ([count, average]) => count! < n ? null",
    replace: "of: ([count, average]) => count! < n - 1 ? null",
    law: indicatorLaw
  },
  {
    mistake: "a relative strength forgets more slowly than it should",
    file: `${results}/indicators/Changes.ts`,
    find: "(gained! * (n - 1) + gain) / n",
    replace: "(gained! * n + gain) / (n + 1)",
    law: indicatorLaw
  },
  {
    mistake: "the fast average of a MACD begins before the slow one has come as far",
    file: `${results}/indicators/Averages.ts`,
    find: "const isSkipped = count! < slow - fast",
    replace: "const isSkipped = false",
    law: indicatorLaw
  },
  {
    mistake: "a movement counts both ways",
    file: `${results}/indicators/DirectionalMovement.ts`,
    find: "up > 0 && up > down ? up : 0",
    replace: "up > 0 ? up : 0",
    law: indicatorLaw
  },
  {
    mistake: "of the windows before the oldest are taken, not the last",
    file: `${results}/Series.ts`,
    find: "points.slice(-computed.length)",
    replace: "points.slice(0, computed.length)",
    law: indicatorLaw
  },
  {
    mistake: "a missing value counts as 0",
    file: `${results}/indicators/Point.ts`,
    find: "    if (!isNumber(value)) return null\n    found.push(value)",
    replace: "    found.push(isNumber(value) ? value : 0)",
    law: indicatorLaw
  },
  {
    mistake: "what is beyond the doubles is told",
    file: `${results}/indicators/Computed.ts`,
    find: "typeof value === \"number\" ? finiteOrNull(value) : value",
    replace: "value",
    law: indicatorLaw
  },
  {
    mistake: "a zero keeps its sign",
    file: `${results}/indicators/Computed.ts`,
    find: "finiteOrNull(value) : value",
    replace: "(Number.isFinite(value) ? value : null) : value",
    law: indicatorLaw
  },
  {
    mistake: "what keeps a state goes on over any gap",
    file: `${results}/Series.ts`,
    find: "const before = isNear ? states : this.fresh.states",
    replace: "const before = states",
    law: indicatorLaw,
    sample: 39
  },
  {
    mistake: "windows are looked back at over any gap between those that may still change",
    file: `${results}/History.ts`,
    find: "if (!this.#isNear(next, point.end)) return points.reverse()",
    replace: "",
    law: indicatorLaw,
    times: 8,
    sample: 159
  },
  {
    mistake: "final windows are looked back at over any gap",
    file: `${results}/History.ts`,
    find: "if (this.#isNear(next, end)) for (let at",
    replace: "for (let at",
    law: indicatorLaw
  },
  {
    mistake: "a revised window leaves the state of those behind it as it was",
    file: `${results}/History.ts`,
    find: "if (this.#afters.length > index) this.#afters.length = index",
    replace: "",
    law: revisionLaw,
    sample: 202
  },
  {
    mistake: "of the final windows one too few is kept",
    file: `${results}/History.ts`,
    find: "point].slice(-this.#series[place]!.lookback)",
    replace: "point].slice(-Math.max(1, this.#series[place]!.lookback - 1))",
    law: indicatorLaw
  },
  {
    mistake: "all final windows are kept",
    file: `${results}/History.ts`,
    find: "point].slice(-this.#series[place]!.lookback)",
    replace: "point]",
    law: "state follows what is open"
  },
  {
    mistake: "the state of an indicator is not in a snapshot",
    file: `${results}/HistoryState.ts`,
    find: "states: columns.map((numbers) => numbers.map((column) => column[row]!))",
    replace: "states: series[place]!.fresh.states",
    law: "a snapshot is restored to the byte",
    sample: 25
  },
  {
    mistake: "a decimal comes back from a snapshot without its scale",
    file: `${results}/NumberColumn.ts`,
    find: "return BigDecimal.make(whole, scale)",
    replace: "return BigDecimal.make(whole, 0)",
    law: "a snapshot is restored to the byte",
    sample: 25
  },
  {
    mistake: "an early pane stays among those that later ones are computed from",
    file: `${results}/DeriveOperator.ts`,
    find: "if (pane.pane === \"early\") return this.#early(pane, rows, isLeftOut)",
    replace: "if (pane.pane === \"early\") {\n      const history = this.#historyOf(pane.key)\n      history.insert({ pane, rows, points: history.pointsOf(pane.values, pane, isLeftOut), isLeftOut, again: 0 })\n      return this.#early(pane, rows, isLeftOut)\n    }",
    law: revisionLaw
  },
  {
    mistake: "what derives from derived values hears of a window before it knows those before it",
    file: `${results}/DeriveOperator.ts`,
    find: "yield* this.#goAhead(emitted.pane)",
    replace: "yield* []",
    law: stackedLaw,
    times: 24,
    sample: 97
  },
  {
    mistake: "what came late after a window was told does not go ahead of the next",
    file: `${results}/DeriveOperator.ts`,
    find: "Math.min(this.#stale.get(key) ?? Infinity, from)",
    replace: "this.#stale.get(key) ?? from",
    law: stackedLaw,
    times: 24
  }
]

/** Mistakes in expressions over results, and in what a condition on them leaves out. */
const evaluating: ReadonlyArray<Mutant> = [
  {
    mistake: "an expression over a large sum takes the nearest double",
    file: `${results}/PaneColumns.ts`,
    find: "if (column.kind === \"decimal\" ? isDouble(stored) : Number.isSafeInteger(Number(stored))) return Number(stored)",
    replace: "if (stored !== null) return Number(stored)",
    law: foldLaw,
    times: 4,
    sample: 223
  },
  {
    mistake: "a window that no longer passes stays",
    file: `${results}/Retraction.ts`,
    find: "if (told.isOut && !isByOthers) return null",
    replace: "if (told !== null) return null",
    law: revisionLaw
  },
  {
    mistake: "what a former run has told of a window that does not pass any more is not known",
    file: "streams/engine/OperatorGraph.ts",
    find: "    yield* this.#retraction?.adopt(stored) ?? []\n",
    replace: "",
    law: "in whatever order a new start reads",
    sample: 918
  },
  {
    mistake: "what an end of input has told of a window that does not pass any more is not known",
    file: "streams/engine/OperatorGraph.ts",
    find: "    yield* this.#retraction?.adopt(stored) ?? []\n",
    replace: "",
    law: "wherever the input was at its end for a while, it comes",
    sample: 48
  },
  {
    mistake: "what was told of windows is kept for ever",
    file: `${results}/Retraction.ts`,
    find: "      this.#forget(due.window)\n",
    replace: "",
    law: "after the end of all data"
  },
  {
    mistake: "a window that is left out is one of those before",
    file: `${results}/History.ts`,
    find: "isLeftOut ? null : pointOf(",
    replace: "pointOf(",
    law: foldLaw,
    times: 4,
    sample: 585
  },
  {
    mistake: "the rows of a window that is left out do not count among the changes of those behind it",
    file: `${results}/History.ts`,
    find: "rows: rows + (this.#isNear",
    replace: "rows: (this.entries[next]!.isLeftOut ? 0 : rows) + (this.#isNear",
    law: foldLaw,
    times: 4,
    sample: 585
  },
  {
    mistake: "of the keys of a window a rank counts its own rows alone",
    file: `${results}/TopOperator.ts`,
    find: "group.changes += pane.changes - (ranked.pane?.changes ?? 0)",
    replace: "group.changes = pane.changes",
    law: foldLaw
  },
  {
    mistake: "keys of one value are ranked against their order",
    file: `${results}/TopOperator.ts`,
    find: "-difference) || compareText(a.key, b.key)",
    replace: "-difference) || compareText(b.key, a.key)",
    law: foldLaw
  },
  {
    mistake: "a window that is revised is not ranked again",
    file: `${results}/TopOperator.ts`,
    find: "else this.#revised.add(group)",
    replace: "",
    law: revisionLaw,
    sample: 67
  },
  {
    mistake: "a key that a condition leaves out is ranked",
    file: `${results}/TopOperator.ts`,
    find: "ranked.pane === null || ranked.isLeftOut ? null",
    replace: "ranked.pane === null ? null",
    law: foldLaw
  },
  {
    mistake: "what others have told of the first of a window is not known",
    file: "streams/engine/OperatorGraph.ts",
    find: "if (operator instanceof TopOperator) yield* operator.adopt(stored)",
    replace: "if (operator instanceof TopOperator && stored === null) yield* operator.adopt(stored)",
    law: "wherever the input was at its end for a while, it comes",
    sample: 108
  },
  {
    mistake: "a snapshot forgets which windows are still to be ranked again",
    file: `${results}/TopOperator.ts`,
    find: "for (const { group, ...bounds } of revised) this.#revised.add(this.#groupNamed(this.#windowOf(bounds), group))",
    replace: "",
    law: "a snapshot is restored to the byte",
    times: 8,
    sample: 162
  },
  {
    mistake: "a part of the key makes no difference to ranks",
    file: `${results}/TopOperator.ts`,
    find: "per.length === 0 ? \"\" : Key.partOf(key, per)",
    replace: "\"\"",
    law: foldLaw,
    times: 4
  },
  {
    mistake: "of a window that closes only one part is told",
    file: `${results}/TopOperator.ts`,
    find: "(this.#closing?.groups ?? new Set())",
    replace: "new Set<Group>()",
    law: foldLaw,
    times: 4
  },
  {
    mistake: "a window has closed as soon as one that ends with it tells a key",
    file: `${results}/TopOperator.ts`,
    find: "this.#closing.end !== window.end",
    replace: "![...this.#closing.groups].every(({ start }) => start === window.start)",
    law: "the first keys of sessions that end together"
  }
]

/** Mistakes in windows of so many rows. */
const inCounts: ReadonlyArray<Mutant> = [
  {
    mistake: "a window of so many rows ends before the others of its last millisecond",
    file: countWindows,
    find: "window.end = time + 1\n",
    replace: "window.end = time\n",
    law: heldWindowsLaw,
    times: 2
  },
  {
    mistake: "a window of so many rows takes one more",
    file: countWindows,
    find: "window.rows === this.#rows &&",
    replace: "window.rows === this.#rows + 1 &&",
    law: heldWindowsLaw,
    times: 2
  },
  {
    mistake: "a window of so many rows has a row that comes at its end",
    file: countWindows,
    find: "?? Infinity) <= time",
    replace: "?? Infinity) < time",
    law: heldWindowsLaw,
    times: 4
  },
  {
    mistake: "a window of so many rows waits for them for ever",
    file: countWindows,
    find: "this.#begin(key, time, time + this.#within)",
    replace: "this.#begin(key, time, time + 1e12)",
    law: heldWindowsLaw,
    times: 2
  }
]

/** Mistakes in windows without events. */
const filling: ReadonlyArray<Mutant> = [
  {
    mistake: "what is filled comes before what closes with it, whatever their keys",
    file: `${results}/FillOperator.ts`,
    find: "compareText(due.key, key) >= 0",
    replace: "compareText(due.key, key) >= 2",
    law: foldLaw
  },
  {
    mistake: "the last window that is filled ends before as long as is said",
    file: `${results}/Filling.ts`,
    find: "end <= last.end + this.#within",
    replace: "end < last.end + this.#within",
    law: filledLaw
  },
  {
    mistake: "windows are filled behind the newest of all at the end",
    file: `${results}/FillOperator.ts`,
    find: "watermark < endOfTime ? watermark : this.#now)",
    replace: "watermark)",
    law: filledLaw
  },
  {
    mistake: "a window with events does not count those before it",
    file: `${results}/Filling.ts`,
    find: "(follows ? before.rows : 0)",
    replace: "0",
    law: filledLaw
  },
  {
    mistake: "a window with events counts those before it over any gap",
    file: `${results}/Filling.ts`,
    find: "before !== null && start - before.end <= this.#within",
    replace: "before !== null",
    law: filledLaw
  },
  {
    mistake: "a filled window stays as it was when the one it was filled from is revised",
    file: `${results}/FillOperator.ts`,
    find: "if (entry.changes === rows) continue",
    replace: "if (entry.changes === rows || (entry.own === null && entry.changes !== -1)) continue",
    law: filledLaw
  },
  {
    mistake: "behind a window that comes late nothing is filled that has closed",
    file: `${results}/FillOperator.ts`,
    find: "      this.#fillGaps(filling)\n",
    replace: "",
    law: filledLaw
  },
  {
    mistake: "what is carried on is kept for ever",
    file: `${results}/FillOperator.ts`,
    find: "        this.#kept.remove(filling.place)\n",
    replace: "",
    law: "after the end of all data"
  }
]

/** Mistakes in what is done to rows one by one. */
const tradingLaw = "windows of trading sessions have the batch fold's results"
const tradingHours = "streams/operator/windowed/TradingHours.ts"
const tradingWindows = "streams/operator/windowed/TradingWindows.ts"

/** Mistakes in windows of trading sessions. */
const inSessions: ReadonlyArray<Mutant> = [
  {
    mistake: "a bar goes beyond the close",
    file: tradingHours,
    find: "Math.min(this.start + bars, this.#to)",
    replace: "this.start + bars",
    law: tradingLaw
  },
  {
    mistake: "a bar begins at a time of the clock and not at the open",
    file: tradingHours,
    find: "time - (time - this.#from) % bars",
    replace: "time - time % bars",
    law: tradingLaw
  },
  {
    mistake: "a row at the very close is in the session",
    file: tradingHours,
    find: "time < period.ends[at]!",
    replace: "time <= period.ends[at]!",
    law: tradingLaw
  },
  {
    mistake: "a session is as long as its last stretch",
    file: tradingHours,
    find: "open: stretches[0]!.start, close",
    replace: "open: start, close",
    law: tradingLaw
  },
  {
    mistake: "a time that a calendar does not know is outside of its sessions",
    file: tradingHours,
    find: "return \"unknown\"",
    replace: "return \"out\"",
    law: tradingLaw,
    sample: 27
  },
  {
    mistake: "windows of several calendars that end together are one",
    file: tradingWindows,
    find: "if (known !== undefined && known.start === start && known.end === end)",
    replace: "if (known !== undefined && known.end === end)",
    law: "of sessions that end together"
  },
  {
    mistake: "a row is late when the watermark is a millisecond past the end of lateness",
    file: tradingWindows,
    find: "this.#boundsOf(taking, row).end + this.#lateness <= taking",
    replace: "this.#boundsOf(taking, row).end + this.#lateness < taking",
    law: tradingLaw
  },
  {
    mistake: "a window of sessions tells its keys as they came",
    file: tradingWindows,
    find: "yield* this.#order.sort([...wanted], this.#dictionary)",
    replace: "wanted",
    law: tradingLaw
  },
  {
    mistake: "windows of sessions are kept for ever",
    file: tradingWindows,
    find: "    yield* this.#forget()\n",
    replace: "",
    law: "of trading sessions no more is kept"
  },
  {
    mistake: "a row without a calendar is left out and not refused",
    file: "streams/operator/stateless/SessionSelection.ts",
    find: "if (found === \"out\" || !this.#areRecords)",
    replace: "if (found !== \"in\")",
    law: tradingLaw
  },
  {
    mistake: "the calendar of rows without a value is that of the one before",
    file: "streams/operator/windowed/RowCalendars.ts",
    find: "return value === null ? this.#otherwise : this.#byValue.get(value) ?? null",
    replace: "return value === null ? this.#otherwise : this.#byValue.get(value) ?? this.#otherwise",
    law: tradingLaw
  },
  {
    mistake: "the calendar for unknown times is not that of times that a row's own does not know",
    file: "streams/operator/windowed/RowCalendars.ts",
    find: "return hours === null || hours.find(batch.times[row]!) === \"unknown\" ? unknown : hours",
    replace: "return hours ?? unknown",
    law: tradingLaw,
    sample: 27
  },
  {
    mistake: "the calendar for unknown values is that of rows without one only",
    file: "streams/operator/windowed/RowCalendars.ts",
    find: "return hours === null || hours.find",
    replace: "return hours !== null && hours.find",
    law: tradingLaw
  },
  {
    mistake: "calendars keep the numbers that their names had in a former numbering of texts",
    file: "streams/operator/windowed/RowCalendars.ts",
    find: "if (this.#byNumber?.dictionary !== dictionary)",
    replace: "if (this.#byNumber === null)",
    law: "checkpoints of windows of trading",
    sample: 25
  },
  {
    mistake: "windows of sessions keep the numbers that their keys had in a former numbering of texts",
    file: tradingWindows,
    find: "    for (const { slots } of this.#open) slots.renumber(numberOf)\n",
    replace: "",
    law: "checkpoints of windows of trading",
    times: 24,
    sample: 26
  },
  {
    mistake: "of windows that end together the one that came last is before the other",
    file: "streams/operator/results/History.ts",
    find: "if (pane.end < end || (pane.end === end && pane.start < start)) index",
    replace: "if (pane.end < end) index",
    law: "of sessions that end together"
  },
  {
    mistake: "windows without events go on beyond the session",
    file: "streams/operator/results/WindowsInTurn.ts",
    find: "return hours?.findAfter(time) === true ? hours.end : NaN",
    replace: "return hours?.findAfter(time) === true ? hours.end + 1 : NaN",
    law: tradingLaw,
    times: 24,
    sample: 62
  },
  {
    mistake: "what was emitted of a session's window is not told apart from what was not",
    file: tradingWindows,
    find: "if (!byWatermark || this.#lateness > 0) this.#emitted.set(number, key, { kind, revision, rows })",
    replace: "if (byWatermark && this.#lateness > 0) this.#emitted.set(number, key, { kind, revision, rows })",
    law: tradingLaw
  },
  {
    mistake: "a snapshot of windows of sessions has forgotten what was emitted",
    file: tradingWindows,
    find: "    this.#emitted.restore(state, (text) => this.#dictionary.columns.numberOf(text))\n",
    replace: "    for (const table of state.tables(\"emitted\")) void table\n",
    law: tradingLaw
  }
]

const inRowSteps: ReadonlyArray<Mutant> = [
  {
    mistake: "fields that are selected stand where others stood before",
    file: "streams/operator/stateless/Projection.ts",
    find: "fields.map(({ field }) => batch.columns[field.index]!)",
    replace: "fields.map((_, at) => batch.columns[at]!)",
    law: rowFoldLaw
  },
  {
    mistake: "integers that a double does not hold stay where they were when fields are selected",
    file: "streams/operator/stateless/Projection.ts",
    find: "fields.map(({ field }) => batch.large![field.index]!)",
    replace: "batch.large",
    law: foldLaw,
    sample: 52
  },
  {
    mistake: "a field that is read behind a selection alone is not kept",
    file: "streams/pipeline/Checked.ts",
    find: "behind?.has(name) ?? true).map(({ field }) => field.column.name)",
    replace: "behind?.has(name) ?? true).map(({ name }) => name)",
    law: foldLaw
  },
  {
    mistake: "a row without a value is looked up by the text that nothing has",
    file: "streams/operator/stateless/Lookup.ts",
    find: "value !== value || !(found instanceof Map)",
    replace: "!(found instanceof Map)",
    law: foldLaw,
    sample: 53
  },
  {
    mistake: "a field that is looked up by alone is not kept",
    file: "streams/pipeline/Checked.ts",
    find: "    case \"distinct\":\n    case \"lookup\":\n      return step.by.map",
    replace: "    case \"lookup\":\n      return []\n    case \"distinct\":\n      return step.by.map",
    law: foldLaw,
    sample: 189
  },
  {
    mistake: "of a table only the last row of a part of its key is there",
    file: "streams/operator/stateless/Lookup.ts",
    find: "  if (known instanceof Map) return known\n",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a row that is in no table has the fields of the one before it",
    file: "streams/operator/stateless/Lookup.ts",
    find: "new Float64Array(length).fill(NaN)",
    replace: "new Float64Array(length)",
    law: foldLaw
  }
]

export const mutants: ReadonlyArray<Mutant> = [
  ...inRowSteps,
  ...inSessions,
  ...inMoments,
  ...evaluating,
  ...inCountsOfNumbers,
  {
    mistake: "a row that a condition leaves out is put out all the same",
    file: rowOutput,
    find: "if (keep !== null && keep[row] === 0) continue",
    replace: "",
    law: rowFoldLaw
  },
  {
    mistake: "a row that is put out is not accounted for",
    file: rowOutput,
    find: "outcomes[row] = Outcome.aggregated",
    replace: "",
    law: rowFoldLaw
  },
  {
    mistake: "a row's place counts within its batch",
    file: rowOutput,
    find: "? placeOf(batch, row) :",
    replace: "? { ...placeOf(batch, row), offset: row } :",
    law: "after crash upon crash a store by place"
  },
  {
    mistake: "of several pipelines only the first puts out its rows",
    file: "streams/engine/Job.ts",
    find: "atOnce.length < 2 ? atOnce[0] ?? [] : atOnce.flat()",
    replace: "atOnce.length < 2 ? atOnce[0] ?? [] : [...atOnce[0]]",
    law: "pipelines of panes and of rows"
  },
  {
    mistake: "only the fields that conditions name are read for rows",
    file: "streams/pipeline/Checked.ts",
    find: "collect(checked.end, undefined, reads)",
    replace: "collect(checked.end, new Set(), reads)",
    law: "every field of a row is in its place"
  },
  {
    mistake: "a struct that is absent has members",
    file: "streams/records/StructReader.ts",
    find: "absentIfEmpty(node, valuesOf(node.members, batch, row))",
    replace: "valuesOf(node.members, batch, row)",
    law: "every field of a row is in its place"
  },
  {
    mistake: "the beginning of a record that was too long is read as an event",
    file: "streams/engine/SourceReader.ts",
    find: "kind === Kind.event ? \"event\" : kind === Kind.preAggregated ? \"pre-aggregated\" : kind === Kind.unassigned ? \"unassigned\" : \"truncated\"",
    replace: "kind === Kind.preAggregated ? \"pre-aggregated\" : \"event\"",
    law: "what cannot be used is given back"
  },
  {
    mistake: "seconds are taken for milliseconds",
    file: "streams/records/AppendClock.ts",
    find: "isNear(time * 1_000, appendedAt)",
    replace: "isNear(time, -appendedAt)",
    law: "no time within fifty years"
  },
  {
    mistake: "January of 1970 is taken for seconds, whatever comes before it",
    file: "streams/records/AppendClock.ts",
    find: " && !(Math.abs(time - latest) <= following)",
    replace: "",
    law: "history in milliseconds"
  },
  {
    mistake: "a clock at 0 is taken for one",
    file: "streams/records/AppendClock.ts",
    find: " && clock >= firstClock",
    replace: "",
    law: "history in milliseconds"
  },
  {
    mistake: "half of a surrogate pair is taken for a character",
    file: "streams/records/FieldReader.ts",
    find: "value.isWellFormed() && ",
    replace: "",
    law: "a string is taken if UTF-8 gives it back"
  },
  {
    mistake: "an integer is read from the double that is nearest to its text",
    file: "streams/records/FieldReader.ts",
    find: 'kind === "double" ? number.nearest',
    replace: 'true ? number.nearest',
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "a decimal is read from the double that is nearest to its text",
    file: "streams/records/FieldReader.ts",
    find: "value instanceof JsonNumber ? value.text : value",
    replace: "value instanceof JsonNumber ? value.nearest : value",
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "a price beyond 2^53 is the double that is nearest to it",
    file: "domain/Decimal.ts",
    find: "BigInt(nearest) === integer",
    replace: "true",
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "a price of 15 digits is taken as the double that is nearest to it",
    file: "streams/records/NumberReader.ts",
    find: "value > known[place + most + decimals]!",
    replace: "value > Number.MAX_SAFE_INTEGER",
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "a double is a multiple of the power of ten that is nearest to a fraction",
    file: "streams/records/NumberReader.ts",
    find: "value / -factor",
    replace: "value * (1 / -factor)",
    law: "a double is the one that is nearest"
  },
  {
    mistake: "a price is compared with the double that is nearest to a number of more digits",
    file: "streams/operator/expressions/Comparison.ts",
    find: "(isDouble(unscaled) || !Number.isFinite(value))",
    replace: "true",
    law: "a condition holds",
    sample: 222
  },
  {
    mistake: "a tie is rounded away from zero where it is to become even",
    file: "domain/Decimal.ts",
    find: '"half-even": "half-even"',
    replace: '"half-even": "half-from-zero"',
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "what is rounded is rounded down",
    file: "domain/Decimal.ts",
    find: '"half-up": "half-from-zero"',
    replace: '"half-up": "floor"',
    law: "a number is taken as the exact decimal of its text"
  },
  {
    mistake: "texts of numbers are kept only where they have an exponent",
    file: "streams/records/JsonNumber.ts",
    find: "if (++run > 15) return true",
    replace: "run++",
    law: "a number is taken as the exact decimal of its text",
    sample: 73
  },
  {
    mistake: "a window that ends at the watermark is left out",
    file: sliced,
    find: "for (let end = this.#nextEnd(); end <= watermark;",
    replace: "for (let end = this.#nextEnd(); end < watermark;",
    law: foldLaw
  },
  {
    mistake: "an event at a window's start falls into the one before",
    file: "streams/operator/windowed/WindowAssigner.ts",
    find: "floorTo(time, slice, sliceOffset)",
    replace: "floorTo(time - 1, slice, sliceOffset)",
    law: "an event alone is in exactly the windows"
  },
  {
    mistake: "windows before the epoch are shifted",
    file: "streams/operator/windowed/WindowAssigner.ts",
    find: "floorTo(time, slice, sliceOffset)",
    replace: "time - (time - sliceOffset) % slice",
    law: "an event alone is in exactly the windows"
  },
  {
    mistake: "a calendar's day always has 24 hours",
    file: "streams/operator/windowed/WindowAssigner.ts",
    find: "ends.set(start, end)",
    replace: "end = start + { day: 1, week: 7, month: 30 }[unit] * 86_400_000\n    ends.set(start, end)",
    law: "a day has 23 hours"
  },
  {
    mistake: "sessions that become one lose the rows of the second",
    file: session,
    find: "this.#slots.merge(first.slot, other.slot, this.#slots.all)",
    replace: "",
    law: "sessions are the runs"
  },
  {
    mistake: "sessions that touch are not one",
    file: session,
    find: "start <= time + this.#gap && time <= end",
    replace: "start < time + this.#gap && time < end",
    law: "sessions are the runs"
  },
  {
    mistake: "a session closes when the watermark is at its end",
    file: session,
    find: "    this.#closedTo = watermark\n    const closing",
    replace: "    watermark += 1\n    this.#closedTo = watermark\n    const closing",
    law: "at exactly the end of lateness"
  },
  {
    mistake: "a session that was merged away is not retracted",
    file: session,
    find: "if (emitted === null) return\n",
    replace: "return\n",
    law: revisionLaw,
    sample: 175
  },
  {
    mistake: "a session that only a former run has emitted is not retracted",
    file: session,
    find: "if (this.#stored.isEmpty) return",
    replace: "return",
    law: "in whatever order a new start",
    sample: 86
  },
  {
    mistake: "a pane's changes count what was emitted, not its rows",
    file: "streams/operator/windowed/WindowOperator.ts",
    find: "pane: kind, revision, changes, values }",
    replace: "pane: kind, revision, changes: revision, values }",
    law: "in whatever order a new start"
  },
  {
    mistake: "a retracted pane is older than what it takes back",
    file: session,
    find: "const changes = Math.max(emitted.rows, stored?.changes ?? 0)",
    replace: "const changes = emitted.rows - 1",
    law: "revisions count up from 0",
    sample: 175
  },
  {
    mistake: "a session gives nothing back",
    file: session,
    find: "this.#slots.release(session.slot)",
    replace: "",
    law: "after the end of all data no state is left"
  },
  {
    mistake: "the watermark goes back to what a decision says",
    file: "streams/engine/Timeline.ts",
    find: "state.watermark = Math.max(state.watermark, watermark)",
    replace: "state.watermark = watermark",
    law: "the watermark is the smallest"
  },
  {
    mistake: "what the clock decided for one bound is taken for every bound",
    file: "streams/engine/SourceReader.ts",
    find: "watermark + (decision.outOfOrderness ?? outOfOrderness) - outOfOrderness",
    replace: "watermark",
    law: "the watermark is the smallest"
  },
  {
    mistake: "an end of input that was taken before is one again",
    file: "streams/engine/SourceReader.ts",
    find: "if (decision.at.every((at, partition) => at <= (this.#ended[partition] ?? 0))) return",
    replace: "",
    law: "records that are delivered again",
    sample: 64
  },
  {
    mistake: "where the input was at its end is forgotten by a snapshot",
    file: "streams/engine/SourceReader.ts",
    find: "this.#ended = ended\n",
    replace: "",
    law: "a snapshot is restored to the byte"
  },
  {
    mistake: "what the clock decided for the times of one field is taken for those of every field",
    file: "streams/engine/SourceReader.ts",
    find: "if (decision.eventTime !== undefined && decision.eventTime !== eventTime.field) continue",
    replace: "",
    law: "the watermark is the smallest"
  },
  {
    mistake: "where all partitions have become idle, no window closes",
    file: "streams/engine/SourceReader.ts",
    find: "onDecided({ _tag: \"idle\", input, timeline })",
    replace: "",
    law: "a partition that was declared idle holds nothing up"
  },
  {
    mistake: "records of a source are counted for pipelines that read another",
    file: "streams/engine/Job.ts",
    find: "const readers = this.#running.filter(({ inputs }) => inputs.some((input) => this.#reader.sourceOf(input) === source))",
    replace: "const readers = this.#running",
    law: "of several sources each gives"
  },
  {
    mistake: "that a partition of a source is idle is taken for its first one",
    file: "streams/engine/SourceReader.ts",
    find: "timeline.raise(within(partition, this.#origins.length), ",
    replace: "timeline.raise(0, ",
    law: "the watermark is the smallest"
  },
  {
    mistake: "sources are restored by their number",
    file: "streams/engine/SourceReader.ts",
    find: "state.find(({ name }) => name === origin.name)",
    replace: "state[this.#origins.indexOf(origin)]",
    law: "a source that is added or is no more"
  },
  {
    mistake: "what a source had read is counted for the first one after a start",
    file: "streams/engine/Job.ts",
    find: "each.source === name ? [{ ...each, snapshot }] : []",
    replace: "[{ ...each, snapshot }]",
    law: "of several sources each gives"
  },
  {
    mistake: "the watermark goes back when an idle partition returns",
    file: "streams/engine/Timeline.ts",
    find: "if (time - slack > watermark) watermark = time - slack\n    }\n    if (watermark < state.watermark) throw new Error(`the watermark of partition ${partition} went back`)",
    replace: "watermark = time - slack\n    }",
    law: "the watermark is the smallest"
  },
  {
    mistake: "the operators' watermark is the largest of the partitions'",
    file: "streams/engine/Timeline.ts",
    find: "if (index !== partition) smallest = Math.min(smallest, watermark)",
    replace: "if (index !== partition) smallest = smallest === Infinity ? watermark : Math.max(smallest, watermark)",
    law: foldLaw
  },
  {
    mistake: "rows see the watermark of their batch, not their own",
    file: "streams/engine/Timeline.ts",
    find: "watermarks[row] = watermark\n",
    replace: "watermarks[row] = state.watermark\n",
    law: "how the log is cut into batches"
  },
  {
    mistake: "what is late is judged by what has closed, not by the event's own partition",
    file: sliced,
    find: "if (watermarks[row]! >= slice.firstEnd) break",
    replace: "if (this.#closedTo >= slice.firstEnd) break",
    law: "an event is late, or refused by a node, where the batch fold says so"
  },
  {
    mistake: "duplicates are counted as new",
    file: "streams/engine/SourceReader.ts",
    find: "while (fresh < to && records.offsets[fresh]! < next) fresh++",
    replace: "next = Math.min(next, records.offsets[from]!)",
    law: "records that are delivered again"
  },
  {
    mistake: "open is the first to arrive",
    file: choices,
    find: "if (known === known) {",
    replace: "if (known === known && this.#by === null && this.#bySign === -1) continue\n      if (known === known) {",
    law: "any order within the bound gives"
  },
  {
    mistake: "close is the last to arrive",
    file: choices,
    find: "if (known === known) {",
    replace: "if (known === known && !(this.#by === null && this.#bySign === 1)) {",
    law: "any order within the bound gives"
  },
  {
    mistake: "among equals the wrong one wins",
    file: choices,
    find: "return order * this.#tieSign > 0",
    replace: "return order * this.#tieSign < 0",
    law: foldLaw
  },
  {
    mistake: "a late event goes into windows that are closed to it",
    file: sliced,
    find: "if (!this.#rollUp && end + this.#lateness <= watermarks[row]!) continue",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a row that a node before has refused counts as filtered",
    file: "streams/operator/windowed/WindowOperator.ts",
    find: "this.#assertAdded(batch)\n",
    replace: "this.#assertAdded(batch)\n    outcomes.fill(0)\n",
    law: "read = aggregated"
  },
  {
    mistake: "a late event is dropped and nobody is told",
    file: "streams/operator/windowed/WindowOperator.ts",
    find: "if (outcomes[row]! < Outcome.late) outcomes[row] = Outcome.late",
    replace: "void row",
    law: "what windows that do not overlap count together"
  },
  {
    mistake: "an event at exactly the end of lateness is still taken",
    file: sliced,
    find: ".lastEnd + this.#lateness <= watermark",
    replace: ".lastEnd + this.#lateness < watermark",
    law: "at exactly the end of lateness"
  },
  {
    mistake: "a filtered event counts for nothing at all",
    file: "streams/engine/Account.ts",
    find: "counts.filtered += many",
    replace: "",
    law: "read = aggregated"
  },
  {
    mistake: "a slice too many is evicted",
    file: "streams/operator/windowed/SlidingAggregation.ts",
    find: "this.#window[0]!.start < start",
    replace: "this.#window[0]!.start <= start",
    law: foldLaw
  },
  {
    mistake: "the stack that is turned forgets the newer slices",
    file: "streams/operator/windowed/SlidingAggregation.ts",
    find: "newer = suffix",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "means are rounded down",
    file: "domain/Decimal.ts",
    find: "(2n * magnitude + divisor) / (2n * divisor)",
    replace: "magnitude / divisor",
    law: foldLaw
  },
  {
    mistake: "a sum beyond 2^53 is a double",
    file: "streams/operator/aggregates/ExactSum.ts",
    find: "if (sum <= limit && sum >= -limit) this.#lane[slot] = sum",
    replace: "if (Number.isFinite(sum)) this.#lane[slot] = sum",
    law: foldLaw
  },
  {
    mistake: "of two extremes that are merged the first one stays",
    file: choices,
    find: "(value - known) * this.#sign > 0",
    replace: "false",
    law: "merging is commutative"
  },
  {
    mistake: "a sum that is subtracted stays if it is a large one",
    file: "streams/operator/aggregates/ExactSum.ts",
    find: "else this.addBig(from, -this.total(slot))",
    replace: "",
    law: "what was merged can be subtracted"
  },
  {
    mistake: "a condition that is negated is not",
    file: "streams/operator/expressions/Evaluator.ts",
    find: "(bit) => 1 - bit",
    replace: "(bit) => bit",
    law: "a condition holds"
  },
  {
    mistake: "an infinity is taken for a number",
    file: "streams/records/FieldReader.ts",
    find: "!Number.isFinite(number) || ",
    replace: "",
    law: "each field takes those spellings"
  },
  {
    mistake: "what a sum of doubles has beside two doubles is not saved",
    file: doubleSum,
    find: "if (rest !== 0n) rests.set(i, rest)",
    replace: "",
    law: "a state is the same after it was written"
  },
  {
    mistake: "conditions of aggregates are forgotten",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "add(rows, masks[i]!)",
    replace: "add(rows, null)",
    law: foldLaw
  },
  {
    mistake: "a pre-aggregated record leaves the results that it does not know as if nothing had happened",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "const known = !preAggregated || preAggregatedColumn !== null",
    replace: "const known = true",
    law: "pre-aggregated records count"
  },
  {
    mistake: "a snapshot forgets the late rows of windows",
    file: sliced,
    find: "const these = entries.filter(({ owner }) => owner.table === table)",
    replace: "const these = entries.filter(({ owner }) => owner.table === table && table === \"slices\")",
    law: "a snapshot is restored"
  },
  {
    mistake: "a snapshot forgets what was emitted",
    file: "streams/operator/windowed/EmittedPanes.ts",
    find: "  const table = state.table(\"emitted\", entries.length)",
    replace: "  entries = []\n  const table = state.table(\"emitted\", entries.length)",
    law: "a snapshot is restored"
  },
  {
    mistake: "the order of results is seen in a snapshot",
    file: "streams/operator/State.ts",
    find: "parts: Object.fromEntries([...this.#parts].sort(byName).map(",
    replace: "parts: Object.fromEntries([...this.#parts].map(",
    law: "a snapshot is read by name"
  },
  {
    mistake: "the state of results is told apart by where they stand",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "for (const { accumulator, name } of this.#entries) accumulator?.save(slots, results.part(name), textOf)\n  }",
    replace: "const names = this.#entries.map(({ name }) => name)\n" +
      "    const sorted = [...names].sort()\n" +
      "    for (const { accumulator, name } of this.#entries) accumulator?.save(slots, results.part(sorted[names.indexOf(name)]!), textOf)\n  }",
    law: "a snapshot is read by name"
  },
  {
    mistake: "a column that nobody reads is passed over",
    file: "streams/operator/State.ts",
    find: "if (!read.has(name)) throw",
    replace: "if (name === \"\") throw",
    law: "a snapshot that lacks a column"
  },
  {
    mistake: "integers of a snapshot come back without what they have in common",
    file: "streams/operator/StateColumn.ts",
    find: "values[i] = base + array[i]!",
    replace: "values[i] = array[i]!",
    law: "a snapshot is restored"
  },
  {
    mistake: "a sum of doubles is rounded with each row",
    file: doubleSum,
    find: "        lows[slot] = errors\n",
    replace: "",
    law: foldLaw,
    sample: 62
  },
  {
    mistake: "of doubles that lie far apart the small ones are lost",
    file: doubleSum,
    find: "    this.#addToRest(slot, unitsOf(this.#low[slot]!))\n",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "early panes forget the keys that were touched when their numbering begins anew",
    file: sliced,
    find: "this.#touched = new Set([...this.#touched].map(numberOf))",
    replace: "",
    law: "when the numbering of texts begins anew",
    sample: 9
  },
  {
    mistake: "early panes forget what was read from a snapshot",
    file: sliced,
    find: "if (!this.#trigger.never) this.#touched.add(key)",
    replace: "",
    law: "a snapshot is restored"
  },
  {
    mistake: "a session that was given back is merged",
    file: session,
    find: "      this.#slots.merge(first.slot, other.slot, this.#slots.all)\n      this.#remove(other)\n",
    replace: "      this.#remove(other)\n      this.#slots.merge(first.slot, other.slot, this.#slots.all)\n",
    law: "sessions are the runs"
  },
  {
    mistake: "slots that are given back are counted as held",
    file: "streams/operator/windowed/KeyedSlots.ts",
    find: "    this.held--\n",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a table that is used again has the slots of the slice before",
    file: "streams/operator/windowed/KeyedSlots.ts",
    find: "    this.#pool.release(this.#slotOf[key]!)\n    this.#slotOf[key] = noSlot\n",
    replace: "    this.#pool.release(this.#slotOf[key]!)\n",
    law: foldLaw
  },
  {
    mistake: "keys that came after the others were ranked are the last",
    file: "streams/operator/windowed/KeyOrder.ts",
    find: " || (at < right.length && texts[right[at]!]! < texts[left[i]!]!)",
    replace: "",
    law: foldLaw,
    sample: 128
  },
  {
    mistake: "a start after a crash begins with the lowest watermark",
    file: "streams/engine/Timeline.ts",
    find: "watermark: watermark ?? -Infinity",
    replace: "watermark: -Infinity",
    law: "a snapshot is restored"
  },
  {
    mistake: "a snapshot of other pipelines is read",
    file: "streams/engine/Job.ts",
    find: "state.pipelines[checked.name] === checked.fingerprint)",
    replace: "state.pipelines[checked.name] !== undefined)",
    law: "a snapshot of other pipelines"
  },
  {
    mistake: "what was emitted is remembered for ever",
    file: "streams/operator/windowed/EmittedPanes.ts",
    find: "first !== undefined && first.end <= until;",
    replace: "first !== undefined && first.end <= -Infinity;",
    law: "state follows what is open"
  },
  {
    mistake: "what was emitted of a window is forgotten as soon as it is closed",
    file: "streams/operator/windowed/SlicedWindows.ts",
    find: "this.#emitted.forget(this.#closedTo - this.#lateness)",
    replace: "this.#emitted.forget(this.#closedTo)",
    law: "revisions count up from 0"
  },
  {
    mistake: "what an end of input has told is told again",
    file: "streams/engine/ToldPanes.ts",
    find: "if (isAsFinal && pane.changes === told.changes && digestOf(pane) === told.digest) return null",
    replace: "",
    law: "of a window's panes each is newer"
  },
  {
    mistake: "an end of input closes what is open for good",
    file: "streams/engine/OperatorGraph.ts",
    find: "    for (const _ of copy.advance(() => endOfTime)) yield tell()\n",
    replace: "    for (const _ of copy.advance(() => endOfTime)) yield tell()\n    yield* this.advance(() => endOfTime)\n",
    law: "wherever the input was at its end for a while, it comes"
  },
  {
    mistake: "a session that an end of input has told is not taken back when it grows",
    file: "streams/engine/OperatorGraph.ts",
    find: "    yield* this.#window?.adopt(stored) ?? []\n",
    replace: "",
    law: "wherever the input was at its end for a while, it comes",
    sample: 175
  },
  {
    mistake: "an early pane has the revision of the one before",
    file: sliced,
    find: "last === undefined ? 0 : last.revision + 1",
    replace: "last === undefined ? 0 : last.revision + (kind === \"early\" ? 0 : 1)",
    law: "revisions count up from 0"
  },
  {
    mistake: "panes of several pipelines come pipeline by pipeline",
    file: "streams/engine/Strand.ts",
    find: "a.watermark < b.watermark || (a.watermark === b.watermark && a.offset < b.offset)",
    replace: "a.watermark === -Infinity && b.offset === -Infinity",
    law: "how the log is cut into batches"
  },
  {
    mistake: "keys are not carried over when their numbering begins anew",
    file: sliced,
    find: "for (const { slots } of this.#slices) slots.renumber(numberOf)",
    replace: "",
    law: "when the numbering of texts begins anew"
  },
  {
    mistake: "a roll-up takes what its smaller windows had refused",
    file: sliced,
    find: "const [firstEnd, lastEnd] = this.#rollUp\n",
    replace: "const [firstEnd, lastEnd] = this.#rollUp && start === Infinity\n",
    law: "an event is late, or refused by a node, where the batch fold says so"
  },
  {
    mistake: "numbers may begin with a zero",
    file: "streams/records/NumberReader.ts",
    find: "bytes[first] === zero",
    replace: "bytes[first] === 0",
    law: "each field takes those spellings"
  },
  {
    mistake: "what comes after a record is not looked at",
    file: "streams/records/ObjectReader.ts",
    find: "at !== -1 && skip(bytes, at, end) === end",
    replace: "at !== -1",
    law: "nothing but white space"
  },
  {
    mistake: "a field that an object needs may be absent where the object may be",
    file: "streams/records/ObjectReader.ts",
    find: "members.push({ name, optional, column, object: inner })",
    replace: "members.push({ name, optional: optional || columns[column]!.optional, column, object: inner })",
    law: "a row of any schema",
    sample: 75
  },
  {
    mistake: "where nothing has been read yet an absent member is 0",
    file: "streams/records/AbsentValues.ts",
    find: "      for (const column of columns) column.fill(NaN, row)\n",
    replace: "",
    law: "a line is taken or refused"
  },
  {
    mistake: "null in the place of a value that has to be there is no value",
    file: "streams/records/ObjectReader.ts",
    find: "places[place + required] === 0 && ",
    replace: "",
    law: "each field takes those spellings"
  },
  {
    mistake: "a number that is gone over may begin with zeros",
    file: "streams/records/Json.ts",
    find: "at > first + 1 && bytes[first] === zero",
    replace: "at < first",
    law: "a line is taken or refused"
  },
  {
    mistake: "a name with an escape is that of no member",
    file: "streams/records/MemberNames.ts",
    find: "member === -1 ? endOfText(bytes, from + 1, end) : table.to",
    replace: "bytes.indexOf(quote, from + 1)",
    law: "a line is taken or refused"
  },
  {
    mistake: "a condition is taken to hold for all rows of a batch if it holds for the first",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "mask.includes(0) ? mask : null",
    replace: "mask[0] === 0 ? mask : null",
    law: foldLaw
  },
  {
    mistake: "a condition is taken to hold for no row of a batch if it does not for the first",
    file: "streams/operator/aggregates/AccumulatorTable.ts",
    find: "!mask.includes(1) ? noRows",
    replace: "mask[0] === 0 ? noRows",
    law: foldLaw
  },
  {
    mistake: "a column is taken to have no value if it has none in the first row",
    file: "streams/records/Batch.ts",
    find: "while (row < length && column[row] !== column[row]) row++",
    replace: "if (column[0] !== column[0]) row = length",
    law: foldLaw
  },
  {
    mistake: "a condition that holds where there is no value does not where a batch has none",
    file: "streams/operator/expressions/Comparison.ts",
    find: "else if (holdsWithout(test)) mask.fill(1)",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a slice of a window comes into it once more with the next one",
    file: "streams/operator/windowed/SlidingAggregation.ts",
    find: "const since = Math.max(start, this.#upTo)",
    replace: "const since = start",
    law: foldLaw
  },
  {
    mistake: "rows of sessions come to the window of the first of their batch",
    file: tradingWindows,
    find: "window === null || window.start !== hours.start || window.end !== hours.end",
    replace: "window === null",
    law: tradingLaw
  },
  {
    mistake: "a time of which a row's calendar knows nothing is taken for one of its own",
    file: "streams/operator/windowed/RowCalendars.ts",
    find: "if (hours !== null && hours.isNear(batch.times[row]!)) return hours",
    replace: "if (hours !== null) return hours",
    law: tradingLaw
  },
  {
    mistake: "a window whose rows may all be taken back is not told when it closes",
    file: sliced,
    find: "return this.#slices.slice(from, to).flatMap",
    replace: "return this.#slices.slice(from, to - 1).flatMap",
    law: cancelLaw
  },
  {
    mistake: "of several conditions one is passed over if it does not matter to the first row",
    file: "streams/operator/expressions/Evaluator.ts",
    find: "if (!other.includes(isAnd ? 0 : 1)) continue",
    replace: "if (other[0] !== (isAnd ? 0 : 1)) continue",
    law: "a condition holds for the rows"
  },
  {
    mistake: "a row without a key has another row's",
    file: "streams/records/KeyReader.ts",
    find: "return number >= 0 ? number | 0 : -1",
    replace: "return number | 0",
    law: "rows of any key"
  },
  {
    mistake: "integers with the same last bits are one key",
    file: "streams/records/KeyReader.ts",
    find: "if (recent.values[place] === value)",
    replace: "if (!Number.isNaN(recent.values[place]))",
    law: "rows of any key",
    sample: 92
  },
  {
    mistake: "what an aggregate's condition compares is only handed on",
    file: "streams/pipeline/Uses.ts",
    find: "where === null ? fields : [...fields, ...comparedIn(where)]",
    replace: "fields",
    law: "a condition holds"
  },
  {
    mistake: "whatever differs from a number with more decimals is absent",
    file: "streams/operator/expressions/Comparison.ts",
    find: "  if (op === \"ne\") return { op: \"gte\", value: -Infinity }\n",
    replace: "",
    law: "a condition holds"
  },
  {
    mistake: "of a key's fields only the last tells rows apart",
    file: "streams/records/KeyReader.ts",
    find: "if (next instanceof Map) level = next",
    replace: "if (next === undefined) level = this.#known",
    law: "rows of any key"
  },
  {
    mistake: "fractions of seconds before the epoch are rounded towards it",
    file: "streams/records/Decoder.ts",
    find: "(rest < 0 ? rest + unit : rest)",
    replace: "rest",
    law: "a row of any schema"
  },
  {
    mistake: "every fourth year is a leap year",
    file: "streams/records/Iso8601.ts",
    find: "(year % 100 !== 0 || year % 400 === 0)",
    replace: "true",
    law: "a row of any schema",
    sample: 202
  },
  {
    mistake: "a row without a time has that of the row before",
    file: "streams/records/Decoder.ts",
    find: "Number.isNaN(stored) ? NaN : this.#millis.values[0]!",
    replace: "this.#millis.values[0]!",
    law: "a row of any schema"
  },
  {
    mistake: "emitOnUpdate does nothing",
    file: "streams/operator/windowed/EarlyTrigger.ts",
    find: "if (this.never) return false",
    replace: "if (this.latest > -Infinity) return false",
    law: "an early pane has what the batch fold makes"
  },
  {
    mistake: "changes in per cent are computed for decimals only",
    file: "streams/operator/results/indicators/Point.ts",
    find: "typeof value === \"number\" ? Number.isFinite(value)",
    replace: "typeof value === \"number\" ? false",
    law: foldLaw
  },
  {
    mistake: "of two conditions on one source the first is forgotten",
    file: "streams/operator/stateless/Selection.ts",
    find: "if (before !== null) for (let row = 0; row < mask.length; row++) mask[row]! &= before[row]!",
    replace: "",
    law: foldLaw
  },
  {
    mistake: "a table of keys that grows forgets the keys that it had",
    file: "streams/operator/windowed/KeyedSlots.ts",
    find: "larger.set(table)\n",
    replace: "",
    law: "as many keys as there are in a window"
  },
  {
    mistake: "a revised window is not followed by those after it",
    file: "streams/operator/results/DeriveOperator.ts",
    find: "if (history.entries.at(-1) !== entry) this.#markStale(pane.key, pane.end + 1)",
    replace: "",
    law: revisionLaw,
    sample: 221
  },
  {
    mistake: "a session that was retracted is still compared with",
    file: "streams/operator/results/DeriveOperator.ts",
    find: "if (known !== undefined) history.remove(known)",
    replace: "if (known !== undefined && pane.pane !== \"retracted\") history.remove(known)",
    law: revisionLaw,
    times: 5,
    sample: 999
  },
  {
    mistake: "former windows are compared with however long ago they were",
    file: "streams/operator/results/History.ts",
    find: "return this.#distance(window, end) <= this.#within",
    replace: "return end > -Infinity",
    law: "a window is compared with the one before within the horizon"
  },
  {
    mistake: "what is final is kept for ever",
    file: "streams/operator/results/DeriveOperator.ts",
    find: "else if (history.entries.length === 0) this.#forget(due.key)",
    replace: "else if (history.entries.length === 0) continue",
    law: "a window is compared with the one before within the horizon"
  },
  ...deriving,
  ...checkpointing("streams/operator/PagedList.ts", [
    ["a page of values that has changed is not marked", "    this.#marks.change(place)\n", ""],
    ["a value that changes is not kept as it was", "    this.#kept.set(place, this.#savedAt(place))\n", ""],
    ["what a checkpoint that was given up had kept is in the next", "    this.#kept.clear()\n", "", 46]
  ]),
  ...checkpointing("streams/operator/SlotPages.ts", [
    ["a page of slots whose rows have changed is not marked", "    this.#marks.changeAll(slots, from, to)\n", "", 9],
    ["a page of slots that come and go is not marked", "    this.#marks.change(slot)\n", "", 13],
    ["rows change slots that are not kept", "for (let i = from; i < to; i++) if (slots[i]! >= 0) this.#keep(slots[i]!)", ""],
    ["what a slot held is not kept, but who had it", "slot: this.#copies.copyOf(this.#slots, slot) })", "slot: this.#copies.allocate() })"],
    ["what stands in copies is left out", "[...moved(live, this.#slots), ...moved(kept, this.#copies)]", "moved(live, this.#slots)"],
    ["a slot that was nobody's has its new owner", "this.#kept.set(slot, owner === null ? null : {", "if (owner !== null) this.#kept.set(slot, {"]
  ]),
  ...checkpointing("streams/operator/aggregates/AccumulatorTable.ts", [
    ["a slot that is given out is not kept", "    if (use === owned) this.pages?.touch(slot)\n    this.#inUse[slot] = use", "    this.#inUse[slot] = use"],
    ["of a copy only the rows are kept", "    for (let i = 0; i < this.all.length; i++) this.all[i]!.copy(copy, slot, source.all[i]!)\n", ""]
  ]),
  ...checkpointing("streams/engine/OperatorGraph.ts", [
    ["that a page is empty by now is not told", "yield [idOf(name, node, part, page), bytesOf((writer) => pages.write(page, writer))] as const",
      "{\n          const bytes = bytesOf((writer) => pages.write(page, writer))\n          if (bytes !== null) yield [idOf(name, node, part, page), bytes] as const\n        }", 13],
    ["state that is in no pages is what it is when it is written", "const beside = [...this.#beside()]", "const beside = this.#beside()"]
  ]),
  ...checkpointing("streams/engine/Job.ts", [
    ["how far a run is says what is true when it is written",
      "    const own = [this.#section(), ...this.#heldSections()]\n    const graphs = this.#running.map(({ graph }) => graph.checkpoint(all))\n    return (function*() {\n      yield* own\n",
      "    const own = () => [this.#section(), ...this.#heldSections()]\n    const graphs = this.#running.map(({ graph }) => graph.checkpoint(all))\n    return (function*() {\n      yield* own()\n"]
  ]),
  ...filling,
  ...inHeldRows,
  ...inPairs,
  {
    mistake: "windows behind a left join close before what is in no pair has come",
    file: "streams/engine/OperatorGraph.ts",
    find: "reached === endOfTime ? reached : reached - trail",
    replace: "reached",
    law: heldWindowsLaw
  },
  ...inStages,
  ...inNodes,
  ...inShared,
  ...inCancels,
  ...inCounts,
  {
    mistake: "what stands behind a left join is told among what is due earlier",
    file: "streams/engine/OperatorGraph.ts",
    find: "emitted.watermark + this.#trail",
    replace: "emitted.watermark",
    law: "windows behind a left join come among"
  },
  ...checkpointing("streams/operator/keyed/RowTable.ts", [
    ["a row that comes is in a checkpoint that began before", "    this.touch(slot)\n    this.#isLive[slot] = 1", "    this.#isLive[slot] = 1"],
    ["a row that leaves is not in a checkpoint that began before", "    this.touch(slot)\n    this.#isLive[slot] = 0", "    this.#isLive[slot] = 0"]
  ]),
  ...checkpointing(session, [
    ["the bounds of a session that grows are not kept", "    this.#slots.touch(session.slot)\n    session.start = start", "    session.start = start"],
    ["what was told of a session is not kept", "    this.#slots.touch(slot)\n    session.emitted = {", "    session.emitted = {"]
  ]),
  ...checkpointing("streams/operator/windowed/EmittedPanes.ts", [
    ["the emitted panes of keys have their former numbers", "        this.pages.set(place, { ...this.pages.at(place), key: numberOf(key) })\n", ""]
  ]),
  ...checkpointing(sliced, [
    ["emitted panes are kept under the new numbers of keys", "    this.#emitted.renumber(numberOf)\n", "    this.#dictionary = dictionary\n    this.#emitted.renumber(numberOf)\n"]
  ]),
  ...checkpointing("streams/operator/results/FillOperator.ts", [
    ["a key of which a window is filled is not kept", "    this.#kept.touch(filling.place)\n    this.#settle(filling, this.#now)", "    this.#settle(filling, this.#now)"]
  ]),
  ...checkpointing("streams/operator/results/DeriveOperator.ts", [
    ["a history that gets a window is not kept", "    const history = this.#historyOf(pane.key)\n    this.#kept.touch(history.place)\n", "    const history = this.#historyOf(pane.key)\n"]
  ]),
  ...([
    ["a condition does not look at what no double holds", "streams/operator/expressions/Evaluator.ts", "rows.batch.large?.[index] == null ? fast(rows) : wide(rows)", "fast(rows)"],
    ["an integer is the double that is nearest", "streams/operator/aggregates/ProductSum.ts", "rest !== 0n; rest -= BigInt(doubles.at(-1)!)", "rest !== 0n; rest = 0n"],
    ["a pre-aggregated extreme is infinite", "streams/operator/aggregates/Wide.ts", "this.#take(slots[row]!, large?.get(row) ?? column[row]!)\n", "this.#take(slots[row]!, column[row]!)\n"],
    ["a table has what a double holds", "streams/operator/stateless/Lookup.ts", "...addedLarge]", "...added.map(() => null)]"],
    ["a row has the large integers of the one before", "streams/records/Decoder.ts", "    if (this.#large.size > 0) this.#large.clear()\n    this.#absent", "    this.#absent"],
    ["a variance takes the nearest double", "streams/operator/aggregates/Moments.ts", "this.#squares.addProduct(slot, value, value)", "this.#squares.add(slot, Number(value), Number(value))"]
  ] as const).map(([mistake, file, find, replace]): Mutant => ({ mistake, file, find, replace, law: wideLaw }))
]
