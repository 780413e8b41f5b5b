/** Taking one sign-in method away (identity/handler.go:1206). */
import { badRequest, notFound, nothing, taken, type SandboxReply } from './envelope.ts';
import { isObject, type Json, type JsonObject } from './go/json.ts';
import { first } from './go/query.ts';
import { identityOf } from './identities.ts';
import { identifierOf, providersOf, type Credential, type Identity } from './identity.ts';
import type { SandboxRequest } from './request.ts';
import { settle } from './settle.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

const LAST_FACTOR = 'You cannot remove the last first factor credential.';

export async function deleteIdentityCredentials(world: World, request: SandboxRequest<'deleteIdentityCredentials'>): Promise<SandboxReply> {
  const validate = await validator();
  const { type } = request.params;
  const identity = identityOf(world, request.params.id);
  const credential = Object.hasOwn(identity.credentials, type) ? identity.credentials[type] : undefined;
  if (credential === undefined) throw notFound(`You tried to remove a ${type} but this user have no ${type} set up.`);
  const left = without(identity, credential, first(request.query, 'identifier'));
  const now = world.now();
  const { [type]: _, ...others } = identity.credentials;
  const changed = left === undefined ? others : { ...others, [type]: { ...left, updated_at: now } };
  if (!world.put(settle(world, validate, { ...identity, credentials: changed, updated_at: now }))) throw taken();
  return nothing();
}

/** What stays of the credential; undefined = nothing. */
function without(identity: Identity, credential: Credential, identifier: string): Credential | undefined {
  switch (credential.type) {
    case 'totp':
    case 'lookup_secret':
      return undefined;
    case 'webauthn':
      return { ...credential, config: { ...credential.config, credentials: keys(credential.config).filter(isPasswordless) } };
    case 'password':
      if (firstFactors(identity) < 2) throw badRequest(LAST_FACTOR);
      return { ...credential, config: {} };
    case 'oidc':
    case 'saml':
      if (firstFactors(identity) < 2) throw badRequest(LAST_FACTOR);
      return withoutProvider(credential, identifier);
    default:
      throw badRequest(`Credentials type ${credential.type} cannot be deleted.`);
  }
}

function withoutProvider(credential: Credential, identifier: string): Credential {
  if (identifier === '') throw badRequest('You must provide an identifier to delete this credential.');
  // It says OIDC for SAML too.
  if (!credential.identifiers.includes(identifier))
    throw notFound(`The identifier \`${identifier}\` was not found among OIDC credentials.`);
  const providers = providersOf(credential.config).filter((it) => identifierOf(it) !== identifier);
  return {
    ...credential,
    identifiers: credential.identifiers.filter((it) => it !== identifier),
    config: { providers },
  };
}

const keys = (config: JsonObject): readonly Json[] => (Array.isArray(config['credentials']) ? config['credentials'] : []);
const isPasswordless = (key: Json): boolean => isObject(key) && key['is_passwordless'] === true;

/** How many of its credentials could sign it in alone. SAML counts nothing, nor does a provider with an organization. */
function firstFactors(identity: Identity): number {
  const { password, oidc, webauthn, passkey } = identity.credentials;
  const hash = password?.config['hashed_password'];
  const hasPassword = password !== undefined && password.identifiers.length > 0 && typeof hash === 'string' && hash !== '';
  const providers = providersOf(oidc?.config ?? {}).filter(
    (it) => it.organization === undefined && oidc?.identifiers.includes(identifierOf(it)) === true,
  );
  return (
    Number(hasPassword) + providers.length + keys(webauthn?.config ?? {}).filter(isPasswordless).length + keys(passkey?.config ?? {}).length
  );
}
