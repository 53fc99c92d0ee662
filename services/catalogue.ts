/** All services, in the order that help and messages have them in: each after the one that it needs. */
import { grafana } from "./grafana/grafana.ts"
import { influxdb } from "./influxdb/influxdb.ts"
import { kafka } from "./kafka/kafka.ts"
import { kafkaSecure } from "./kafka/kafkaSecure.ts"
import { kafkaZookeeper } from "./kafka/kafkaZookeeper.ts"
import { spark } from "./spark/spark.ts"
import type { Service } from "./tool/Service.ts"

export const services: ReadonlyArray<Service> = [kafka, kafkaZookeeper, kafkaSecure, influxdb, grafana, spark]
