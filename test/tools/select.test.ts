import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { operations } from '../../src/tools/index.ts';
import { select } from '../../src/tools/select.ts';

const names = (selection: Partial<Parameters<typeof select>[1]>) =>
  select(operations, { readOnly: false, ...selection }).map((it) => it.name);

describe('select', () => {
  test('offers everything when nothing is chosen', () => {
    expect(select(operations, { readOnly: false })).toEqual(operations);
  });

  test('narrows by toolset', () => {
    expect(names({ toolsets: ['courier', 'schemas'] })).toEqual([
      'list_identity_schemas',
      'get_identity_schema',
      'list_courier_messages',
      'get_courier_message',
    ]);
  });

  test('narrows by names with globs, and a tool must satisfy both kinds of choice', () => {
    expect(names({ tools: ['get_session', 'list_*_sessions'] })).toEqual(['list_identity_sessions', 'get_session']);
    expect(names({ tools: ['get_*'], toolsets: ['courier'] })).toEqual(['get_courier_message']);
  });

  test('offers no change when only reading is allowed', () => {
    const offered = select(operations, { readOnly: true });
    expect(offered.length).toBeGreaterThan(5);
    expect(offered.filter((it) => it.kind !== 'read')).toEqual([]);
  });

  test.each([
    ['an unknown toolset', { toolsets: ['identity'] }, /no toolset "identity".*sessions/],
    ['a glob that matches nothing', { tools: ['get_*', 'drop_*'] }, /No tool is named "drop_\*".*list_identities/],
    ['a dot that is not a wildcard', { tools: ['get.session'] }, /No tool is named/],
    ['a selection that leaves nothing', { tools: ['delete_*'], readOnly: true }, /read-only/],
  ])('refuses %s and says what there is', (_, selection, message) => {
    expect(() => names(selection)).toThrow(UsageError);
    expect(() => names(selection)).toThrow(message);
  });
});
