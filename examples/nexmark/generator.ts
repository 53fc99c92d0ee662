/**
 * Events of the Nexmark model, as many as are asked for. Of each 50 one is a person, 3 are auctions and 46 are bids. Some are
 * hot: half of the bids are for one auction of the last hundred, three quarters of them are made by one person, and three
 * quarters of the auctions are one person's. Every event depends on the seed and its number alone.
 */
import type { Auction, Bid, Person } from "./model.ts"

export type Event =
  | { readonly topic: "persons"; readonly row: Person }
  | { readonly topic: "auctions"; readonly row: Auction }
  | { readonly topic: "bids"; readonly row: Bid }

export interface Options {
  readonly events: number
  readonly seed?: number
  /** Of event time. */
  readonly eventsPerSecond?: number
  /** When the first event happened, in milliseconds since the epoch. */
  readonly start?: number
  /** Events come in groups of so many, and those of a group in any order: 1 for the order of their times. */
  readonly outOfOrderGroup?: number
}

const [personsPerRound, auctionsPerRound, eventsPerRound] = [1, 3, 50]
const [firstPerson, firstAuction, firstCategory, categories] = [1_000, 1_000, 10, 5]
const [activePeople, auctionsInFlight, hotEvery] = [1_000, 100, 100]

const states = ["AZ", "CA", "ID", "OR", "WA", "WY"]
const cities = ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"]
const firstNames = ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"]
const lastNames = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"]
const hotChannels = ["Google", "Facebook", "Baidu", "Apple"]

export function* generate({ events, eventsPerSecond = 1_000, outOfOrderGroup = 1, seed = 1, start = 0 }: Options): Generator<Event> {
  for (let first = 0; first < events; first += outOfOrderGroup) {
    const numbers = Array.from({ length: Math.min(outOfOrderGroup, events - first) }, (_, index) => first + index)
    for (const number of shuffled(numbers, new Random(seed, -1 - first))) {
      const time = (of: number) => start + Math.floor(of * 1_000 / eventsPerSecond)
      yield eventOf(number, time, new Random(seed, number))
    }
  }
}

const eventOf = (number: number, time: (number: number) => number, random: Random): Event => {
  const inRound = number % eventsPerRound
  if (inRound < personsPerRound) return { topic: "persons", row: personOf(number, time(number), random) }
  if (inRound < personsPerRound + auctionsPerRound) return { topic: "auctions", row: auctionOf(number, time, random) }
  return { topic: "bids", row: bidOf(number, time(number), random) }
}

/** How many there are up to an event, less one: counted from 0, the last one. */
const lastPerson = (number: number) => Math.floor(number / eventsPerRound) * personsPerRound
const lastAuction = (number: number) =>
  Math.floor(number / eventsPerRound) * auctionsPerRound +
  Math.min(number % eventsPerRound, auctionsPerRound) - personsPerRound

const anyPerson = (number: number, random: Random) => lastPerson(number) - random.below(Math.min(activePeople, lastPerson(number) + 1))
const hotPerson = (number: number) => Math.floor(lastPerson(number) / hotEvery) * hotEvery
const anyAuction = (number: number, random: Random) => lastAuction(number) - random.below(Math.min(auctionsInFlight, lastAuction(number) + 1))
const hotAuction = (number: number) => Math.floor(lastAuction(number) / hotEvery) * hotEvery

const personOf = (number: number, dateTime: number, random: Random): Person => {
  const name = `${random.of(firstNames)} ${random.of(lastNames)}`
  const row = {
    id: firstPerson + lastPerson(number),
    name,
    emailAddress: `${random.letters(7)}@${random.letters(5)}.com`,
    creditCard: Array.from({ length: 4 }, () => String(random.below(10_000)).padStart(4, "0")).join(" "),
    city: random.of(cities),
    state: random.of(states),
    dateTime
  }
  return { ...row, extra: extraOf(200, row, random) }
}

const auctionOf = (number: number, time: (number: number) => number, random: Random): Auction => {
  const initialBid = priceOf(random)
  // It is open about as long as it takes for as many others to begin as are open at a time.
  const others = random.below(2 * auctionsInFlight) + 1
  const row = {
    id: firstAuction + lastAuction(number),
    itemName: random.letters(20),
    description: random.letters(100),
    initialBid,
    reserve: initialBid + priceOf(random),
    dateTime: time(number),
    expires: time(number + Math.ceil(others * eventsPerRound / auctionsPerRound)),
    seller: firstPerson + (random.below(4) > 0 ? hotPerson(number) : anyPerson(number, random)),
    category: firstCategory + random.below(categories)
  }
  return { ...row, extra: extraOf(500, row, random) }
}

const bidOf = (number: number, dateTime: number, random: Random): Bid => {
  const channel = random.below(10_000)
  const isHot = random.below(2) > 0
  const id = random.below(10) > 0 ? `&channel_id=${(channel * 48_271) % 2_147_483_647}` : ""
  const row = {
    auction: firstAuction + (random.below(2) > 0 ? hotAuction(number) : anyAuction(number, random)),
    bidder: firstPerson + (random.below(4) > 0 ? hotPerson(number) : anyPerson(number, random)),
    price: priceOf(random),
    channel: isHot ? random.of(hotChannels) : `channel-${channel}`,
    url: `https://www.nexmark.com/${random.letters(5)}/${random.letters(5)}/${random.letters(5)}/item.htm?query=1${isHot ? "" : id}`,
    dateTime
  }
  return { ...row, extra: extraOf(100, row, random) }
}

/** From a dollar to a million, each power of ten as often as the next. */
const priceOf = (random: Random): number => Math.round(10 ** (random.next() * 6) * 100)

/** As much as a record lacks of the size that it has on average. */
const extraOf = (size: number, row: object, random: Random): string => random.letters(Math.max(0, size - JSON.stringify(row).length))

const shuffled = (numbers: ReadonlyArray<number>, random: Random): ReadonlyArray<number> =>
  numbers.map((number) => ({ number, place: numbers.length === 1 ? 0 : random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ number }) => number)

/** Xorshift (Marsaglia, 2003), begun anew for each event: an event does not depend on those before it. */
class Random {
  #state: number

  constructor(seed: number, place: number) {
    const mixed = Math.imul(seed ^ Math.imul(place, 0x9e3779b1), 0x85ebca6b)
    // It stays at 0 for ever where it begins with it.
    this.#state = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) || 1
    this.next()
  }

  next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  of<A>(all: ReadonlyArray<A>): A {
    // Below the length there is always one.
    return all[this.below(all.length)] as A
  }

  letters(length: number): string {
    let text = ""
    for (let i = 0; i < length; i++) text += String.fromCharCode(97 + this.below(26))
    return text
  }
}
