/** The page in a real browser, with a virtual authenticator. */
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import type { NewPlan, PlanRecord } from '../../src/store/types.ts';
import { authenticatorFor, findings, hasChromium, launch, newPage, picture } from './chromium.ts';
import { scene, shown, type Scene } from './scene.ts';

describe.skipIf(!hasChromium)('in Chromium', () => {
  let browser: Browser;
  let it: Scene;
  let page: Page;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    it = await scene();
    page = await newPage(browser, { viewport: { width: 1000, height: 900 } });
  });
  afterEach(async () => {
    await page.context().close();
    await it.close();
  });

  async function opened(overrides?: Partial<NewPlan>, at = page): Promise<PlanRecord> {
    const plan = await it.ask(overrides);
    await at.goto(await it.page.addressOf(plan.id));
    it.pass(2_000);
    return plan;
  }
  const button = (name: string, at = page) => at.getByRole('button', { name, exact: true });

  test('a person approves with a passkey, and the page follows the plan to its end', async () => {
    await (await authenticatorFor(page)).hold(it.passkey);
    const errors: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    const plan = await opened();
    await picture(page, 'waiting');
    await page.getByLabel('Code').fill(plan.code);
    await button('Approve').click();
    await page.getByRole('heading', { name: 'Approved, not carried out yet' }).waitFor();
    await picture(page, 'approved');
    expect(await it.find(plan)).toMatchObject({ state: 'approved', decided: [{ by: 'anna', method: 'passkey' }] });
    expect(it.ledger.records[0]?.assertion?.signature).toMatch(/^[\w-]{80,}$/);
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([{ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }]); // Chromium takes it on http://localhost
    expect(cookies[0]?.name).toMatch(/^__Host-/);
    await it.ports.store.plans.claim(plan.id, plan);
    await it.ports.store.plans.finish(plan.id, 'executed');
    await page.getByRole('heading', { name: 'Done' }).waitFor(); // by itself
    await picture(page, 'done');
    expect(errors).toEqual([]); // the policy of the page blocks nothing that it needs
  });

  test('a person denies, without any factor', async () => {
    const plan = await opened();
    await button('Deny').click();
    await page.getByRole('heading', { name: 'Denied' }).waitFor();
    await picture(page, 'denied');
    expect((await it.find(plan)).state).toBe('declined');
  });

  test('without user verification nothing is approved', async () => {
    const authenticator = await authenticatorFor(page);
    await authenticator.hold(it.passkey);
    await authenticator.verifies(false);
    const plan = await opened();
    await page.getByLabel('Code').fill(plan.code);
    await button('Approve').click();
    await page.getByText('The passkey did not answer').waitFor();
    expect((await it.find(plan)).state).toBe('waiting');
    expect(await button('Approve').isEnabled()).toBe(true);
  });

  test('a passkey of somebody else approves nothing, and the error is read out', async () => {
    const plan = await opened();
    const field = page.locator('form[data-passkey] input[name=passkey]');
    await field.evaluate((element) => element.setAttribute('value', '{"id":"AAAA"}'));
    await page.getByLabel('Code').fill('ZZZZ');
    await page.locator('form[data-passkey]').evaluate((form) => (form as unknown as { submit(): void }).submit()); // past the script; the DOM's types are not loaded
    await page.getByRole('alert').waitFor();
    expect((await it.find(plan)).state).toBe('waiting');
  });

  test('the keyboard alone suffices; Approve is neither focused nor first', async () => {
    await (await authenticatorFor(page)).hold(it.passkey);
    const plan = await opened();
    const focused = () =>
      page.evaluate(
        'document.activeElement.textContent.trim().slice(0, 40) || document.activeElement.name || document.activeElement.tagName',
      );
    expect(await page.evaluate('document.activeElement.tagName')).toBe('BODY');
    const seen: unknown[] = [];
    for (let i = 0; i < 20 && !seen.includes('Approve'); i += 1) {
      await page.keyboard.press('Tab');
      const now = await focused();
      seen.push(now);
      if (now === 'code') await page.keyboard.type(plan.code);
    }
    const order = seen.filter((name) => ['Deny', 'I did not start this', 'code', 'Approve'].includes(String(name)));
    expect(order).toEqual(['Deny', 'I did not start this', 'code', 'Approve']);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await picture(page, 'keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Approved, not carried out yet' }).waitFor();
  });

  test('Enter in the code field approves, as people expect, and does not deny', async () => {
    await (await authenticatorFor(page)).hold(it.passkey);
    const plan = await opened();
    await page.getByLabel('Code').fill(plan.code);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Approved, not carried out yet' }).waitFor();
  });

  test('no page of another origin frames it, posts to it, or signs for it', async () => {
    const plan = await it.ask();
    const address = await it.page.addressOf(plan.id);
    const form = `<form method="post" action="${address}"><input name="token" value="x"><input name="action" value="deny"></form>`;
    const elsewhere = createServer((_, response) =>
      response
        .setHeader('Content-Type', 'text/html')
        .end(`<iframe src="${address}"></iframe>${form}<link rel="prefetch" href="${address}">`),
    );
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const bound = elsewhere.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    await (await authenticatorFor(page)).hold(it.passkey);
    // Another port of localhost is the same site: cookies go there and passkeys work, so Origin has to tell them apart.
    await page.goto(`http://localhost:${port}/`);
    await page.waitForTimeout(300);
    for (const frame of page.frames().slice(1)) expect(await frame.content()).not.toContain('ada.byron');
    const signed = await page.evaluate(
      `navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: 'localhost', userVerification: 'required', allowCredentials: [] } }).then(() => 'signed', (error) => error.name)`,
    );
    expect(['signed', 'NotAllowedError']).toContain(signed); // whatever it signs, its origin is in it; see decide.test.ts
    const posted = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.locator('form').evaluate((element) => (element as unknown as { submit(): void }).submit()); // the DOM's types are not loaded
    expect((await posted).status()).toBe(403);
    expect(await it.find(plan)).toMatchObject({ state: 'waiting', decided: [] });
    expect(it.ledger.records).toEqual([]);
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  test('a recovery secret is shown once and leaves the screen by itself', async () => {
    await (await authenticatorFor(page)).hold(it.passkey);
    const plan = await opened({ tool: 'create_recovery_code_for_identity' });
    await page.getByLabel('Code').fill(plan.code);
    await button('Approve').click();
    await page.getByRole('heading', { name: 'Approved, not carried out yet' }).waitFor();
    await it.ports.store.plans.claim(plan.id, plan);
    await it.ports.store.plans.finish(plan.id, 'executed');
    const expiresAt = it.ports.now() + 60_000;
    await it.ports.reveals.keep(plan.id, { values: { 'Recovery code': new Secret('483920') }, about: '“ada@example.com”', expiresAt });
    await page.reload();
    await page.getByRole('heading', { name: 'A recovery secret waits here' }).waitFor();
    await picture(page, 'reveal-waits');
    it.pass(expiresAt - it.ports.now() - 3_500); // it leaves when it expires, so that the test needs no minute
    await button('Show it now').click();
    await page.getByText('483920').waitFor();
    await picture(page, 'reveal-shown');
    await page.getByText('483920').waitFor({ state: 'detached', timeout: 6_000 });
    await page.goBack().catch(() => null);
    await page.waitForTimeout(300);
    expect(await page.getByText('483920').count()).toBe(0);
  });

  test('an approver signs in to the list, on a phone, without scrolling sideways', async () => {
    await page.context().close();
    page = await newPage(browser, { viewport: { width: 320, height: 640 }, colorScheme: 'dark' });
    await (await authenticatorFor(page)).hold(it.passkey);
    await it.ask();
    const denied = await it.ask({ shown: { ...shown, title: 'Delete an identity' } });
    await it.ports.store.plans.end(denied.id, 'declined', 'declined');
    await it.ports.store.counters.lock('os:1001:kim');
    await page.goto(new URL('/', await it.page.addressOf('x')).href);
    await picture(page, 'front-phone');
    await button('Sign in').click();
    await page.getByRole('heading', { name: 'Waiting' }).waitFor();
    await picture(page, 'list-phone');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    expect(await findings(page)).toEqual([]);
  });

  test.each([
    ['light', 320],
    ['dark', 1000],
  ] as const)('the decision, %s at %i pixels: everything in sight, nothing that axe finds serious', async (colorScheme, width) => {
    await page.context().close();
    page = await newPage(browser, { viewport: { width, height: 700 }, colorScheme });
    const long = 'x'.repeat(120);
    await it.enrol({ id: 'ben', name: 'Ben', method: 'totp', totp: { secret: 'JBSWY3DPEHPK3PXP' } });
    const differences = [
      ...shown.differences,
      { path: 'metadata_admin.notes', before: `"${long}"`, after: '{"a":[1,2,3],"b":"two words"}' },
    ];
    await opened({ approvals: 2, requires: { reason: true, ticket: 'SUP-[0-9]+' }, shown: { ...shown, differences } });
    for (const summary of await page.locator('summary').all()) await summary.click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await picture(page, `decision-${colorScheme}-${width}`);
    expect(await findings(page)).toEqual([]);
  });

  test('axe finds nothing serious on the other pages, light and dark', async () => {
    const ended = await it.ask();
    await it.ports.store.plans.end(ended.id, 'expired', 'expired');
    const phrase = await it.ask({ kind: 'confirm', approvals: 0 });
    const address = await it.page.addressOf('A'.repeat(22));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of ['/approvals', `/approvals/${ended.id}`, `/approvals/${phrase.id}`, address]) {
        await page.goto(new URL(path, address).href);
        expect(await findings(page)).toEqual([]);
      }
    }
    await picture(page, 'nobody-can');
  });
});
