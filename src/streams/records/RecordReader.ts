/** Reads single records of a source apart from any batch, for those who only ask for the key and the event time. */
import * as Batch from "./Batch.ts"
import { Decoder } from "./Decoder.ts"
import type { Chunk } from "./Records.ts"
import type { Definition } from "../pipeline/Source.ts"

/** Different texts after which the numbering of texts begins anew, so that passing keys do not stay for ever. */
const dictionaryBound = 1 << 18

/** Only the key and the time are read. */
const nothingElse = () => "unread" as const

export class RecordReader {
  readonly #source: Definition
  #dictionary = new Batch.Dictionary()
  #decoder: Decoder
  #batch: Batch.Batch

  constructor(source: Definition) {
    this.#source = source
    this.#decoder = new Decoder(source, this.#dictionary, nothingElse)
    this.#batch = Batch.make(source, this.#dictionary, 0, 1)
  }

  /** Whether the record is one of the source; its key and time are then those of the reader. */
  read({ bytes, ends, starts }: Chunk, index: number): boolean {
    if (this.#dictionary.texts.length > dictionaryBound) this.#renew()
    this.#batch.length = 0
    return this.#decoder.decode(bytes, starts[index]!, ends[index]!, this.#batch) === null
  }

  get key(): string {
    return this.#dictionary.textOf(this.#batch.keys[0]!)
  }

  /** Milliseconds since the epoch. */
  get time(): number {
    return this.#batch.times[0]!
  }

  #renew(): void {
    this.#dictionary = new Batch.Dictionary()
    this.#decoder = new Decoder(this.#source, this.#dictionary, nothingElse)
    this.#batch = Batch.make(this.#source, this.#dictionary, 0, 1)
  }
}
