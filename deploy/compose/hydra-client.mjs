/** Registers the machine client of compose.yaml with Hydra, by its admin API; run again it changes nothing. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [admin = 'http://127.0.0.1:4445', audience = 'http://localhost:8080/mcp', secretFile = '/run/client-secrets/agent-secret'] =
  process.argv.slice(2);

const client = {
  client_id: 'agent',
  client_secret: readFileSync(secretFile, 'utf8').trim(),
  client_name: 'A machine that calls ory-identity-mcp',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
  // Hydra gives out no other audience and no other scopes, whatever is asked for.
  audience: [audience],
  scope: 'kratos:read kratos:sessions',
};

async function register() {
  const known = await fetch(`${admin}/admin/clients/${client.client_id}`);
  if (known.status === 200) return true;
  if (known.status !== 404) return false;
  const made = await fetch(`${admin}/admin/clients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(client),
  });
  return made.status === 201 || made.status === 409;
}

for (let tries = 0; tries < 60; tries += 1) {
  if (await register().catch(() => false)) process.exit(0);
  await sleep(1_000);
}
process.stderr.write('hydra-client: the admin API of Hydra did not take the client within a minute\n');
process.exit(1);
