import { beforeEach, describe, expect, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { asker, body, type Ask } from './ask.ts';

const NUMBERS = '{"big":9007199254740993,"huge":1e400,"zero":-0,"one":1.0,"power":1E5,"long":123456789012345678901234567890}';
let ask: Ask;
beforeEach(() => {
  ask = asker(createSandbox());
});
const read = async () => (await ask(`GET /admin/identities/${seed.ada}`)).text;

describe('numbers that a double cannot carry', () => {
  test('come back digit for digit after a PATCH, and stay so when something else is patched', async () => {
    const reply = await ask(`PATCH /admin/identities/${seed.ada}`, `[{"op":"add","path":"/metadata_public","value":${NUMBERS}}]`);
    expect(reply.text).toContain(`"metadata_public":${NUMBERS}`);
    body(await ask(`PATCH /admin/identities/${seed.ada}`, [{ op: 'replace', path: '/traits/username', value: 'countess' }]));
    expect(await read()).toContain(`"metadata_public":${NUMBERS}`);
  });

  test('come back digit for digit after a PUT, a POST and a batch', async () => {
    const member = `"metadata_admin":${NUMBERS}`;
    const put = await ask(`PUT /admin/identities/${seed.ada}`, `{"traits":{"email":"ada.byron@example.com"},${member}}`);
    expect(put.text).toContain(member);
    expect(await read()).toContain(member);
    const post = await ask('POST /admin/identities', `{"traits":{"email":"numbers@example.com"},${member}}`);
    expect(post.text).toContain(member);
    const batch = `{"identities":[{"create":{"traits":{"email":"batch@example.com"},${member}}}]}`;
    body(await ask('PATCH /admin/identities', batch));
    expect((await ask('GET /admin/identities?credentials_identifier=batch@example.com')).text).toContain(member);
  });

  test('are numbers to the schema, too', async () => {
    const reply = await ask('POST /admin/identities', '{"traits":{"email":1e400}}');
    expect(body<{ error: { reason: string } }>(reply, 400).error.reason).toContain('expected string, but got number');
  });
});

describe('members with odd names', () => {
  test('are kept, also __proto__', async () => {
    const odd = '{"__proto__":{"admin":true},"constructor":1,"":2}';
    const reply = await ask(`PATCH /admin/identities/${seed.ada}`, `[{"op":"add","path":"/metadata_public","value":${odd}}]`);
    expect(reply.text).toContain(`"metadata_public":${odd}`);
    body(await ask(`PATCH /admin/identities/${seed.ada}`, [{ op: 'add', path: '/metadata_public/__proto__/more', value: 3 }]));
    expect(await read()).toContain('"__proto__":{"admin":true,"more":3}');
    expect({}).not.toHaveProperty('admin');
  });
});

describe('text', () => {
  test.each([
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a":"\t"}', "invalid character '\\t' in string literal"],
    ['{"a":"\x01"}', "invalid character '\\x01' in string literal"],
    ['{"a":\\}', "invalid character '\\\\' looking for beginning of value"],
    ['{"a":é}', "invalid character 'Ã' looking for beginning of value"],
    ['{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"a":1.x}', "invalid character 'x' after decimal point in numeric literal"],
    ['{"a":"\\', 'unexpected EOF'],
    [' ', 'EOF'],
  ])('that is no JSON is refused in the words of Go: %j', async (text, message) => {
    expect(body<{ error: { message: string } }>(await ask('POST /admin/identities', text), 400).error.message).toBe(message);
  });

  test('is printed with the escapes of Go', async () => {
    body(await ask(`PATCH /admin/identities/${seed.ada}`, [{ op: 'add', path: '/metadata_public', value: { 'a<b': '&\u2028' } }]));
    expect(await read()).toContain('{"a\\u003cb":"\\u0026\\u2028"}');
  });
});
