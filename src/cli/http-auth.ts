/** Who may call over HTTP: what the settings say, as checks of a token and as what clients are told of it. */
import type { AuthOptions, AuthPorts } from '../auth/types.ts';
import type { ProxySettings } from '../client/proxy.ts';
import type { HttpConfig } from '../config/http.ts';
import type { HttpPorts } from '../server/http/types.ts';

type Authentication = Pick<HttpPorts, 'authenticate' | 'metadata' | 'resourceMetadataUrl'>;

/** Undefined: neither OAuth nor static tokens, and nobody is asked. */
export function authOptions({ oauth, tokensFile }: HttpConfig, origin: string, network: ProxySettings): AuthOptions | undefined {
  if (oauth === undefined && tokensFile === undefined) return undefined;
  const resource = `${origin}/mcp`;
  return { resource, tokensFile, network, ...(oauth && { oauth: { ...oauth, audience: oauth.audience ?? resource } }) };
}

export async function authentication(options: AuthOptions | undefined, ports: AuthPorts): Promise<Authentication> {
  if (options === undefined) return { authenticate: undefined, metadata: {}, resourceMetadataUrl: undefined };
  const { createAuthenticate } = await import('../auth/authenticate.ts');
  const { metadataOf, metadataPaths, resourceMetadataUrl } = await import('../auth/metadata.ts');
  const authenticate = createAuthenticate(options, ports);
  if (options.oauth === undefined) return { authenticate, metadata: {}, resourceMetadataUrl: undefined };
  const document = metadataOf(options);
  return {
    authenticate,
    metadata: Object.fromEntries(metadataPaths(options).map((path) => [path, document])),
    resourceMetadataUrl: resourceMetadataUrl(options),
  };
}
