/** The manifests of `kubernetes/`, read as a cluster reads them. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { parse } from "yaml"
import { Effect } from "effect"
import { courant } from "./cli/courant.ts"

const folder = join(import.meta.dirname, "../kubernetes")

const manifest = (file: string) => parse(readFileSync(join(folder, file), "utf8"))

it("are what a cluster is given: all of the folder, and each of its parts fits the others", () => {
  const { resources } = manifest("kustomization.yaml")
  expect([...resources, "kustomization.yaml"].sort()).toEqual(readdirSync(folder).sort())
  const labels = { "app.kubernetes.io/name": "courant" }
  const { metadata, spec } = manifest("deployment.yaml")
  const { spec: pod, metadata: ofPod } = spec.template
  expect([metadata.labels, ofPod.labels, spec.selector.matchLabels]).toEqual([labels, labels, labels])
  expect(manifest("disruption.yaml").spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } })
  expect(manifest("service.yaml").spec.selector).toEqual(labels)
  expect(spec.replicas).toBe(3)

  const [container] = pod.containers
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } })
  expect(pod.securityContext.runAsUser).toBeGreaterThan(0)
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] }
  })
  const config = manifest("config.yaml")
  expect(container.envFrom).toEqual([{ configMapRef: { name: config.metadata.name } }, { secretRef: { name: "courant" } }])
  expect(Object.keys(config.data)).toEqual(["COURANT_KAFKA_BROKERS", "COURANT_KAFKA_TOPIC"])
  const [{ containerPort, name }] = container.ports
  expect(container.args).toContain(`--port=${containerPort}`)
  for (const probe of [container.startupProbe, container.readinessProbe]) expect(probe.tcpSocket.port).toBe(name)
  expect(container.livenessProbe.exec.command.at(-1)).toContain(`http://127.0.0.1:${containerPort}/api/health`)
})

it("start a command that courant knows, with flags that it has", async () => {
  const [{ args }] = manifest("deployment.yaml").spec.template.spec.containers
  const env = { COURANT_KAFKA_TOPIC: "ticks", COURANT_TOKEN: "0123456789abcdef" }
  // All flags are read before a broker is asked for.
  const { code, stderr } = await Effect.runPromise(courant(args.join(" "), { cwd: folder, env }))
  expect([code, stderr]).toEqual([2, "courant: Kafka needs --brokers HOST:PORT, or COURANT_KAFKA_BROKERS\n"])
})
