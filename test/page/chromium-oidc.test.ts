/** The way over the company's provider in a real browser. The provider is at 127.0.0.1 and the page at localhost: two sites, as in life. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { findings, hasChromium, launch, newPage, picture } from './chromium.ts';
import { oidcScene, type OidcScene } from './oidc-scene.ts';

const READ_MS = 1_600; // sooner than that nobody has read it

describe.skipIf(!hasChromium)('in Chromium, with a provider', () => {
  let browser: Browser;
  let it: OidcScene;
  let page: Page;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    it = await oidcScene();
    page = await newPage(browser, { viewport: { width: 1000, height: 900 } });
  });
  afterEach(async () => {
    await page.context().close();
    await it.close();
  });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  /** The provider of the tests lets everybody in without a page of its own. A person sends a form there, which makes what follows cross-site. */
  async function through(name: string): Promise<void> {
    it.provider.intercept('/auth', ({ url }, response) => {
      it.provider.intercept('/auth', undefined);
      const asked = [...new URL(url ?? '', it.provider.issuer).searchParams].map(
        ([key, value]) => `<input type="hidden" name="${key}" value="${value}">`,
      );
      response
        .setHeader('Content-Type', 'text/html')
        .end(`<link rel="icon" href="data:,"><form>${asked.join('')}<button>Let me in</button></form>`);
    });
    await button(name).click();
    await button('Let me in').click();
  }
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });

  test('an approver signs in, looks, approves by a fresh login, is shown the secret by another, and signs out; each request at another replica', async () => {
    const errors: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    const plan = await it.ask({ tool: 'create_recovery_code_for_identity' });
    const address = `${it.origin}/approvals/${plan.id}`;
    await page.goto(address);
    await heading('Sign in to see it').waitFor();
    expect(await page.content()).not.toContain('ada.byron');
    await picture(page, 'oidc-brief');
    expect(await findings(page)).toEqual([]);

    await through('Sign in');
    await page.getByText('ada.byron@example.com').first().waitFor();
    expect(page.url()).toBe(address);
    await picture(page, 'oidc-decision');
    expect(await findings(page)).toEqual([]);
    const cookies = (await page.context().cookies()).filter((cookie) => cookie.domain === 'localhost');
    expect(cookies).toMatchObject([{ httpOnly: true, secure: true, sameSite: 'Strict', path: '/' }]); // and no other one
    expect(cookies[0]?.name).toMatch(/^__Host-/);

    await page.getByLabel('Code').fill(plan.code);
    await page.waitForTimeout(READ_MS);
    await through('Approve');
    await heading('Approved, not carried out yet').waitFor();
    expect(page.url()).toBe(address);
    expect(await it.find(plan)).toMatchObject({ state: 'approved', decided: [{ by: it.person('anna'), method: 'oidc' }] });

    await it.store.plans.claim(plan.id, plan);
    await it.store.plans.finish(plan.id, 'executed');
    const expiresAt = it.now() + 600_000;
    await it.reveals.keep(plan.id, { values: { 'Recovery code': new Secret('483920') }, about: '“ada@example.com”', expiresAt });
    await heading('A recovery secret waits here').waitFor(); // by itself
    await page.waitForTimeout(READ_MS);
    await through('Show it now');
    await page.getByText('483920').waitFor();
    await page.reload();
    await heading('That did not count').waitFor();
    expect(await page.content()).not.toContain('483920');
    await picture(page, 'oidc-over');
    expect(await findings(page)).toEqual([]);

    await page.goto(`${it.origin}/approvals`);
    await button('Sign out').click();
    await button('Sign in').waitFor();
    expect(errors.filter((text) => !text.includes('403'))).toEqual([]); // the policy of the page blocks nothing that it needs
    expect(it.events()).toEqual(['signed_in', 'approved', 'revealed']);
  });

  test('a link on a page of another site leads there with the sign-in, and the address of another’s login does nothing here', async () => {
    const plan = await it.ask();
    const address = `${it.origin}/approvals/${plan.id}`;
    const elsewhere = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end(`<a href="${address}">A question waits</a>`),
    );
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo; // it listens on a port
    await page.goto(`${it.origin}/approvals`);
    await through('Sign in');
    await heading('Waiting').waitFor();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByText('A question waits').click();
    await page.getByText('ada.byron@example.com').first().waitFor(); // still signed in

    // Somebody else's answer to a login of their own, brought into this browser.
    const theirs = it.browser();
    await theirs.signIn('dora');
    const back = await theirs.toProvider(
      await theirs.submit(`/approvals/${plan.id}`, `/approvals/${plan.id}`, { action: 'approve', code: plan.code }),
      'dora',
    );
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.evaluate(`location.href = ${JSON.stringify(`${it.origin}${back}`)}`);
    await heading('That did not count').waitFor();
    expect(await it.find(plan)).toMatchObject({ state: 'waiting', decided: [] });
    await page.goto(`${it.origin}/approvals`);
    await page.getByText('Signed in as Anna Admin').waitFor();
    elsewhere.closeAllConnections();
    elsewhere.close();
  });
});
