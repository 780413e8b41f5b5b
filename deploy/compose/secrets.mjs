/**
 * Makes every secret of compose.yaml once, each as a file that only the user of its service can read, each service's in a volume of its
 * own. Run again it changes nothing. To change one, remove its volume or file.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = process.argv[2] ?? '/volumes';
/** The users that the images run as. */
const [SERVER, KRATOS, HYDRA, VALKEY] = [1000, 10_000, 65_532, 999];
const isRoot = process.getuid() === 0;

function own(path, uid, mode) {
  chmodSync(path, mode);
  if (isRoot) chownSync(path, uid, uid);
}

/** The text that the file has, made where there is none. */
function file(path, uid, make) {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  own(dirname(at), uid, 0o700);
  if (!existsSync(at)) {
    writeFileSync(`${at}.new`, make(), { mode: 0o600 });
    renameSync(`${at}.new`, at);
  }
  own(at, uid, 0o600);
  return readFileSync(at, 'utf8').trim();
}

function folder(path, uid) {
  const at = join(root, path);
  mkdirSync(at, { recursive: true });
  own(at, uid, 0o700);
}

const text = (bytes) => randomBytes(bytes).toString('base64url');
const yaml = (value) => `${JSON.stringify(value, null, 2)}\n`; // JSON is YAML

file('server-secrets/state-keys', SERVER, () => randomBytes(32).toString('base64'));
const password = file('server-secrets/store-password', SERVER, () => text(32));
const agent = file('server-secrets/agent-secret', SERVER, () => text(32));
file('valkey-secrets/valkey.conf', VALKEY, () => `requirepass ${password}\n`);
file('kratos-secrets/secrets.yml', KRATOS, () =>
  yaml({ secrets: { default: [text(32)], cookie: [text(32)], cipher: [randomBytes(16).toString('hex')] } }),
);
file('hydra-secrets/secrets.yml', HYDRA, () => yaml({ secrets: { system: [text(32)], cookie: [text(32)] } }));
file('client-secrets/agent-secret', SERVER, () => agent);
for (const [path, uid] of [
  ['server-state', SERVER],
  ['kratos-data', KRATOS],
  ['hydra-data', HYDRA],
  ['valkey-data', VALKEY],
]) {
  folder(path, uid);
}
