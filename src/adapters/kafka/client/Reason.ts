/** What has to be changed before brokers do what is asked of them: what was found, and not how a program is told. */
import { Schema } from "effect"

const { TaggedStruct: found } = Schema

const topic = { topic: Schema.String, brokers: Schema.String }

export const Reason = Schema.Union([
  /** The listener speaks TLS, and was spoken to without. */
  found("wants-tls", {}),
  /** The listener speaks no TLS, and was spoken to with it. */
  found("speaks-no-tls", {}),
  /** The listener wants a client certificate, and was shown none. */
  found("wants-certificate", {}),
  /** The listener does not take the client certificate. */
  found("certificate-refused", {}),
  /** The broker's certificate is signed by nobody who is trusted. */
  found("certificate-untrusted", {}),
  /** The listener wants a user and a password, and was given none. */
  found("wants-user", {}),
  /** The listener knows no users, and was given one. */
  found("knows-no-users", {}),
  /** The user or the password is wrong. */
  found("user-refused", {}),
  /** The token is not one that the listener takes. */
  found("token-refused", {}),
  /** The listener takes other mechanisms of SASL, upper-case as in `SCRAM-SHA-256`. */
  found("other-mechanism", { mechanisms: Schema.Array(Schema.String) }),
  /** There is no such topic, and it was not to be made. */
  found("topic-missing", topic),
  /** The topic has `existing` partitions in place of the `wanted` ones. */
  found("other-partitions", { ...topic, existing: Schema.Int, wanted: Schema.Int }),
  /** The topic's settings are not these, by their names in Kafka. */
  found("other-settings", { ...topic, settings: Schema.Record(Schema.String, Schema.String) }),
  /** Records were deleted before they were read; `isSkippable` where the gap can be recorded in the log. */
  found("records-deleted", { isSkippable: Schema.Boolean }),
  /** The topic has got partitions that are not read. */
  found("partitions-added", {}),
  /** The topic was deleted, and another one has its name. */
  found("topic-made-anew", {}),
  /** Another process has taken the place of this one in its group. */
  found("place-lost", {}),
  /** Another process is active in the group, and this one was not to wait. */
  found("place-held", {}),
  /** A record is larger than its topic takes. */
  found("record-too-large", { ...topic, settings: Schema.Record(Schema.String, Schema.String) }),
  /** The topic ends before what was read of it: the brokers lost records. */
  found("log-shrunk", {})
])
export type Reason = typeof Reason.Type
