/** Login and recovery flows of the public API, as Kratos prints them with password and code on. */
import { HOUR, stamp } from './go/time.ts';
import type { Flow, World } from './world.ts';

export interface Step {
  readonly state: 'choose_method' | 'sent_email';
  /** What was typed, to be shown again. */
  readonly typed?: string;
  readonly message?: { readonly id: number; readonly text: string; readonly type: 'info' | 'error' };
}

interface Field {
  readonly group: 'default' | 'password' | 'code';
  readonly name: string;
  readonly type: string;
  readonly value?: string;
  readonly required?: true;
  readonly autocomplete?: string;
  readonly pattern?: string;
  readonly maxlength?: number;
  readonly label?: readonly [id: number, text: string];
}

const node = ({ group, name, type, value, required, autocomplete, pattern, maxlength, label }: Field) => ({
  type: 'input',
  group,
  // In the order of Kratos' struct.
  attributes: { name, type, value, required, autocomplete, pattern, disabled: false, maxlength, node_type: 'input' },
  messages: [],
  meta: { label: label === undefined ? undefined : { id: label[0], text: label[1], type: 'info' } },
});

const CSRF: Field = { group: 'default', name: 'csrf_token', type: 'hidden', value: '', required: true };
const CONTINUE: Field = { group: 'code', name: 'method', type: 'submit', value: 'code', label: [1070009, 'Continue'] };

const loginFields = (typed: string): readonly Field[] => [
  CSRF,
  { group: 'default', name: 'identifier', type: 'text', value: typed, required: true, label: [1070004, 'ID'] },
  { group: 'password', name: 'password', type: 'password', required: true, autocomplete: 'current-password', label: [1070001, 'Password'] },
  { group: 'password', name: 'method', type: 'submit', value: 'password', label: [1010022, 'Sign in with password'] },
];
const recoveryFields: readonly Field[] = [
  CSRF,
  { group: 'code', name: 'email', type: 'email', required: true, label: [1070007, 'Email'] },
  CONTINUE,
];
const sentFields = (typed: string): readonly Field[] => [
  CSRF,
  { group: 'code', name: 'code', type: 'text', required: true, pattern: '[0-9]+', maxlength: 6, label: [1070010, 'Recovery code'] },
  { group: 'code', name: 'method', type: 'hidden', value: 'code' },
  CONTINUE,
  { group: 'code', name: 'email', type: 'submit', value: typed, label: [1070008, 'Resend code'] },
];

export function printFlow(world: World, flow: Flow, { state, typed = '', message }: Step): Record<string, unknown> {
  const { publicUrl } = world.settings;
  const isLogin = flow.kind === 'login';
  const fields = isLogin ? loginFields(typed) : state === 'sent_email' ? sentFields(typed) : recoveryFields;
  const ui = {
    action: `${publicUrl}/self-service/${flow.kind}?flow=${flow.id}`,
    method: 'POST',
    nodes: fields.map(node),
    messages: message === undefined ? undefined : [message],
  };
  const issued_at = stamp(flow.issued_at);
  return {
    id: flow.id,
    ...(isLogin ? { organization_id: null } : {}),
    type: 'api',
    expires_at: stamp(flow.issued_at + HOUR),
    issued_at,
    request_url: `${publicUrl}/self-service/${flow.kind}/api`,
    ...(isLogin ? {} : { active: 'code' }),
    ui,
    ...(isLogin ? { created_at: issued_at, updated_at: issued_at, refresh: false, requested_aal: 'aal1' } : {}),
    state,
    ...(state === 'sent_email' ? { transient_payload: {} } : {}),
  };
}
