/**
 * One consumer group as its coordinator in a broker knows it, asked and answering in the protocol's bytes: members with a
 * name of their own (KIP-345), whose place the next of that name takes; members of other kinds that come and go, at the
 * price of a new generation; sessions that run out; offsets.
 */
import type { Request } from "../../../src/adapters/kafka/client/Group.ts"
import { bytes, int16, int32, int64, text } from "../../../src/adapters/kafka/wire/Wire.ts"
import type { Holding } from "./Law.ts"
import { RequestReader } from "./RequestReader.ts"

/** Gives the body of the answer, now or when others have come. */
type Reply = (body: Buffer) => void

interface Member {
  readonly id: string
  /** `null` of one of another kind, which does what is expected of it by itself. */
  readonly instance: string | null
  /** Who has asked to be it. */
  readonly holding: Holding | null
  readonly session: number
  expiresAt: number
  /** It has asked to join, and waits for the others. */
  hasJoined: boolean
  /** What waits for an answer. */
  joining: Reply | null
  syncing: Reply | null
}

export interface Witness {
  /** The place is a holding's from now on. */
  readonly joins: (holding: Holding) => void
  /** Nobody is remembered who has had the place after this one. */
  readonly returns: (holding: Holding) => void
  readonly commits: (holding: Holding, offsets: ReadonlyArray<number>) => void
}

const errors = {
  none: 0,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalancing: 27,
  fencedInstance: 82
} as const

const join = 11
const sync = 14
const heartbeat = 12
const commit = 8
const fetchOffsets = 9

/** What is left of a group when its broker starts again. */
interface Remembered {
  readonly generation: number
  readonly leader: string
  readonly members: ReadonlyArray<Pick<Member, "holding" | "id" | "instance" | "session">>
}

export class Coordinator {
  readonly #now: () => number
  readonly #witness: Witness
  readonly offsets = new Map<number, number>()
  /** What it says to all, for a while. */
  refusal: 14 | 16 | null = null
  /** What happens when the next one joins. */
  onJoin: (() => void) | null = null
  #state: "completing" | "empty" | "preparing" | "stable" = "empty"
  #generation = 0
  #leader = ""
  #members = new Map<string, Member>()
  #named = 0
  /** Who has not joined by then is not waited for. */
  #completeBy = 0
  #remembered: Remembered = { generation: 0, leader: "", members: [] }

  constructor(now: () => number, witness: Witness) {
    this.#now = now
    this.#witness = witness
  }

  answer(holding: Holding, { apiKey, body }: Request, reply: Reply): void {
    const reader = new RequestReader(body)
    if (apiKey === join) this.#join(holding, reader, reply)
    else if (apiKey === sync) this.#sync(reader, reply)
    else if (apiKey === heartbeat) reply(short(this.refusal ?? this.#heartbeat(reader)))
    else if (apiKey === commit) this.#commit(holding, reader, reply)
    else if (apiKey === fetchOffsets) this.#fetchOffsets(reader, reply)
    else throw new Error(`no coordinator understands ${apiKey}`)
  }

  // What others do, and what time does.

  /** A member of another kind comes. */
  guestComes(session: number): void {
    this.#prepare(this.#add(null, null, session))
  }

  guestLeaves(): void {
    const guest = [...this.#members.values()].find(({ instance }) => instance === null)
    if (guest !== undefined) this.#remove(guest)
  }

  get guests(): number {
    return [...this.#members.values()].filter(({ instance }) => instance === null).length
  }

  /** Forgets who has been silent for too long, and waits no longer for whom it has waited long enough. */
  tick(): void {
    const now = this.#now()
    for (const member of this.#members.values()) {
      if (member.instance === null) this.#beGuest(member)
      else if (member.joining === null && member.syncing === null && member.expiresAt <= now) this.#remove(member)
    }
    if (this.#state === "preparing" && this.#completeBy <= now) this.#complete()
  }

  /** The broker starts again: what it had been asked and not answered is forgotten, and each member has a session's time. */
  restart(): void {
    const { generation, leader, members } = this.#remembered
    this.#generation = generation
    this.#leader = leader
    this.#members = new Map()
    for (const member of members) {
      this.#members.set(member.id, this.#known(member))
      if (member.holding !== null) this.#witness.returns(member.holding)
    }
    this.#state = members.length === 0 ? "empty" : "stable"
  }

  // What is asked.

  #join(holding: Holding, reader: RequestReader, reply: Reply): void {
    reader.text() // the group
    const session = reader.int32()
    reader.int32() // the time of a rebalance, which is that of a session
    const [id, instance] = [reader.text(), reader.text()]
    const refuse = (error: number) => reply(joined({ error, generation: -1, leader: "", id }))
    if (this.refusal !== null) return refuse(this.refusal)
    const before = this.#instance(instance)
    if (id !== "") {
      const error = this.#unknown(id, instance)
      if (error !== errors.none) return refuse(error)
    }
    this.#witness.joins(holding)
    const { onJoin } = this
    this.onJoin = null
    onJoin?.()
    if (id === "" && before !== undefined) return this.#replace(holding, before, reply)
    const member = this.#members.get(id) ?? this.#add(holding, instance, session)
    const isAsBefore = id !== "" && (this.#state === "completing" || (this.#state === "stable" && id !== this.#leader))
    if (isAsBefore) return reply(joined({ error: errors.none, generation: this.#generation, leader: this.#leader, id }))
    member.joining = reply
    this.#prepare(member)
  }

  /** The next of a name takes the place at once, and nobody else has to join again for that. */
  #replace(holding: Holding, former: Member, reply: Reply): void {
    this.#members.delete(former.id)
    former.joining?.(joined({ error: errors.fencedInstance, generation: -1, leader: "", id: former.id }))
    former.syncing?.(short(errors.fencedInstance))
    const member = this.#add(holding, former.instance, former.session)
    const leader = this.#leader
    if (leader === former.id) this.#leader = member.id
    if (this.#state === "stable") {
      this.#remember()
      return reply(joined({ error: errors.none, generation: this.#generation, leader, id: member.id }))
    }
    member.joining = reply
    this.#prepare(member)
  }

  #sync(reader: RequestReader, reply: Reply): void {
    const { error, member } = this.#asker(reader)
    if (this.refusal !== null) return reply(short(this.refusal))
    if (member === undefined || error !== errors.none) return reply(short(error))
    if (this.#state === "preparing") return reply(short(errors.rebalancing))
    member.expiresAt = this.#now() + member.session
    if (this.#state === "stable") return reply(short(errors.none))
    member.syncing = reply
    if (member.id === this.#leader) this.#settle()
  }

  #heartbeat(reader: RequestReader): number {
    const { error, member } = this.#asker(reader)
    if (member === undefined || error !== errors.none) return error
    member.expiresAt = this.#now() + member.session
    return this.#state === "preparing" ? errors.rebalancing : errors.none
  }

  #commit(holding: Holding, reader: RequestReader, reply: Reply): void {
    const { error, generation, member } = this.#asker(reader)
    reader.int32() // one topic
    const topic = reader.text()
    const offsets = Array.from({ length: reader.int32() }, () => {
      reader.int32() // partitions, in their order
      const offset = Number(reader.int64())
      reader.int32()
      reader.text()
      return offset
    })
    // Who is nobody commits where nobody is a member.
    const isByNobody = generation < 0 && this.#state === "empty"
    const code = this.refusal ?? (isByNobody ? errors.none : error !== errors.none ? error : this.#state === "completing" ? errors.rebalancing : errors.none)
    if (code === errors.none) {
      if (member !== undefined) member.expiresAt = this.#now() + member.session
      offsets.forEach((offset, partition) => this.offsets.set(partition, offset))
      this.#witness.commits(holding, offsets)
    }
    reply(Buffer.concat([
      int32(0), int32(1), text(topic), int32(offsets.length),
      ...offsets.flatMap((_, partition) => [int32(partition), int16(code)])
    ]))
  }

  #fetchOffsets(reader: RequestReader, reply: Reply): void {
    reader.text() // the group
    reader.int32() // one topic
    const topic = reader.text()
    const partitions = Array.from({ length: reader.int32() }, () => reader.int32())
    const none = int16(-1)
    reply(Buffer.concat([
      int32(0), int32(1), text(topic), int32(partitions.length),
      ...partitions.flatMap((partition) => [int32(partition), int64(this.offsets.get(partition) ?? -1), none, int16(errors.none)]),
      int16(this.refusal ?? errors.none)
    ]))
  }

  /** Who asks, and whether it is who it takes itself for, in the generation that there is. */
  #asker(reader: RequestReader): { readonly error: number; readonly generation: number; readonly member: Member | undefined } {
    reader.text() // the group
    const generation = reader.int32()
    const [id, instance] = [reader.text(), reader.text()]
    const unknown = this.#unknown(id, instance)
    const error = unknown === errors.none && generation !== this.#generation ? errors.illegalGeneration : unknown
    return { error, generation, member: this.#members.get(id) }
  }

  #unknown(id: string, instance: string): number {
    const holder = this.#instance(instance)
    if (holder !== undefined && holder.id !== id) return errors.fencedInstance
    return this.#members.has(id) ? errors.none : errors.unknownMember
  }

  #instance(instance: string): Member | undefined {
    return [...this.#members.values()].find((member) => member.instance === instance)
  }

  // Generations.

  #known(member: Remembered["members"][number]): Member {
    return { ...member, expiresAt: this.#now() + member.session, hasJoined: false, joining: null, syncing: null }
  }

  #add(holding: Holding | null, instance: string | null, session: number): Member {
    const member = this.#known({ id: `${instance ?? "guest"}-${++this.#named}`, holding, instance, session })
    this.#members.set(member.id, member)
    return member
  }

  #remove(member: Member): void {
    this.#members.delete(member.id)
    if (this.#members.size > 0) return this.#prepare()
    this.#generation++
    this.#state = "empty"
    this.#remember()
  }

  /** All are to join again; one may be the first to do so. */
  #prepare(first?: Member): void {
    const members = [...this.#members.values()]
    if (this.#state !== "preparing") {
      this.#completeBy = this.#now() + Math.max(...members.map(({ session }) => session))
      for (const member of members) {
        member.hasJoined = false
        member.syncing?.(short(errors.rebalancing))
        member.syncing = null
      }
    }
    this.#state = "preparing"
    if (first !== undefined) first.hasJoined = true
    if (members.every(({ hasJoined }) => hasJoined)) this.#complete()
  }

  #complete(): void {
    const joinedOnes = [...this.#members.values()].filter(({ hasJoined }) => hasJoined)
    if (joinedOnes.length === 0) {
      this.#completeBy = Infinity
      return
    }
    this.#generation++
    this.#state = "completing"
    if (!joinedOnes.some(({ id }) => id === this.#leader)) this.#leader = joinedOnes[0]!.id
    for (const member of joinedOnes) {
      member.expiresAt = this.#now() + member.session
      const reply = member.joining
      member.joining = null
      reply?.(joined({ error: errors.none, generation: this.#generation, leader: this.#leader, id: member.id }))
    }
  }

  /** The leader has said who does what. */
  #settle(): void {
    this.#state = "stable"
    this.#remember()
    for (const member of this.#members.values()) {
      member.syncing?.(short(errors.none))
      member.syncing = null
    }
  }

  #beGuest(guest: Member): void {
    if (this.#state === "preparing" && !guest.hasJoined) {
      this.#prepare(guest)
    } else if (this.#state === "completing" && guest.id === this.#leader) this.#settle()
  }

  #remember(): void {
    const members = [...this.#members.values()].map(({ holding, id, instance, session }) => ({ holding, id, instance, session }))
    this.#remembered = { generation: this.#generation, leader: this.#leader, members }
  }
}

/** The answer to a SyncGroup and to a Heartbeat, as far as it is read. */
const short = (error: number): Buffer => Buffer.concat([int32(0), int16(error), bytes(Buffer.alloc(0))])

const joined = ({ error, generation, id, leader }: {
  readonly error: number
  readonly generation: number
  readonly leader: string
  readonly id: string
}): Buffer =>
  Buffer.concat([int32(0), int16(error), int32(generation), text("courant"), text(leader), text(id), int32(0)])
