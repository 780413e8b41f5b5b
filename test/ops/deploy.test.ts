import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rows } from '../../src/config/settings.ts';
import { compose, dockerfile, imageEnv, instructions, manifest, manifestErrors, manifests, ROOT, textOf } from './deploy-files.ts';

const VARIABLES = new Set(rows.flatMap(([, row]) => [row.env, ...('alias' in row && row.alias !== undefined ? [row.alias] : [])]));
const FLAGS = new Set(rows.flatMap(([, row]) => (row.flag === undefined ? [] : [row.flag])));
/** Of Node.js, and of the images of others. */
const OTHERS = new Set(['NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'DSN']);

const statefulSet = () => manifest('StatefulSet', 'identity-mcp').spec;
const server = () => {
  const found = statefulSet().template.spec.containers[0];
  if (found === undefined) throw new Error('no container');
  return found;
};
const envOf = (container: ReturnType<typeof server>) => Object.fromEntries((container.env ?? []).map((it) => [it.name, it.value]));

test('the manifest is YAML without a mistake', () => {
  expect(manifestErrors).toEqual([]);
  expect(manifests.every((it) => typeof it.kind === 'string' && typeof it.metadata.name === 'string')).toBe(true);
});

test('every variable that is set is a setting', () => {
  const set = [
    ...Object.values(compose.services).flatMap((it) => Object.keys(it.environment ?? {})),
    ...(server().env ?? []).map((it) => it.name),
    ...Object.keys(imageEnv),
  ];
  expect(set.length).toBeGreaterThan(20);
  expect(set.filter((it) => !VARIABLES.has(it) && !OTHERS.has(it))).toEqual([]);
});

test.each(['docs/deploy.md', 'compose.yaml', 'deploy/kubernetes.yaml', 'Dockerfile'])('every setting that %s names exists', (path) => {
  const text = textOf(path);
  expect(
    [...text.matchAll(/\bKRATOS_(?:MCP|ADMIN|PUBLIC|CA|CLIENT)_[A-Z_]+/g)].map(([it]) => it).filter((it) => !VARIABLES.has(it)),
  ).toEqual([]);
});

test('every flag of this server that docs/deploy.md names exists', () => {
  const own = [...textOf('docs/deploy.md').matchAll(/`--([a-z][a-z-]+)/g)].map(([, it = '']) => it);
  expect(own).toContain('assurance');
  const ofOthers = new Set(['import', 'owner', 'scopes', 'days', 'token']); // of node, and of the commands token and doctor
  expect(own.filter((it) => !FLAGS.has(it) && !ofOthers.has(it))).toEqual([]);
});

test('every image has a tag, and none is whatever is newest', () => {
  const images = [
    ...Object.values(compose.services).map((it) => it.image ?? ''),
    ...[...statefulSet().template.spec.containers, ...statefulSet().template.spec.initContainers].map((it) => it.image),
    ...instructions('FROM').map((it) => it.split(' ')[0] ?? ''),
  ];
  expect(images.length).toBeGreaterThan(10);
  for (const image of images) {
    expect(image).toMatch(/^[\w./-]+:[\w.-]+$/);
    expect(image).not.toMatch(/:latest$/);
  }
});

test('every file that compose mounts and the Dockerfile copies exists', () => {
  const mounted = Object.values(compose.services).flatMap((it) => (it.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''));
  const bound = mounted.filter((it) => it.startsWith('./'));
  expect(bound.length).toBeGreaterThan(5);
  const copied = instructions('COPY')
    .filter((it) => !it.startsWith('--from'))
    .flatMap((it) => it.split(' ').slice(0, -1));
  for (const it of [...bound, ...copied]) expect([it, existsSync(join(ROOT, it))]).toEqual([it, true]);
  for (const it of mounted.filter((name) => !name.startsWith('./'))) expect(Object.keys(compose.volumes)).toContain(it);
});

test('what the Dockerfile copies is let into the build, and nothing else is', () => {
  const [first, ...rest] = textOf('.dockerignore')
    .split('\n')
    .filter((it) => it !== '' && !it.startsWith('#'));
  expect(first).toBe('*');
  const copied = instructions('COPY')
    .filter((it) => !it.startsWith('--from'))
    .flatMap((it) => it.split(' ').slice(0, -1));
  expect(new Set(rest)).toEqual(new Set(copied.map((it) => `!${it}`)));
});

test('the image runs as a number that is not root, and no layer holds a secret', () => {
  expect(instructions('USER').at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  expect(dockerfile.some((it) => it.name === 'ARG' || it.name === 'ADD')).toBe(false);
  const secret = new Set(rows.flatMap(([, row]) => ('secret' in row ? [row.env] : [])));
  expect(Object.keys(imageEnv).filter((it) => secret.has(it))).toEqual([]);
});

test('the exposed port is the one that is listened to', () => {
  expect(instructions('EXPOSE').join(' ').split(' ')).toEqual([imageEnv['KRATOS_MCP_HTTP']?.split(':')[1]]);
});

test.each(Object.entries(compose.services))('compose: %s is locked down', (name, service) => {
  expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  expect(service.privileged).toBeUndefined();
  expect(JSON.stringify(service)).not.toContain('docker.sock');
  if (name !== 'secrets') expect(service.user).toMatch(/^[1-9]/); // it gives files to others, has no network and ends
});

test('compose: ports are published on loopback alone', () => {
  const published = Object.values(compose.services).flatMap((it) => it.ports ?? []);
  expect(published).toHaveLength(2);
  for (const it of published) expect(it).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
});

test("compose: only this server's pod shares a network with Kratos, and that network leads nowhere", () => {
  const on = Object.entries(compose.services)
    .filter(([, it]) => it.networks?.includes('kratos'))
    .map(([name]) => name);
  expect(on.sort((a, b) => a.localeCompare(b))).toEqual(['kratos', 'pod']);
  expect(compose.networks['kratos']).toEqual({ internal: true });
  expect(compose.services['kratos']?.networks).toEqual(['kratos']);
  const inPod = Object.entries(compose.services)
    .filter(([, it]) => it.network_mode === 'service:pod')
    .map(([name]) => name);
  expect(new Set(inPod)).toEqual(new Set(['server', 'valkey', 'issuer']));
});

test('compose: no secret stands in it', () => {
  const secret = new Set(rows.flatMap(([, row]) => ('secret' in row ? [row.env] : [])));
  for (const it of Object.values(compose.services))
    expect(Object.keys(it.environment ?? {}).filter((name) => secret.has(name))).toEqual([]);
  expect(textOf('compose.yaml')).not.toMatch(/password:\s*\S|secret:\s*\S/i);
});

test('compose: Hydra is told what the server expects of its tokens', () => {
  const env = compose.services['server']?.environment ?? {};
  const hydra = textOf('deploy/compose/hydra.yml');
  expect(hydra).toContain(`issuer: ${env['KRATOS_MCP_OAUTH_ISSUER']}\n`);
  expect(hydra).toContain('access_token: jwt');
  expect(textOf('deploy/compose/hydra-client.mjs')).toContain(`${env['KRATOS_MCP_EXTERNAL_URL']}/mcp`);
});

test('it is left the time that it takes to end', () => {
  expect(Number.parseInt(compose.services['server']?.stop_grace_period ?? '0', 10)).toBeGreaterThan(25);
  expect(statefulSet().template.spec.terminationGracePeriodSeconds).toBeGreaterThan(25 + 5);
});

test('kubernetes: every container is locked down and has limits', () => {
  const { securityContext, containers, initContainers, automountServiceAccountToken } = statefulSet().template.spec;
  expect(securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    fsGroupChangePolicy: 'OnRootMismatch',
  });
  expect(automountServiceAccountToken).toBe(false);
  for (const it of [...containers, ...initContainers]) {
    expect(it.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(it.resources).toMatchObject({ requests: { cpu: expect.anything() as string }, limits: { memory: expect.anything() as string } });
  }
});

test('kubernetes: the user is the one of the image', () => {
  const { runAsUser, runAsGroup } = statefulSet().template.spec.securityContext;
  expect(`${String(runAsUser)}:${String(runAsGroup)}`).toBe(instructions('USER').at(-1));
});

test('kubernetes: probes ask the port for operations, which is the one that is set', () => {
  const { startupProbe, readinessProbe, livenessProbe, ports = [] } = server();
  expect(startupProbe?.httpGet).toEqual({ path: '/readyz', port: 'ops' });
  expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'ops' });
  expect(livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'ops' });
  const env = envOf(server());
  const portOf = (name: string) => String(ports.find((it) => it.name === name)?.containerPort);
  expect(env['KRATOS_MCP_HTTP']).toBe(`0.0.0.0:${portOf('http')}`);
  expect(env['KRATOS_MCP_OPS_PORT']).toBe(`0.0.0.0:${portOf('ops')}`);
});

test('kubernetes: as many replicas as the server is told of, each with a volume of its own', () => {
  const { replicas, volumeClaimTemplates, serviceName } = statefulSet();
  expect(replicas).toBeGreaterThan(1);
  expect(envOf(server())['KRATOS_MCP_REPLICAS']).toBe(String(replicas));
  expect(volumeClaimTemplates.map((it) => it.metadata.name)).toEqual(['state']);
  const state = server().volumeMounts?.find((it) => it.name === 'state')?.mountPath ?? '';
  expect(envOf(server())['KRATOS_MCP_STATE_DIR']).toMatch(new RegExp(`^${state}/.+`));
  expect(manifest('Service', serviceName).spec.clusterIP).toBe('None');
  expect(manifest('PodDisruptionBudget', 'identity-mcp').spec.minAvailable).toBe(replicas - 1);
});

test('kubernetes: every volume that is mounted is there, and secret files are where they are looked for', () => {
  const { volumes, containers, initContainers } = statefulSet().template.spec;
  const names = new Set([...volumes.map((it) => it.name), ...statefulSet().volumeClaimTemplates.map((it) => it.metadata.name)]);
  for (const it of [...containers, ...initContainers].flatMap((container) => container.volumeMounts ?? []))
    expect(names).toContain(it.name);
  const files = Object.entries(envOf(server())).filter(([name]) => name.endsWith('_FILE'));
  expect(files.length).toBeGreaterThan(1);
  for (const [, path] of files) expect(path).toMatch(/^\/run\/secrets\/identity-mcp\/[a-z-]+$/);
});

test('kubernetes: no secret is in the manifest, only its name', () => {
  expect(manifests.some((it) => it.kind === 'Secret')).toBe(false);
  const secret = new Set(rows.flatMap(([, row]) => ('secret' in row ? [row.env] : [])));
  for (const it of server().env ?? []) if (secret.has(it.name)) expect(it.value).toBeUndefined();
});

test('kubernetes: in and out is what is listed, and nothing else', () => {
  const deny = manifest('NetworkPolicy', 'default-deny').spec;
  expect([deny.podSelector, deny.policyTypes, deny.ingress, deny.egress]).toEqual([{}, ['Ingress', 'Egress'], undefined, undefined]);
  const { ingress = [], egress = [] } = manifest('NetworkPolicy', 'identity-mcp').spec;
  const portsOf = (rules: typeof ingress) => rules.flatMap((it) => it.ports.map((port) => port.port));
  expect(portsOf(ingress)).toEqual((server().ports ?? []).map((it) => it.containerPort));
  for (const it of ingress) expect(it.from).toHaveLength(1);
  for (const it of egress) expect(it.to).toHaveLength(1);
  const env = envOf(server());
  for (const name of ['KRATOS_ADMIN_URL', 'KRATOS_PUBLIC_URL', 'KRATOS_MCP_STORE']) {
    expect(portsOf(egress)).toContain(Number(new URL(env[name] ?? '').port));
  }
});

test("kubernetes: Kratos' admin port is this server's alone", () => {
  const { ingress = [], policyTypes } = manifest('NetworkPolicy', 'kratos-admin').spec;
  expect(policyTypes).toEqual(['Ingress']);
  const admin = ingress.filter((it) => it.ports.some((port) => port.port === 4434));
  expect(admin).toHaveLength(1);
  expect(admin[0]?.from).toEqual([
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'identity-mcp' } },
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'identity-mcp' } },
    },
  ]);
});
