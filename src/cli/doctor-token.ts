/** `doctor --token -`: why an access token counts or not. The token comes on standard input, so that it stands in no list of processes. */
import { httpConfig } from '../config/http.ts';
import { load, type Flags } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { authOptions } from './http-auth.ts';
import { print, table } from './print.ts';
import { proxyOptions } from './wire.ts';

/** More is no token of anybody. */
const MOST = 64 * 1024;

/** Answers the exit code: 0 if it counts, 1 if not. Throws `UsageError`. */
export async function doctorToken(
  flags: Flags,
  { source, asJson }: { readonly source: string; readonly asJson: boolean },
): Promise<number> {
  if (source !== '-')
    throw new UsageError(
      '--token takes - and nothing else: the token itself comes on standard input, where no list of processes shows it.',
    );
  const { settings } = load(flags);
  const config = httpConfig(settings);
  const options = authOptions(config, config.origin(config.bind.port), proxyOptions(settings.target));
  if (options === undefined)
    throw new UsageError('These settings ask nobody for a token: set --oauth-issuer or --tokens-file as your server has them.');
  const { explainToken } = await import('../auth/explain.ts');
  const checks = await explainToken(await given(), options);
  const counts = checks.every(({ ok, check }) => ok || check === 'scopes' || check === 'person');
  print(asJson ? JSON.stringify({ counts, checks }, null, 2) : asText(counts, checks));
  return counts ? 0 : 1;
}

async function given(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk; // a cast: with an encoding it gives texts
    if (text.length > MOST) throw new UsageError('What came on standard input is too long to be a token.');
  }
  if (text.trim() === '') throw new UsageError('No token came on standard input.');
  return text;
}

interface Row {
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly found: string;
}

const asText = (counts: boolean, checks: readonly Row[]): string =>
  [
    table(checks.map(({ check, ok, expected, found }) => [ok ? 'ok' : 'FAILED', check, `expected ${expected}`, `found ${found}`])),
    '',
    counts ? 'The token counts.' : 'The token does not count: see what failed.',
  ].join('\n');
