/**
 * What the adapter needs of a Kafka client, and no more: the one place where libraries are told apart.
 *
 * Reading goes by partitions and offsets that the caller names, without a consumer group: offsets belong to
 * the checkpoint. What is read comes as the bytes that the broker sent, see `RecordBatches`.
 */
import { type Effect, Schema, type Scope } from "effect"
import type { Request as GroupRequest } from "./Group.ts"
import { Reason } from "./Reason.ts"

export class KafkaError extends Schema.TaggedError<KafkaError>()("KafkaError", {
  message: Schema.String,
  /** Whether the same request may succeed later: the broker is away, or has not made up its mind. */
  retriable: Schema.Boolean,
  /** The protocol's name of the error, such as `MESSAGE_TOO_LARGE`; none where the network failed. */
  code: Schema.NullOr(Schema.String),
  /** What was found, where something has to be changed before another attempt. */
  reason: Schema.optionalKey(Reason),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export interface Message {
  readonly key: Uint8Array | null
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch, not negative. */
  readonly timestamp: number
  readonly headers: { readonly [name: string]: string }
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  readonly configs: { readonly [name: string]: string }
}

/** A topic as it is read: by its id, 32 hexadecimal digits. One that was deleted and made again has another. */
export interface Topic {
  readonly name: string
  readonly id: string
}

/** Where to read on in a partition. */
export interface Place {
  readonly partition: number
  readonly offset: number
}

export interface Fetched {
  readonly partition: number
  /** 0, or one of https://kafka.apache.org/protocol#protocol_error_codes. */
  readonly errorCode: number
  /** Up to here, exclusive, transactions are decided. */
  readonly lastStableOffset: number
  readonly aborted: ReadonlyArray<{ readonly producerId: bigint; readonly firstOffset: number }>
  /** Record batches as they are on the wire; the last may be cut off. */
  readonly batches: Buffer
  /** Says that nobody looks at the batches any more; where nothing else is in their memory, it is given back when all of an answer are done with. */
  readonly release?: () => void
}

/** Fetches of a topic over connections of their own, since the broker answers one request of a connection at a time. */
export interface Reader {
  /** The partitions that each broker leads, as last known. */
  readonly leaders: Effect.Effect<ReadonlyMap<number, ReadonlyArray<number>>, KafkaError>
  /** Waits up to half a second where there is nothing yet. Earlier places are served first. */
  readonly fetch: (leader: number, places: ReadonlyArray<Place>) => Effect.Effect<ReadonlyArray<Fetched>, KafkaError>
}

export interface Client {
  /** The number of a topic's partitions, `null` where there is no such topic. */
  readonly partitions: (topic: string) => Effect.Effect<number | null, KafkaError>
  /** Fails where there is no such topic. */
  readonly topic: (name: string) => Effect.Effect<Topic, KafkaError>
  readonly configs: (topic: string) => Effect.Effect<ReadonlyMap<string, string>, KafkaError>
  /** A topic that is there already is left as it is. */
  readonly create: (topic: NewTopic) => Effect.Effect<void, KafkaError>
  /** The offset of the first (`earliest`), or of the next (`latest`) record of each partition. */
  readonly offsets: (topic: string, which: "earliest" | "latest") => Effect.Effect<ReadonlyArray<number>, KafkaError>
  /**
   * Appends messages in one batch, all or none, and returns the offset of the first; done when all replicas
   * in sync have them. Tries again by itself while the failure may pass. That a repetition is stored once is up to
   * the broker, which knows its producers for a day after the newest timestamp of their records: whoever sends older
   * timestamps says with `landed` whether a request that failed was stored after all, and where. See `Producers`.
   */
  readonly produce: (
    topic: string,
    partition: number,
    messages: ReadonlyArray<Message>,
    landed?: Effect.Effect<number | null, KafkaError>
  ) => Effect.Effect<number, KafkaError>
  /**
   * Takes a name that writers have in turn, and gives the way to write under it. What an earlier holder of the name sends
   * to a topic is refused (`PRODUCER_FENCED`, `INVALID_PRODUCER_EPOCH`) from this one's first record in that topic
   * on, as long as its partitions remember the name: for a day after the last record under it, unless
   * `producer.id.expiration.ms` of the brokers says otherwise. To the topics that are named here, where they exist, what it
   * sends is refused from the moment on at which this returns.
   */
  readonly takeOver: (name: string, topics?: ReadonlyArray<string>) => Effect.Effect<Client["produce"], KafkaError>
  /** Sends a request to whichever broker looks after a consumer group, and gives the body of the answer. */
  readonly askCoordinator: (group: string, request: GroupRequest) => Effect.Effect<Buffer, KafkaError>
  /** Its fetches fail with the reason `topic-made-anew` where the topic of this name is another one by now. */
  readonly reader: (topic: Topic) => Effect.Effect<Reader, KafkaError, Scope.Scope>
}
