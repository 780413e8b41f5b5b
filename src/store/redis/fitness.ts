/** Whether a Redis or Valkey may keep what must not be lost silently, by what it says about itself (INFO). Pure. */

export interface Unfit {
  readonly because: string;
  /** Time alone may mend it. */
  readonly passing: boolean;
}

/** `name:value` lines. */
export function readInfo(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const at = line.indexOf(':');
    return at < 1 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
  });
  return new Map(pairs);
}

/** `policy`: its maxmemory-policy, where INFO doesn't say. */
export function unfit(info: ReadonlyMap<string, string>, policy: string | undefined): Unfit | undefined {
  const lasting = unfitInItself(info) ?? whyEvicting(info.get('maxmemory_policy') ?? policy);
  if (lasting !== undefined) return { because: lasting, passing: false };
  if (info.get('loading') === '1') return { because: 'it is still loading its data', passing: true };
  if (info.get('role') !== 'master') return { because: 'it is a read-only replica', passing: true };
  return undefined;
}

function unfitInItself(info: ReadonlyMap<string, string>): string | undefined {
  const version = info.get('redis_version') ?? '';
  if (info.get('run_id') === undefined) return 'it does not tell its run_id (INFO server), by which a restart is known';
  if (!isNewEnough(version)) return `its version is ${word(version)}; 6.2 is the oldest that will do`;
  if (info.get('cluster_enabled') === '1' || info.get('redis_mode') === 'cluster')
    return 'it runs as a cluster, which is not served: use one server, with replicas if you like';
  return info.get('redis_mode') === 'sentinel' ? 'it is a sentinel: name the server that it watches over' : undefined;
}

const whyEvicting = (policy = ''): string | undefined =>
  policy === 'noeviction' ? undefined : `its maxmemory-policy is ${word(policy)}, which could drop what was decided: set it to noeviction`;

/** What a server says of itself is not ours. */
const word = (text: string): string => (/^[\w.-]{1,40}$/.test(text) ? text : 'unknown');

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2);
}
