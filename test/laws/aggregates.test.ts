/** The slots of the engine in process keep the laws of aggregates. */
import * as AggregateLaws from "../../src/testing/AggregateLaws.ts"

AggregateLaws.suite("in process", AggregateLaws.makeSlots)
