/** Reads the body of a request of the protocol's older versions from its beginning on. */
export class RequestReader {
  readonly #body: Buffer
  #at = 0

  constructor(body: Buffer) {
    this.#body = body
  }

  int32(): number {
    return this.#body.readInt32BE((this.#at += 4) - 4)
  }

  int64(): bigint {
    return this.#body.readBigInt64BE((this.#at += 8) - 8)
  }

  /** The empty text where there is none. */
  text(): string {
    const length = Math.max(0, this.#body.readInt16BE((this.#at += 2) - 2))
    return this.#body.toString("utf8", this.#at, this.#at += length)
  }
}
