/** What `doctor` says of serving over HTTP: who may call, who approves, what is shared. It asks, and makes nothing. */
import { httpConfig, type HttpConfig } from '../config/http.ts';
import type { Settings } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { Check } from './checks.ts';
import { authOptions } from './http-auth.ts';
import { tryStore } from './store-of.ts';
import { proxyOptions } from './wire.ts';

export interface HttpFindings {
  readonly checks: readonly Check[];
  readonly level: HttpConfig['level'];
}

export async function checkHttp(settings: Settings, policy: Policy | undefined): Promise<HttpFindings> {
  try {
    const config = httpConfig(settings);
    const checks = [
      doorOf(config),
      ...(await callersOf(settings, config)),
      ...(await approversOf(config, policy)),
      ...(await storeOf(settings, config)),
    ];
    return { checks, level: config.level };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { checks: [{ name: 'http', status: 'failed', says: `${error.message} No server starts with it.` }], level: 'L0' };
  }
}

function doorOf(config: HttpConfig): Check {
  const { bind, oauth, tokensFile, origin } = config;
  const where = bind.hosts.length === 0 ? 'both loopback addresses' : bind.hosts.join(', ');
  const address = `${origin(bind.port)}/mcp on ${where}`;
  if (oauth === undefined && tokensFile === undefined) {
    return {
      name: 'http',
      status: 'warning',
      says: `${address}: nobody has to say who they are, so every program on this machine can call it.`,
    };
  }
  return {
    name: 'http',
    status: 'ok',
    says: `${address}, for callers with ${[oauth && 'an access token', tokensFile && 'a static token'].filter(Boolean).join(' or ')}.`,
  };
}

async function callersOf(settings: Settings, config: HttpConfig): Promise<readonly Check[]> {
  const options = authOptions(config, config.origin(config.bind.port), proxyOptions(settings.target));
  const checks: Check[] = [];
  if (options?.oauth !== undefined) {
    const { openSources } = await import('../auth/sources.ts');
    const { issuer, audience } = options.oauth;
    const { keys } = openSources(options.oauth, options.network, { now: Date.now, failed: () => {} });
    const found = await keys.current().then(
      ({ kids }) => ({ status: 'ok', says: `${issuer}: ${kids.length} keys. Tokens must name the audience ${audience}.` }) as const,
      (error: unknown) =>
        ({ status: 'failed', says: `${issuer}: ${reasonOf(error)} No access token counts until its keys can be read.` }) as const,
    );
    checks.push({ name: 'oauth', ...found });
  }
  if (config.tokensFile !== undefined) checks.push({ name: 'tokens', ...(await tokensIn(config.tokensFile)) });
  return checks;
}

async function tokensIn(path: string): Promise<Omit<Check, 'name'>> {
  const { decodeTokens } = await import('../auth/tokens-file.ts');
  const { readSettingFile } = await import('../config/files.ts');
  try {
    const all = decodeTokens(readSettingFile(path, { name: path, secret: true }), path);
    const good = all.filter(({ expires }) => expires > Date.now());
    const owned = good.filter(({ owner }) => owner !== undefined).length;
    return {
      status: good.length > 0 ? 'ok' : 'warning',
      says: `${good.length} static tokens count, ${owned} of them with an owner; ${all.length - good.length} have ended.`,
    };
  } catch (error) {
    return { status: 'failed', says: reasonOf(error) };
  }
}

async function approversOf({ login, level, origin, bind }: HttpConfig, policy: Policy | undefined): Promise<readonly Check[]> {
  if (login === undefined) return [];
  const { createProvider } = await import('../page/provider.ts');
  const { callbackOf } = await import('../page/mounted.ts');
  const who = policy?.approvers.who.length ?? 0;
  const nobody = who === 0 ? ' The policy names nobody as an approver (approvers: who), so that nobody can approve.' : '';
  try {
    await createProvider(login, Date.now).configuration();
    const says = `Approvers sign in with ${login.issuer}, which sends them back to ${callbackOf(origin(bind.port))}.${nobody}`;
    return [{ name: 'sign-in', status: who === 0 ? 'warning' : 'ok', says }];
  } catch {
    return [
      {
        name: 'sign-in',
        status: 'failed',
        says: `${login.issuer} does not answer as an OpenID Connect provider, so that nobody can approve (level ${level}).${nobody}`,
      },
    ];
  }
}

async function storeOf(settings: Settings, { changesOff }: HttpConfig): Promise<readonly Check[]> {
  const off: Check[] = changesOff === undefined ? [] : [{ name: 'replicas', status: 'warning', says: changesOff }];
  if (settings.store === undefined) return off;
  try {
    await tryStore(settings);
    return [...off, { name: 'store', status: 'ok', says: 'The shared store can be used.' }];
  } catch (error) {
    return [...off, { name: 'store', status: 'failed', says: reasonOf(error) }];
  }
}

/** Errors of ours say what to do; others may hold anything. */
function reasonOf(error: unknown): string {
  const isOurs = error instanceof UsageError || (error instanceof Error && ['Unavailable', 'StaleKeys'].includes(error.name));
  return isOurs ? error.message : 'it could not be read.';
}
