/** A store behind a sink: what it is called in messages, and what tells it from any other, one in its former place too. */
export interface Store {
  readonly name: string
  readonly id: string
}
