/** Where a run keeps what it remembers: in its state folder, or on the Redis that replicas share. */
import { randomBytes } from 'node:crypto';
import type { SharedShown } from '../call/shown-to.ts';
import { secretFile, stateKeysIn } from '../config/http.ts';
import { readSettingFile } from '../config/files.ts';
import { waysToSet, type Values } from '../config/settings.ts';
import { UsageError } from '../errors.ts';
import { noLog, type Log } from '../lib/log.ts';
import { noMeter, type Meter } from '../lib/meter.ts';
import { Secret } from '../lib/secret.ts';
import type { Folder, KeyPurpose } from '../store/folder.ts';
import { createKept } from '../store/kept.ts';
import { openFileStore } from '../store/store.ts';
import type { Kept, Store } from '../store/types.ts';

export interface OpenStore {
  readonly store: Store;
  readonly kept: Kept;
  /** What other replicas have shown; undefined: there are none. */
  readonly shown: SharedShown | undefined;
  readonly keys: Keys;
  /** Whether a change could be made now; reads go on without it. */
  readonly isReady: () => boolean;
  readonly close: () => Promise<void>;
}
export interface Keys {
  readonly key: (purpose: KeyPurpose) => Buffer;
  /** Those that were in use before, and still open what they sealed. */
  readonly older: (purpose: KeyPurpose) => readonly Buffer[];
}

export interface StorePorts {
  readonly folder: Folder;
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
  readonly meter: Meter;
}
type Needed = Pick<Values, 'store' | 'storeCaFile'> & Parameters<typeof stateKeysIn>[0];

const randomId = () => randomBytes(16).toString('base64url');

/** Throws `UsageError` where it can't be used. */
export async function openStore(settings: Needed, ports: StorePorts): Promise<OpenStore> {
  const keys = await keysOf(settings, ports.folder);
  if (settings.store === undefined) return onDisk(keys, ports);
  const { stateKeysOf } = await import('../store/keyring.ts');
  const { openRedisStore } = await import('../store/redis/open.ts');
  const { username, password } = credentialsOf(secretFile(settings, 'storePasswordFile'));
  const { instance, log, meter } = ports;
  // Without a shared key nothing that changes anything is offered; what is sealed here then means nothing to other replicas.
  const given = stateKeysIn(settings);
  const shared = given === undefined ? [ports.folder.key('state')] : stateKeysOf(given.reveal());
  const opened = await openRedisStore({
    url: settings.store,
    username,
    password,
    tlsCa: authoritiesIn(settings),
    keys: shared,
    instance,
    randomId,
    meter,
    log,
  });
  return { ...opened, keys };
}

async function onDisk(keys: Keys, { folder, instance, now }: StorePorts): Promise<OpenStore> {
  const store = await openFileStore(folder, { now, randomId, instance });
  return { store, kept: createKept(now), shown: undefined, keys, isReady: () => true, close: () => store.close() };
}

async function keysOf(settings: Needed, folder: Folder): Promise<Keys> {
  const stateKeys = stateKeysIn(settings);
  if (stateKeys === undefined) return { key: folder.key, older: () => [] };
  const { keyring, stateKeysOf } = await import('../store/keyring.ts');
  const ring = keyring(stateKeysOf(stateKeys.reveal()));
  return { key: (purpose) => ring.key(purpose), older: (purpose) => ring.all(purpose).slice(1) };
}

const authoritiesIn = ({ storeCaFile }: Needed): string | undefined =>
  storeCaFile === undefined ? undefined : readSettingFile(storeCaFile, { name: waysToSet('storeCaFile'), secret: false });

/** `password`, or `user:password`. */
function credentialsOf(secret: Secret | undefined): { readonly username?: string; readonly password?: Secret } {
  if (secret === undefined) return {};
  const [, username, password = ''] = /^(?:([^:]*):)?([^]*)$/.exec(secret.reveal()) ?? [];
  if (password === '')
    throw new UsageError('KRATOS_MCP_STORE_PASSWORD_FILE names a file without a password: write password or user:password.');
  return { ...(username !== undefined && username !== '' && { username }), password: new Secret(password) };
}

/** Whether the shared store can be reached and is fit for it; nothing is written. Throws `UsageError`. */
export async function tryStore(settings: Needed): Promise<void> {
  const { addressOf, checkReach } = await import('../store/redis/address.ts');
  const { Link } = await import('../store/redis/link.ts');
  const { stateKeysOf } = await import('../store/keyring.ts');
  const given = stateKeysIn(settings);
  if (given !== undefined) stateKeysOf(given.reveal());
  const { username, password } = credentialsOf(secretFile(settings, 'storePasswordFile'));
  const address = addressOf(settings.store ?? '');
  checkReach(address, password);
  const link = await Link.open({
    address,
    username,
    password,
    tlsCa: authoritiesIn(settings),
    meter: noMeter,
    log: noLog,
    deadlineMs: 700,
    startMs: 700,
  });
  link.close();
}
