/** The files of a deployment as data: what is in compose.yaml, the manifest and the Dockerfile. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = join(import.meta.dirname, '../..');
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly privileged?: boolean;
  readonly stop_grace_period?: string;
}
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
}
export const compose = parse(textOf('compose.yaml'), { merge: true }) as Compose; // its shape is what the tests are about

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly securityContext?: object;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}
export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
export interface Rule {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly ports: readonly { readonly port: number }[];
}
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly podSelector: object;
    readonly policyTypes: readonly string[];
    readonly minAvailable: number;
    readonly clusterIP?: string;
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: Readonly<Record<string, unknown>>;
        readonly automountServiceAccountToken: boolean;
        readonly initContainers: readonly Container[];
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}
const documents = parseAllDocuments(textOf('deploy/kubernetes.yaml'), { merge: true });
export const manifestErrors: readonly string[] = documents.flatMap((it) => it.errors.map((error) => error.message));
export const manifests = documents.map((it) => it.toJS() as Manifest); // as above
export function manifest(kind: string, name: string): Manifest {
  const found = manifests.find((it) => it.kind === kind && it.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

export interface Instruction {
  readonly name: string;
  readonly rest: string;
}
/** Comments left out, lines that go on joined. */
export const dockerfile: readonly Instruction[] = textOf('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((it) => it.trim() !== '')
  .map((it) => {
    const [, name = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(it) ?? [];
    return { name, rest };
  });
export const instructions = (name: string): readonly string[] => dockerfile.filter((it) => it.name === name).map((it) => it.rest);

/** `A=1 B=2` of all ENV lines. */
export const imageEnv: Readonly<Record<string, string>> = Object.fromEntries(
  instructions('ENV').flatMap((it) => [...it.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])),
);

/** The JSON form of its command. */
export function healthcheck(): readonly string[] {
  const [, json = ''] = /CMD (\[.*\])$/.exec(instructions('HEALTHCHECK')[0] ?? '') ?? [];
  return JSON.parse(json) as string[]; // an array of texts, or Docker would not take it
}
