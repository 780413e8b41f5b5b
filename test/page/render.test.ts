/** What is rendered: everything escaped, and the difference exact to the byte. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html, seenJson } from '../../src/page/html.ts';
import { decisionPage } from '../../src/page/views/decision.ts';
import type { PlanRecord, Shown } from '../../src/store/types.ts';
import { newPlan, shown } from './scene.ts';

const NOW = 1_780_000_000_000;
const view = { token: 'token', nonce: 'nonce' };
function rendered(overrides: Partial<Shown>, plan: Partial<PlanRecord> = {}): string {
  const record: PlanRecord = {
    ...newPlan(),
    id: 'A'.repeat(22),
    code: 'K7QX',
    created: NOW,
    expires: NOW + 60_000,
    state: 'waiting',
    decided: [],
    ...plan,
  };
  return decisionPage({
    plan: record,
    shown: { ...shown, ...overrides },
    view,
    way: { kind: 'none', because: ['x'] },
    enrolments: [],
    frozen: false,
    now: NOW,
  });
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#96;': '`' };
const unescaped = (text: string): string => text.replace(/&(?:amp|lt|gt|quot|#39|#96);/g, (it) => ENTITIES[it] ?? '');

/** Reads the page's table back, as a person's eye does: by rows and columns. */
function differenceIn(page: string): Shown['differences'] {
  const rows = page.matchAll(/<tbody data-path="([^"]*)">.*?<\/tr>\s*<tr>(.*?)<\/tr>\s*<\/tbody>/gs);
  return [...rows].map(([, path = '', cells = '']) => {
    const cell = (side: string) => new RegExp(`<td data-side="${side}"><code>([^<]*)</code></td>`).exec(cells)?.[1];
    const [before, after] = [cell('before'), cell('after')];
    return {
      path: unescaped(path),
      ...(before !== undefined && { before: unescaped(before) }),
      ...(after !== undefined && { after: unescaped(after) }),
    };
  });
}

const anything = fc.string({ unit: 'binary', maxLength: 30 });

describe('the template', () => {
  test('lets no value out of its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '`', 'a', '/', '=', ' ') }), (value) => {
        const { text } = html`<p title="${value}">${value}</p>`;
        const [, title = '', body = ''] = /^<p title="([^"]*)">([^<>]*)<\/p>$/.exec(text) ?? [];
        expect([unescaped(title), unescaped(body)]).toEqual([value, value]);
      }),
    );
  });

  test('shows lists and markup of its own, and nothing for what is not there', () => {
    expect(html`${[html`<b>${'<'}</b>`, undefined, false, 1]}`.text).toBe('<b>&lt;</b>1');
  });
});

describe('the page', () => {
  test('is the same markup whatever others wrote', () => {
    const tags = (page: string) => (page.match(/<[^>]*>/g) ?? []).map((it) => it.replace(/"[^"]*"/g, '""'));
    const harmless = tags(
      rendered({
        concerns: ['a'],
        says: ['a'],
        requester: 'a',
        client: 'a',
        pattern: 'a',
        environment: 'a',
        title: 'a',
        why: 'a',
        rule: 'a',
      }),
    );
    const hostile = '</p><script>alert(1)</script><form action="/x"><button autofocus>Approve</button>" onfocus="x` <!--';
    const values = {
      concerns: [hostile],
      says: [hostile],
      requester: hostile,
      client: hostile,
      pattern: hostile,
      environment: hostile,
      title: hostile,
      why: hostile,
      rule: hostile,
    };
    expect(tags(rendered(values, { principal: hostile }))).toEqual(harmless);
  });

  test('shows the exact difference: read back, it is what was put in', () => {
    const json = fc.oneof(anything, fc.jsonValue()).map((it) => JSON.stringify(it));
    const difference = fc.record({ path: anything, before: json, after: json }, { requiredKeys: ['path'] });
    fc.assert(
      fc.property(fc.array(difference, { minLength: 1, maxLength: 5 }), (differences) => {
        const back = differenceIn(rendered({ differences }));
        expect(back.map(({ path }) => path)).toEqual(differences.map(({ path }) => path));
        const parsed = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
        for (const side of ['before', 'after'] as const) {
          expect(back.map((it) => parsed(it[side]))).toEqual(differences.map((it) => parsed(it[side])));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('hides nothing in a value: what no reader sees is spelled out, and means the same', () => {
    const hidden = 'a\u202Eb\u200Bc\u{E0041}d\uFE0Fe\u00ADf\u3164g';
    const text = seenJson(JSON.stringify(hidden));
    expect(text).toBe('"a\\u202eb\\u200bc\\udb40\\udc41d\\ufe0fe\\u00adf\\u3164g"');
    expect(JSON.parse(text)).toBe(hidden);
  });

  test('shows the requests as they are sent, and of the rest all that a decision needs', () => {
    const page = rendered({});
    const [request] = shown.requests;
    expect(unescaped(/data-request="body">([^<]*)</.exec(page)?.[1] ?? '')).toBe(request?.body);
    expect(page).toContain(`${request?.method} ${request?.path}`);
    const said = [
      shown.environment,
      shown.requester,
      shown.client,
      ...shown.says,
      ...shown.concerns,
      shown.irreversible,
      shown.why,
      shown.rule,
      shown.pattern,
    ];
    for (const it of said) expect(unescaped(page)).toContain(it);
    for (const it of ['0 of 1', 'less than a minute left', 'self-reported']) expect(unescaped(page)).toContain(it);
  });

  test('says the code of the tool’s answer nowhere: the person brings it', () => {
    expect(rendered({})).not.toContain('K7QX');
  });

  test('has the ways out before the yes, and focuses nothing', () => {
    const record: PlanRecord = {
      ...newPlan(),
      id: 'A'.repeat(22),
      code: 'K7QX',
      created: NOW,
      expires: NOW + 60_000,
      state: 'waiting',
      decided: [],
    };
    const approver = { id: 'a', name: 'Anna', method: 'totp', enrolledAt: 0, enrolledBy: undefined, totp: { secret: 'A' } } as const;
    const page = decisionPage({
      plan: record,
      shown,
      view,
      way: { kind: 'factor', approvers: [approver], challenge: 'c' },
      enrolments: [],
      frozen: false,
      now: NOW,
    });
    const buttons = [...page.matchAll(/<button[^>]*>([^<]*)</g)].map(([, text]) => text);
    expect(buttons).toEqual(['Deny', 'I did not start this', 'Approve']);
    expect(page).not.toContain('autofocus');
  });
});
