/** What clients are told about where to get a token (RFC 9728). Pure. */
import type { AuthOptions } from './types.ts';

type Resource = Pick<AuthOptions, 'resource'>;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** RFC 9728 §3.1: the well-known part comes before the path of the resource. */
export function resourceMetadataUrl({ resource }: Resource): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`;
}

/** The exact paths at which the document is served: with the path of the resource, and without, for clients that try that one. */
export const metadataPaths = (options: Resource): readonly string[] => [
  ...new Set([new URL(resourceMetadataUrl(options)).pathname, WELL_KNOWN]),
];

/** RFC 9728 §2. Not to be served without OAuth: there is no authorization server to name. More scopes are asked for when they are needed. */
export const metadataOf = ({ resource, resourceName, oauth }: AuthOptions): object => ({
  resource,
  ...(oauth && { authorization_servers: [oauth.issuer] }),
  scopes_supported: ['kratos:read'],
  bearer_methods_supported: ['header'],
  resource_name: resourceName ?? 'Ory Kratos identity administration',
});
