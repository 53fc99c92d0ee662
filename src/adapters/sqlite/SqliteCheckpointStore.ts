/**
 * Checkpoints beside the database: each part is a file in the folder, written and synced by threads of Node while the work
 * goes on. A row of the database makes it count, so that a loss of power that takes away panes takes away the checkpoints
 * behind them too. Files without a row are what a crash has left; they are deleted when the store is opened.
 */
import { Effect, Layer, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { type Chain, generations, newestIntact, pack, split } from "../../streams/ports/CheckpointParts.ts"
import { CheckpointError, Head, type Part } from "../../streams/ports/Checkpoint.ts"
import { CheckpointStore } from "../../streams/ports/CheckpointStore.ts"
import { Database, type DatabaseError } from "./Database.ts"
import { explain } from "./Explain.ts"

export const layer: Layer.Layer<CheckpointStore, CheckpointError, Database> = Layer.effect(
  CheckpointStore,
  Effect.suspend(() => make())
)

interface Row {
  readonly chain: number
  readonly file: string
}

const make = Effect.fnUntraced(function*() {
  const database = yield* Database
  const folder = join(database.folder, "checkpoints")
  const rowsOf = yield* database.prepare<Row>(
    "select chain, file from checkpoint_parts where name = ? order by chain desc, sequence"
  )
  const every = yield* database.prepare<{ name: string; file: string; head: string }>(
    "select name, file, head from checkpoint_parts order by chain, sequence"
  )
  const last = yield* database.prepare<{ chain: number; sequence: number }>(
    "select chain, sequence from checkpoint_parts where name = ? order by chain desc, sequence desc limit 1"
  )
  const insert = yield* database.prepare("insert into checkpoint_parts (name, chain, sequence, file, head) values (?, ?, ?, ?, ?)")
  const prune = yield* database.prepare<{ file: string }>("delete from checkpoint_parts where name = ? and chain <= ? returning file")

  const files = <A>(body: () => Promise<A>) =>
    Effect.tryPromise({ try: body, catch: (cause) => new CheckpointError({ message: explain(cause, database.folder), cause }) })
  const discard = (names: ReadonlyArray<string>) =>
    Effect.ignore(files(() => Promise.all(names.map((name) => rm(join(folder, name), { force: true })))))

  if (!database.readOnly) {
    yield* files(() => mkdir(folder, { recursive: true }))
    const known = new Set((yield* database.read(() => every.all())).map(({ file }) => file))
    yield* discard((yield* files(() => readdir(folder))).filter((file) => !known.has(file)))
  }

  /** Where the next part of a name stands, and the chains up to which it is the last that needs them. */
  const placeOf = (name: string, isBase: boolean) => {
    const { chain, sequence } = last.get(name) ?? { chain: 0, sequence: 0 }
    return isBase ? { chain: chain + 1, sequence: 0 } : { chain, sequence: sequence + 1 }
  }

  const save = Effect.fnUntraced(function*(name: string, part: Part) {
    const file = randomUUID()
    const written = files(() => writeFile(join(folder, file), pack(part)))
    const gone = yield* Effect.andThen(written, inDatabase(database.write(() => {
      const { chain, sequence } = placeOf(name, part.isBase)
      insert.run(name, chain, sequence, file, encodeHead(part.head))
      return prune.all(name, chain - generations).map((row) => row.file)
    }))).pipe(Effect.onError(() => discard([file])))
    yield* discard(gone)
  }, Effect.uninterruptible)

  /** A writer may take away what somebody beside it is about to read: then there is something newer. */
  const load = (name: string): ReturnType<typeof look> =>
    Effect.gen(function*() {
      const before = yield* inDatabase(database.read(() => last.get(name)))
      const found = yield* Effect.result(look(name))
      const isOvertaken = !isDeepStrictEqual(before, yield* inDatabase(database.read(() => last.get(name))))
      return yield* isOvertaken ? load(name) : Effect.fromResult(found)
    })

  const look = Effect.fnUntraced(function*(name: string) {
    const rows = yield* inDatabase(database.read(() => rowsOf.all(name)))
    const chains: Array<Chain> = []
    for (const [, chain] of Map.groupBy(rows, ({ chain }) => chain)) {
      chains.push(yield* Effect.forEach(chain, ({ file }) => chunksIn(join(folder, file))))
    }
    return yield* newestIntact(name, chains)
  })

  return CheckpointStore.of({
    save,
    load,
    heads: inDatabase(database.read(() => new Map(every.all().map(({ head, name }) => [name, decodeHead(head)])))),
    remove: (name) =>
      Effect.flatMap(inDatabase(database.write(() => prune.all(name, Number.MAX_SAFE_INTEGER))), (gone) =>
        discard(gone.map(({ file }) => file)))
  })
}, Effect.mapError((error) => error._tag === "DatabaseError" ? toCheckpointError(error) : error))

const encodeHead = Schema.encodeSync(Schema.fromJsonString(Head))
const decodeHead = Schema.decodeSync(Schema.fromJsonString(Head))
const inDatabase = <A>(effect: Effect.Effect<A, DatabaseError>) => Effect.mapError(effect, toCheckpointError)

/** One that is not there is as good as damaged. */
const chunksIn = (path: string) =>
  Effect.promise(() => readFile(path).then(split, () => []))

const writeFile = async (path: string, chunks: Iterable<Uint8Array>): Promise<void> => {
  const handle = await open(path, "wx")
  try {
    for (const chunk of chunks) await handle.writeFile(chunk)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

function toCheckpointError(error: DatabaseError): CheckpointError {
  return new CheckpointError({ message: error.message, cause: error })
}
