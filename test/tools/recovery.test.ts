import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { seed } from '../../src/seed.ts';
import { checkLifetime, checkOrigin, checkReturnTo, defaultLifetime } from '../../src/tools/recovery-arguments.ts';
import { changing } from './reader.ts';
import { recovering, settings, stage } from './run.ts';

describe('a lifetime', () => {
  test.each(['1h', '60m', '59m60s', '15m', '1s', '1ns', '0h30m', '3600s'])('%s is taken as it is', (text) => {
    expect(checkLifetime(text, 3600)).toBe(text);
  });

  test.each([
    '',
    '0s',
    '0h0m',
    '-1h',
    '+1h',
    '1.5h',
    '90',
    '1d',
    ' 1h',
    '1h ',
    '61m',
    '1h1ns',
    '2h',
    '1H',
    '9'.repeat(39) + 'h',
    '1h\n',
    '١h',
  ])('%j is refused', (text) => {
    expect(() => checkLifetime(text, 3600)).toThrow(InputError);
  });

  test('is never longer than an hour, whatever its spelling', () => {
    const part = fc.tuple(fc.nat(100_000), fc.constantFrom('ns', 'us', 'ms', 's', 'm', 'h')).map(([count, unit]) => ({ count, unit }));
    const seconds: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
        const text = parts.map((it) => `${it.count}${it.unit}`).join('');
        const length = parts.reduce((sum, it) => sum + it.count * (seconds[it.unit] ?? 0), 0);
        // Doubles decide all but the exact border.
        fc.pre(Math.abs(length - 3600) > 1e-6 || length === 3600);
        if (length > 0 && length <= 3600) expect(checkLifetime(text, 3600)).toBe(text);
        else expect(() => checkLifetime(text, 3600)).toThrow(/at most 1h/);
      }),
    );
  });
});

describe('an address to return to', () => {
  test.each([
    'https://app.example.com',
    'https://app.example.com/',
    'https://app.example.com:8443/welcome?tab=1#top',
    'https://app.example.com/a%20b',
  ])('%s is taken as it is', (text) => {
    expect(checkReturnTo(text)).toBe(text);
  });

  test.each([
    'http://app.example.com/',
    'HTTPS://app.example.com/',
    '//evil.example.com',
    '/welcome',
    'javascript:alert(1)',
    'https:/app.example.com/',
    'https:///evil.example.com/',
    'https://app.example.com@evil.example.com/',
    'https://user:pass@app.example.com/',
    'https://@evil.example.com/',
    'https://app.example.com\\@evil.example.com/',
    'https://app.example.com/\\evil.example.com',
    'https://app.example.com/%5Cevil.example.com',
    'https://app.example.com//evil.example.com',
    'https://app.example.com/%2f%2Fevil.example.com',
    'https://app.example.com/%2f/evil.example.com',
    'https://app.example.com/?next=//evil.example.com',
    'https://app.example.com/../admin',
    'https://app.example.com/%2e%2e/admin',
    'https://app.example.com:443/',
    'https://APP.example.com/',
    'https://app.exämple.com/',
    'https://app.example.com/ evil',
    'https://app.example.com/\tevil',
    'https://app.example.com/\n',
    'https://app.example.com/\u0000',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::ffff:127.0.0.1]/',
    'https://ex%61mple.com/',
    'https://',
    'https://?x',
    '',
    `https://app.example.com/${'a'.repeat(2000)}`,
  ])('%j is refused', (text) => {
    expect(() => checkReturnTo(text)).toThrow(InputError);
  });
});

test.each([
  [900, '15m'],
  [90, '1m30s'],
  [3600, '1h'],
  [86_400, '1h'],
])('at most %d seconds: %s where nothing is asked for', (max, text) => {
  expect(defaultLifetime(max)).toBe(text);
});

test('a link may lead where the operator lets it, by origin', () => {
  const address = 'https://app.example.com/welcome';
  expect(checkOrigin(address, undefined)).toBe(address);
  expect(checkOrigin(address, ['https://other.example', 'https://app.example.com'])).toBe(address);
  for (const origins of [[], ['https://app.example.com:8443'], ['https://example.com'], ['http://app.example.com']]) {
    expect(() => checkOrigin(address, origins)).toThrow(InputError);
  }
  expect(() => checkOrigin(address, ['https://example.com'])).toThrow(/Allowed: https:\/\/example\.com\./);
});

describe.each([
  ['create_recovery_code_for_identity', 'createRecoveryCode'],
  ['create_recovery_link_for_identity', 'createRecoveryLink'],
])('%s', (name, endpoint) => {
  const op = changing(name);

  test('is a secret, taken over by whoever holds it, and never known to have landed', () => {
    expect(op).toMatchObject({ secret: 'recovery', effects: ['takeover'], idempotent: false });
    expect('landed' in op).toBe(false);
  });

  test('says whose, how long it lives, where it goes, and that earlier ones stay valid', async () => {
    const plan = await stage().plan(op, { identity_id: seed.ada, expires_in: '15m' });
    expect(plan).toMatchObject({ phrase: 'ada.byron@example.com', effects: ['takeover'] });
    const said = plan.says.join('\n');
    expect(said).toMatch(/signs in as this account/);
    expect(said).toMatch(/lives for “15m”.*earlier stay valid/);
    expect(said).toMatch(/delivered to nobody/);
    const chat = await stage(undefined, recovering({ deliver: 'reply' })).plan(op, { identity_id: seed.ada });
    expect(chat.says.join('\n')).toMatch(/into the chat/);
    const page = await stage(undefined, recovering({ deliver: 'page' })).plan(op, { identity_id: seed.ada });
    expect(page.says.join('\n')).toMatch(/on the approvals page to whoever approves this, and to nobody else/);
  });

  test('always names a lifetime to Kratos, an hour if nothing is asked for', async () => {
    const plan = await stage().plan(op, { identity_id: seed.ada });
    expect(plan.calls).toEqual([
      expect.objectContaining({ endpoint, init: expect.objectContaining({ body: { identity_id: seed.ada, expires_in: '1h' } }) }),
    ]);
  });

  test('hands out code and link only where the operator chose it', async () => {
    const on = stage();
    const plan = await on.plan(op, { identity_id: seed.ada });
    const [call] = plan.calls;
    if (!call) throw new Error('no call');
    const reply = await on.kratos(call.endpoint, call.params, call.init);
    const kept = op.report?.([reply], plan, settings) ?? {};
    expect(kept).toMatchObject({ identity_id: seed.ada, delivered: 'withheld', changed: true });
    expect(kept).not.toHaveProperty('recovery_code');
    expect(kept).not.toHaveProperty('recovery_link');
    const handed = op.report?.([reply], plan, recovering({ deliver: 'reply' })) ?? {};
    expect(handed).toMatchObject({ delivered: 'reply', recovery_link: expect.stringContaining('flow=') });
    expect('recovery_code' in handed).toBe(endpoint === 'createRecoveryCode');
    expect(typeof handed['expires_at']).toBe('string');
  });

  test('puts code and link aside for the page, and nowhere else', async () => {
    const on = stage(undefined, recovering({ deliver: 'page' }));
    const plan = await on.plan(op, { identity_id: seed.ada });
    const [call] = plan.calls;
    if (!call) throw new Error('no call');
    const reply = await on.kratos(call.endpoint, call.params, call.init);
    const { recovery_code, recovery_link, expires_at } = reply.body as Record<string, string>;
    const result = op.report?.([reply], plan, recovering({ deliver: 'page' })) ?? {};
    expect(result).toMatchObject({ identity_id: seed.ada, delivered: 'page', changed: true });
    expect(result['hint']).toMatch(/approvals page until 20\d\d-\d\d-\d\dT[\d:]+Z for the person who approved; it is not yours to see/);
    const told = JSON.stringify([result, plan]);
    for (const secret of [recovery_code, recovery_link]) if (secret !== undefined) expect(told).not.toContain(secret);
    expect(recovery_link).toMatch(/flow=/);

    const reveal = op.reveal?.([reply]);
    expect(reveal?.expiresAt).toBe(Date.parse(expires_at ?? ''));
    expect(reveal?.values).toEqual(
      endpoint === 'createRecoveryCode'
        ? { 'Recovery code': recovery_code, 'Recovery link': recovery_link }
        : { 'Recovery link': recovery_link },
    );
    expect(() => op.reveal?.([{ ...reply, body: { recovery_link } }])).toThrow(/named no time/);
  });

  test('lives no longer than the operator lets it, an hour at most if nothing is asked for', async () => {
    const strict = stage(undefined, recovering({ maxLifetimeS: 900 }));
    const lifetime = async (on: typeof strict, expires_in?: string) =>
      (await on.plan(op, { identity_id: seed.ada, expires_in })).calls[0]?.init.body;
    expect(await lifetime(strict)).toMatchObject({ expires_in: '15m' });
    expect(await lifetime(strict, '900s')).toMatchObject({ expires_in: '900s' });
    await expect(lifetime(strict, '16m')).rejects.toThrow(/at most 15m, the operator's limit/);
    const lax = stage(undefined, recovering({ maxLifetimeS: 7200 }));
    expect(await lifetime(lax)).toMatchObject({ expires_in: '1h' });
    expect(await lifetime(lax, '2h')).toMatchObject({ expires_in: '2h' });
  });

  test('is a link of a takeover, and knows whether contact data changed before', async () => {
    const on = stage();
    const before = await on.plan(op, { identity_id: seed.ada });
    expect(before).toMatchObject({ chain: ['recovery'], count: 1, subjects: [{ id: seed.ada, verified: true }] });
    expect(before).not.toHaveProperty('contactChangedAt');
    await on.raw('PATCH', `/admin/identities/${seed.ada}`, '[{"op":"replace","path":"/traits/email","value":"thief@example.com"}]');
    const after = await on.plan(op, { identity_id: seed.ada });
    expect(Math.abs(Date.now() - (after.contactChangedAt ?? 0))).toBeLessThan(60_000);
    expect(after.watch).toEqual(before.watch);
  });

  test('refuses a lifetime beyond an hour before anything is read', async () => {
    const on = stage();
    await expect(on.plan(op, { identity_id: seed.ada, expires_in: '24h' })).rejects.toThrow(InputError);
    expect(on.wire).toEqual([]);
  });

  test('asks nobody about an identity that does not exist', async () => {
    await expect(stage().plan(op, { identity_id: seed.nobody })).rejects.toMatchObject({ status: 404 });
  });
});

test('a recovery link says where it leads, and an address that could lead elsewhere is refused unread', async () => {
  const on = stage();
  const op = changing('create_recovery_link_for_identity');
  await expect(on.plan(op, { identity_id: seed.ada, return_to: 'https://a.example@b.example/' })).rejects.toThrow(/user name/);
  expect(on.wire).toEqual([]);
  const plan = await on.plan(op, { identity_id: seed.ada, return_to: 'https://app.example.com/' });
  expect(plan.says.join('\n')).toContain('It leads to “https: //app.example.com/”.');
  expect(plan.calls[0]?.init.query).toEqual({ return_to: 'https://app.example.com/' });
});

test('a recovery link is planned only to an origin of the operator', async () => {
  const on = stage(undefined, recovering({ returnTo: ['https://app.example.com'] }));
  const op = changing('create_recovery_link_for_identity');
  await expect(on.plan(op, { identity_id: seed.ada, return_to: 'https://evil.example/' })).rejects.toThrow(/operator does not let/);
  expect(on.wire).toEqual([]);
  expect(await on.plan(op, { identity_id: seed.ada, return_to: 'https://app.example.com/x' })).toMatchObject({ effects: ['takeover'] });
});
