/** RFC 9728, and the metadata addresses of an issuer. */
import { expect, test } from 'vitest';
import { metadataUrls } from '../../src/auth/discovery.ts';
import { metadataOf, metadataPaths, resourceMetadataUrl } from '../../src/auth/metadata.ts';

const resource = 'https://identity-mcp.example.com/mcp';
const oauth = {
  issuer: 'https://id.example.com/',
  audience: resource,
  tokenTypes: [],
  groupsClaim: 'groups',
  personClaim: 'sub',
  groupScopes: new Map(),
};

test('the document names the exact resource and issuer, the least scope, and nothing of offline access', () => {
  expect(metadataOf({ resource, oauth })).toEqual({
    resource,
    authorization_servers: ['https://id.example.com/'],
    scopes_supported: ['kratos:read'],
    bearer_methods_supported: ['header'],
    resource_name: 'Ory Kratos identity administration',
  });
});

test('it lies below the path of the resource, and at the root', () => {
  expect(resourceMetadataUrl({ resource })).toBe('https://identity-mcp.example.com/.well-known/oauth-protected-resource/mcp');
  expect(metadataPaths({ resource })).toEqual(['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']);
  expect(metadataPaths({ resource: 'https://a.example/' })).toEqual(['/.well-known/oauth-protected-resource']);
});

test("the issuer's metadata is looked for where RFC 8414 and OpenID Connect put it", () => {
  expect(metadataUrls('https://id.example.com/realms/main')).toEqual([
    'https://id.example.com/.well-known/oauth-authorization-server/realms/main',
    'https://id.example.com/.well-known/openid-configuration/realms/main',
    'https://id.example.com/realms/main/.well-known/openid-configuration',
  ]);
  expect(metadataUrls('https://id.example.com/')).toEqual([
    'https://id.example.com/.well-known/oauth-authorization-server',
    'https://id.example.com/.well-known/openid-configuration',
  ]);
});
