import { describe, expect, test } from 'vitest';
import { admin, create, email, failure, get, nobody, unique, withPassword } from './kratos.ts';
import { text } from './wire.ts';

const post = (body: object) => admin('POST', '/identities', { body: { traits: { email: email() }, ...body } });
const hash = '$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq';

describe('importing credentials and the rest', () => {
  test('15. hashes a password in plain text, and shows the hash only where it is asked for', async () => {
    const identity = await withPassword();
    const shown = await get(identity.id, '?include_credential=password');
    expect(shown.credentials?.['password']?.config?.hashed_password).toMatch(/^\$2a\$/);
    expect((await get(identity.id)).credentials?.['password']).not.toHaveProperty('config');
  });

  test('16. keeps a hashed password as it is', async () => {
    const identity = await create({ credentials: { password: { config: { hashed_password: hash } } } });
    const shown = await get(identity.id, '?include_credential=password');
    expect(shown.credentials?.['password']?.config).toEqual({ hashed_password: hash });
  });

  test('17. refuses a hash in no known format', async () => {
    const error = failure(await post({ credentials: { password: { config: { hashed_password: 'plain' } } } }), 400);
    expect(error.reason).toBe(text.hashFormat);
  });

  test('18. keeps use_password_migration_hook beside an empty hash', async () => {
    const identity = await create({ credentials: { password: { config: { use_password_migration_hook: true } } } });
    const shown = await get(identity.id, '?include_credential=password');
    expect(shown.credentials?.['password']?.config).toEqual({ hashed_password: '', use_password_migration_hook: true });
  });

  test('19. links a provider, with empty tokens, and refuses the same pair for another identity', async () => {
    const subject = `sub-${unique()}`;
    const credentials = { oidc: { config: { providers: [{ provider: 'google', subject, use_auto_link: true }] } } };
    const identity = await create({ credentials });
    const oidc = (await get(identity.id, '?include_credential=oidc')).credentials?.['oidc'];
    expect(oidc?.identifiers).toEqual([`google:${subject}`]);
    expect(oidc?.config?.providers).toEqual([
      { initial_id_token: '', initial_access_token: '', initial_refresh_token: '', subject, provider: 'google', use_auto_link: true },
    ]);
    expect(failure(await post({ credentials }), 409).reason).toBe(text.conflictReason);
  });

  test('20. shows a SAML provider without tokens', async () => {
    const subject = `sub-${unique()}`;
    const identity = await create({ credentials: { saml: { config: { providers: [{ provider: 'okta', subject }] } } } });
    const saml = (await get(identity.id, '?include_credential=saml')).credentials?.['saml'];
    expect(saml?.identifiers).toEqual([`okta:${subject}`]);
    expect(saml?.config?.providers).toEqual([{ subject, provider: 'okta' }]);
  });

  test('21. does not know how to import totp', async () => {
    const error = failure(await post({ credentials: { totp: { config: { totp_url: 'otpauth://totp/x' } } } }), 400);
    expect(error.message).toBe('json: unknown field "totp"');
  });

  test('22. imports a verified address that a trait backs, and drops one that none does', async () => {
    const own = email();
    const address = { via: 'email', verified: true, status: 'completed' };
    const identity = await create({
      traits: { email: own },
      verifiable_addresses: [
        { ...address, value: own },
        { ...address, value: email('stray') },
      ],
    });
    expect(identity.verifiable_addresses).toEqual([expect.objectContaining({ value: own, verified: true, status: 'completed' })]);
    expect(Date.parse(identity.verifiable_addresses?.[0]?.verified_at ?? '')).toBeGreaterThan(Date.parse('2000-01-01'));
  });

  test('23. keeps metadata, organization_id and external_id, and refuses an organization that is no UUID', async () => {
    const sent = {
      metadata_public: { plan: 'pro', tags: ['a', '<b>'] },
      metadata_admin: { note: null },
      organization_id: nobody(),
      external_id: `crm-${unique()}`,
    };
    const identity = await create(sent);
    expect(identity).toMatchObject(sent);
    expect(await get(identity.id)).toMatchObject(sent);
    expect(failure(await post({ organization_id: 'x' }), 400).message).toMatch(/^uuid: /);
  });
});
