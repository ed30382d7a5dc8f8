import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { recordsOf } from '../support/collector.ts';
import { startGateway } from '../support/gateway.ts';
import { HeadgateProcess } from '../support/headgate-process.ts';
import { Device } from '../support/mqtt-client.ts';
import { NatsServer } from '../support/nats-server.ts';
import { Oracle } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';
import { eventually } from '../support/wait.ts';

const place = join(import.meta.dirname, '../../deploy/container/kubernetes');

/** As much of a manifest as is looked at. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: what it may be the schemas say
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

const manifests: Manifest[] = readdirSync(place).flatMap((file) =>
  parseAllDocuments(readFileSync(join(place, file), 'utf8')).map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [], file);
    return document.toJS() as Manifest;
  }),
);
const find = (kind: string, name: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
};

const schemas: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'IoK8sApiCoreV1ConfigMap',
  'v1 Service': 'IoK8sApiCoreV1Service',
  'apps/v1 Deployment': 'IoK8sApiAppsV1Deployment',
  'apps/v1 StatefulSet': 'IoK8sApiAppsV1StatefulSet',
  'policy/v1 PodDisruptionBudget': 'IoK8sApiPolicyV1PodDisruptionBudget',
  'networking.k8s.io/v1 NetworkPolicy': 'IoK8sApiNetworkingV1NetworkPolicy',
};

/** What Kubernetes' own schemas find wrong, and keys that they never looked at: those exist in no version of theirs. */
async function faultsOf(manifest: Manifest): Promise<string[]> {
  const schema = schemas[`${manifest.apiVersion} ${manifest.kind}`];
  assert.ok(schema, `${manifest.apiVersion} ${manifest.kind}`);
  const { validate } = await import(`kubernetes-models/_schemas/${schema}`);
  const unread = new Set<string>();
  const watched = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const inner = Object.entries(value).map(([key, item]) => [key, watched(item, `${path}/${key}`)] as const);
    if (!Array.isArray(value)) for (const [key] of inner) unread.add(`${path}/${key}`);
    const copy = Array.isArray(value) ? inner.map(([, item]) => item) : Object.fromEntries(inner);
    return new Proxy(copy, {
      get(target, key) {
        unread.delete(`${path}/${String(key)}`);
        return Reflect.get(target, key);
      },
    });
  };
  const isRight: boolean = validate(watched(manifest, ''));
  const told = isRight
    ? []
    : validate.errors.map(({ instancePath, keyword }: Record<string, string>) => `${instancePath} ${keyword}`);
  return [...told, ...[...unread].map((path) => `${path} is no key`)];
}

test('the manifests are what the schemas of Kubernetes say, every key of them', async () => {
  for (const manifest of manifests)
    assert.deepEqual(await faultsOf(manifest), [], `${manifest.kind} ${manifest.metadata.name}`);
  const budget = find('PodDisruptionBudget', 'headgate-nats');
  assert.deepEqual(await faultsOf({ ...budget, spec: { ...budget.spec, maxUnavailabel: 1 } }), [
    '/spec/maxUnavailabel is no key',
  ]);
  assert.notDeepEqual(await faultsOf({ ...budget, spec: { selector: 1 } }), []);
});

test('pods have no rights that they have no use for, and what belongs to them is theirs', () => {
  const workloads = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  assert.equal(workloads.length, 2);
  for (const { metadata, spec } of workloads) {
    const { labels } = spec.template.metadata;
    assert.deepEqual(spec.selector.matchLabels, labels);
    const pod = spec.template.spec;
    assert.deepEqual([pod.securityContext.runAsNonRoot, pod.automountServiceAccountToken], [true, false]);
    const [container] = pod.containers;
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(container.startupProbe && container.readinessProbe && container.livenessProbe);
    assert.deepEqual(find('PodDisruptionBudget', metadata.name).spec.selector.matchLabels, labels);
    assert.deepEqual(find('NetworkPolicy', metadata.name).spec.podSelector.matchLabels, labels);
    assert.deepEqual(find('Service', metadata.name).spec.selector, labels);
  }
  // Else Kubernetes sets HEADGATE_COLLECTOR_PORT to something that is no port.
  assert.equal(find('Deployment', 'headgate-collector').spec.template.spec.enableServiceLinks, false);
});

/** What README.md has made by openssl: the authority and the administrators' token that all collectors have. */
function ownFiles(t: TestContext): string {
  const folder = tempDir(t);
  const readme = readFileSync(join(place, '../README.md'), 'utf8');
  const commands = readme.match(
    /^openssl req [^\n]*(?:\\\n[^\n]*)*\n(?:cat|openssl rand) [^\n]*\n(?:cat|openssl rand) [^\n]*/m,
  )?.[0];
  assert.ok(commands);
  const { status, stderr } = spawnSync('sh', ['-ec', commands], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return folder;
}

test('a collector as the manifests start it takes records into a NATS server with their configuration', async (t) => {
  const conf = join(tempDir(t), 'nats.conf');
  // One server, on a port of its own; that there are three is NATS's own matter. 2.9, which Debian 12 has, does not know sync_interval.
  const text = find('ConfigMap', 'headgate-nats').data?.['nats.conf'] ?? '';
  const alone = text
    .replace(/cluster \{.*?\n\}\n/s, '')
    .replace(/^(?:port|http): .*\n/gm, '')
    // The store is named on the command line.
    .replace('store_dir: /data, sync_interval: always', '')
    .replaceAll('$POD_NAME', 'nats-0')
    .replaceAll('$NATS_PASSWORD', '"secret-1"');
  assert.match(alone, /authorization \{.*"secret-1"/);
  writeFileSync(conf, alone);
  const nats = await NatsServer.start(t, ['-c', conf]);

  const [container] = find('Deployment', 'headgate-collector').spec.template.spec.containers;
  const variables: Record<string, string> = {};
  for (const { name, value = 'secret-1' } of container.env as { name: string; value?: string }[])
    variables[name] = value.replace(/\$\((\w+)\)/g, (_, key: string) => variables[key] ?? '');
  const sink = variables.HEADGATE_COLLECTOR_SINK?.replace('headgate-nats:4222', `127.0.0.1:${nats.port}`) ?? '';
  assert.match(sink, /^nats:\/\/collector:secret-1@127/);
  const own = ownFiles(t);
  const env = {
    ...variables,
    HEADGATE_CONFIG: join(place, '../headgate-collector/collector.yaml'),
    HEADGATE_COLLECTOR_SINK: sink,
    HEADGATE_COLLECTOR_DIRECTORY: own,
    HEADGATE_COLLECTOR_NATS_REPLICAS: '1',
    HEADGATE_COLLECTOR_HOST: '127.0.0.1',
    HEADGATE_COLLECTOR_PORT: '0',
  };
  const collector = await HeadgateProcess.start(t, 'collector', { env });
  const port =
    String((await collector.ready()).collector)
      .split(':')
      .at(-1) ?? '';
  const verb = async (...args: string[]) => {
    const process = HeadgateProcess.spawn(t, 'collector', {
      args,
      env: { ...env, HEADGATE_COLLECTOR_PORT: port },
      isQuiet: true,
    });
    assert.equal((await process.exited).code, 0, process.said());
    return process.output.join('');
  };
  const [, ...probe] = container.readinessProbe.exec.command as string[];
  assert.equal(await verb(...probe), 'ready');
  const token = await verb('enrol-token', '--gateway', 'barn');
  const gateway = await startGateway(t, {
    dataDir: join(tempDir(t), 'data'),
    set: {
      'gateway.id': 'barn',
      'uplink.url': `https://127.0.0.1:${port}`,
      'uplink.tls.serverName': 'collector.example.org',
      'uplink.tls.ca': join(own, 'authority-certificate.pem'),
      'uplink.enrol.token': token,
    },
  });
  const oracle = new Oracle();
  await new Device({ oracle, topic: 'sensors/a' }).run(gateway.port('mqtt'), 3);
  const arrived = await eventually('the records in JetStream', async () => {
    const records = (await recordsOf(t, sink)).filter(({ topic }) => topic === 'sensors/a');
    return records.length === 3 && records;
  });
  assert.deepEqual(new Set(arrived.map((record) => record.gateway)), new Set(['barn']));
});
