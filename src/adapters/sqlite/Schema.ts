/** The tables, and how a database of an earlier version becomes one of this. */
import type { DatabaseSync } from "node:sqlite"

/** Marks the file as ours: "cour" in ASCII (https://sqlite.org/pragma.html#pragma_application_id). */
export const applicationId = 0x636f7572

/** The version of a database, kept in `user_version`, is the number of these that have been applied. */
export const migrations: ReadonlyArray<string> = [
  `
  create table topics (
    id integer primary key,
    name text not null unique,
    partitions integer not null,
    position text
  ) strict;

  -- One row a chunk, as it came: a row a record would be three times slower to write and ten to read.
  create table chunks (
    topic integer not null references topics (id),
    partition integer not null,
    next integer not null,        -- one past the offset of its last record
    length integer not null,      -- number of records
    appended_at integer not null, -- milliseconds since the epoch
    lengths blob not null,        -- bytes of each record, little-endian int32; -1 for one without a value
    kinds blob not null,          -- one byte a record
    bytes blob not null,          -- the records one after another
    primary key (topic, partition, next)
  ) strict;

  create table panes (
    pipeline text not null,
    key text not null,
    start integer not null,
    "end" integer not null,
    pane text not null,
    revision integer not null,
    "values" text not null,
    primary key (pipeline, key, start, "end")
  ) strict, without rowid;

  create index panes_by_start on panes (start, "end", pipeline, key);

  create table checkpoints (
    id integer primary key autoincrement,
    name text not null,
    sealed text not null
  ) strict;

  create index checkpoints_by_name on checkpoints (name, id);

  create table dead_letters (
    topic text not null,
    partition integer not null,
    offset integer not null,
    pipeline text,
    reason text not null,
    detail text not null,
    bytes blob not null
  ) strict;

  -- Two nulls are different to a unique index; the empty blob stands for null and equals no text.
  create unique index dead_letters_identity on dead_letters (topic, partition, offset, ifnull(pipeline, x''));
  `,
  // Of panes that were written before, nobody has counted what they were made of: any that comes is newer.
  "alter table panes add column changes integer not null default 0;",
  `
  create table "rows" (
    pipeline text not null,
    source text not null,
    "partition" integer not null,
    "offset" integer not null,
    key text not null,
    time integer not null,        -- milliseconds since the epoch
    "values" text not null,
    primary key (pipeline, source, "partition", "offset")
  ) strict, without rowid;

  create index rows_by_time on "rows" (time, source, "partition", "offset", pipeline);
  `,
  // What tells a topic from one of its name in another database. None is ever without, since all are made with one.
  `
  alter table topics add column identity text not null default '';
  update topics set identity = lower(hex(randomblob(16)));

  -- One row: what tells the database from any other.
  create table identity (id text not null) strict;
  insert into identity values (lower(hex(randomblob(16))));
  `,
  // Decisions stood in the log itself, each in a chunk of its own. Whose they were nobody has noted: they count for all.
  `
  create table decisions (
    log text not null,      -- the topic's identity
    consumer text not null, -- the processor that took it
    identity text not null,
    decision text not null,
    primary key (log, consumer, identity)
  ) strict, without rowid;

  insert or replace into decisions
  select topics.identity, '', json_array('idle', partition, next - 1, said ->> 'eventTime'), json_set(said, '$.partition', partition, '$.at', next - 1)
  from (select *, cast(bytes as text) as said from chunks where kinds = x'02') join topics on topics.id = topic
  where said ->> '_tag' = 'idle';

  insert or replace into decisions
  select topics.identity, '', json_array('end', next - 1), json_object('_tag', 'end', 'at', json_array(next - 1))
  from (select *, cast(bytes as text) as said from chunks where kinds = x'02') join topics on topics.id = topic
  where said ->> '_tag' = 'end' and topics.partitions = 1;

  delete from chunks where kinds = x'02';

  -- CRC-32 of lengths, kinds and bytes; null in rows of before, which nobody can look over.
  alter table chunks add column checksum integer;
  `,
  // What was saved before has a form that is not read any more: it is computed again from the log.
  `
  drop table checkpoints;

  -- One row a part: its bytes are a file of this name in the folder "checkpoints".
  create table checkpoint_parts (
    name text not null,
    chain integer not null,
    sequence integer not null,
    file text not null,
    head text not null,
    primary key (name, chain, sequence)
  ) strict, without rowid;
  `,
  // By window, so that the panes of one that closes lie side by side: by key each would be on a page of its own, which is
  // written whole. For the same reason only panes of small windows are in the index by key; see `SqliteResultSink`.
  `
  alter table panes rename to panes_by_key;

  create table panes (
    pipeline text not null,
    key text not null,
    start integer not null,
    "end" integer not null,
    pane text not null,
    revision integer not null,
    changes integer not null,
    "values" text not null,
    has_key integer not null,     -- whether it is in the index by key
    primary key (pipeline, start, "end", key)
  ) strict, without rowid;

  create table wide_windows (
    pipeline text not null,
    start integer not null,
    "end" integer not null,
    primary key (pipeline, start, "end")
  ) strict, without rowid;

  insert into wide_windows
  select pipeline, start, "end" from panes_by_key group by pipeline, start, "end" having count(*) > 256;

  insert into panes
  select pipeline, key, start, "end", pane, revision, changes, "values",
    (pipeline, start, "end") not in (select pipeline, start, "end" from wide_windows)
  from panes_by_key order by pipeline, start, "end", key;

  drop table panes_by_key;
  create index panes_with_key on panes (pipeline, key, start, "end") where has_key = 1;

  -- The first offset that can be read, of partitions whose beginning was removed.
  create table beginnings (
    topic integer not null references topics (id),
    "partition" integer not null,
    "offset" integer not null,
    primary key (topic, "partition")
  ) strict, without rowid;
  `,
  // Pairs of one left row are told apart by what is joined to it; a row that is no pair has the empty text there.
  `
  alter table "rows" rename to single_rows;
  drop index rows_by_time;

  create table "rows" (
    pipeline text not null,
    source text not null,
    "partition" integer not null,
    "offset" integer not null,
    joined text not null,
    key text not null,
    time integer not null,
    "values" text not null,
    primary key (pipeline, source, "partition", "offset", joined)
  ) strict, without rowid;

  insert into "rows" select pipeline, source, "partition", "offset", '', key, time, "values" from single_rows;
  drop table single_rows;
  create index rows_by_time on "rows" (time, source, "partition", "offset", joined, pipeline);
  `,
  // One row a key, so that all of them are found, however many windows each has had; see `NewestWindows`.
  `
  create table newest_windows (
    pipeline text not null,
    key text not null,
    start integer not null,
    "end" integer not null,
    primary key (pipeline, key)
  ) strict, without rowid;

  insert into newest_windows
  select pipeline, key, start, "end" from panes where pane <> 'retracted' order by start, "end"
  on conflict do update set start = excluded.start, "end" = excluded."end";
  `,
  // Letters are counted by reason, and the latest looked at, without their bytes.
  `
  create index dead_letters_by_reason on dead_letters (reason);
  create index dead_letters_by_pipeline on dead_letters (pipeline, reason);
  `,
  // Few of each, as JSON.
  `
  create table alerts (
    number integer primary key,   -- in the order in which they were made
    id text not null unique,
    alert text not null,
    position text                 -- how far its windows have been looked at
  ) strict;

  create table alert_firings (
    id integer primary key,
    alert text not null,
    firing text not null
  ) strict;

  create index alert_firings_by_alert on alert_firings (alert);
  `
]

/** Brings a database up to date, or says why it cannot be used. */
export const migrate = (connection: DatabaseSync, readOnly: boolean): string | undefined => {
  const version = pragma(connection, "user_version")
  const id = pragma(connection, "application_id")
  const empty = version === 0 && id === 0 && connection.prepare("select 1 from sqlite_schema").get() === undefined
  if (!empty && id !== applicationId) return "holds a database of another program; choose another folder"
  if (version > migrations.length) return "was written by a newer version of courant; use that, or another folder"
  if (version === migrations.length) return undefined
  if (readOnly) return "was written by an older version of courant; run this version on it once to bring it up to date"

  connection.exec(`
    begin immediate;
    ${migrations.slice(version).join("\n")}
    pragma application_id = ${applicationId};
    pragma user_version = ${migrations.length};
    commit
  `)
  return undefined
}

const pragma = (connection: DatabaseSync, name: string): number =>
  Number(connection.prepare(`pragma ${name}`).get()?.[name])
