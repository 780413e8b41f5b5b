/** Where state lives if nobody says otherwise: the platform's folder for it. Pure. */
import { homedir } from 'node:os';
import { join } from 'node:path';

const NAME = 'ory-identity-mcp';

export function platformStateDir(env: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform = process.platform): string {
  const home = env['HOME'] ?? homedir();
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), NAME);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', NAME);
  const xdg = env['XDG_STATE_HOME'];
  return join(xdg?.startsWith('/') === true ? xdg : join(home, '.local', 'state'), NAME); // the specification ignores relative ones
}
