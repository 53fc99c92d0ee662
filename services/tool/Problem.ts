/** What the tool says when it cannot go on: one line, with what to do about it. */
import { Schema } from "effect"

export class ServiceProblem extends Schema.TaggedError<ServiceProblem>()("ServiceProblem", {
  message: Schema.String
}) {}

export const problem = (message: string): ServiceProblem => new ServiceProblem({ message })
