/** All services, in the order that help and messages have them in. */
import { kafka } from "./kafka/kafka.ts"
import { kafkaZookeeper } from "./kafka/kafkaZookeeper.ts"
import type { Service } from "./tool/Service.ts"

export const services: ReadonlyArray<Service> = [kafka, kafkaZookeeper]
