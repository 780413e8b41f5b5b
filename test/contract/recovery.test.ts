import { describe, expect, test } from 'vitest';
import { admin, create, email, failure, nobody, noVariant, success, variant } from './kratos.ts';

interface Recovery {
  readonly recovery_link: string;
  readonly recovery_code: string;
  readonly expires_at: string;
}

const code = (body: object) => admin('POST', '/recovery/code', { body });
const link = (body: object, query = '') => admin('POST', `/recovery/link${query}`, { body });
const disabled =
  'This endpoint was disabled by system administrator. Please check your url or contact the system administrator to enable it.';

describe('recovery', () => {
  test('76. makes a code of six digits and the page where to enter it', async () => {
    const { id } = await create();
    const recovery = success<Recovery>(await code({ identity_id: id, expires_in: '1h30m' }), 201);
    expect(recovery.recovery_code).toMatch(/^\d{6}$/);
    expect(recovery.recovery_link).toMatch(/\?flow=[0-9a-f-]{36}$/);
    expect(Date.parse(recovery.expires_at)).toBeGreaterThan(Date.now() + 80 * 60_000);
  });

  test('77. makes a code for an identity without any address', async () => {
    const { id } = await create({ schema_id: 'employee', traits: { department: 'R&D' } });
    expect(success<Recovery>(await code({ identity_id: id }), 201).recovery_code).toMatch(/^\d{6}$/);
  });

  test('78. does not find an unknown identity, and refuses bad parameters', async () => {
    const { id: identity_id } = await create();
    expect(failure(await code({ identity_id: nobody() }), 404)).toMatchObject({
      message: 'Unable to locate the resource',
      reason: 'could not find identity',
    });
    expect(failure(await code({ identity_id, expires_in: 'x' }), 400).reason).toBe(
      'Unable to parse "expires_in" whose format should match "[0-9]+(ns|us|ms|s|m|h)" but did not: x',
    );
    expect(failure(await code({ identity_id, expires_in: '-1h' }), 400).reason).toBe(
      'Value from "expires_in" must result to a future time: -1h0m0s',
    );
    expect(failure(await code({ identity_id, flow_type: 'z' }), 400).reason).toBe('Value from "flow_type" is not valid: "z"');
  });

  test('79. makes a link with flow and token, answers 400 for an unknown identity, and keeps to the allowed return addresses', async () => {
    const { id: identity_id } = await create({ traits: { email: email() } });
    const recovery = success<Recovery>(await link({ identity_id }), 200);
    expect(recovery.recovery_link).toMatch(/\/self-service\/recovery\?flow=[0-9a-f-]{36}&token=[0-9A-Za-z]{32}$/);
    expect(recovery).not.toHaveProperty('recovery_code');
    expect(failure(await link({ identity_id: nobody() }), 400).reason).toBe('The requested identity id does not exist.');
    expect(failure(await link({ identity_id }, '?return_to=https%3A%2F%2Fevil.example'), 400)).toMatchObject({
      id: 'self_service_flow_return_to_forbidden',
      reason: 'Requested return_to URL "https://evil.example" is not allowed.',
    });
  });

  test.skipIf(noVariant !== '')(`80. says that code and link are turned off${noVariant}`, async () => {
    for (const method of ['code', 'link']) {
      const answer = await variant('POST', `/recovery/${method}`, { body: { identity_id: nobody() } });
      expect(failure(answer, 404).reason).toBe(disabled);
    }
  });
});
