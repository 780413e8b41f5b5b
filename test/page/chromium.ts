/** A real browser with a virtual authenticator; its pictures are kept for people to look at. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import type { SoftPasskey } from './authenticator.ts';

const PATH = '/usr/bin/chromium';
/** Where there is none the tests are skipped and say so; never in CI. */
export const hasChromium = existsSync(PATH) || process.env['CI'] === 'true';
// eslint-disable-next-line no-console -- a skipped test must say why
if (!hasChromium) console.warn(`Skipped: the page's tests in a real browser need Chromium at ${PATH}.`);

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: PATH, args: ARGS });
}

export interface Authenticator {
  readonly hold: (passkey: SoftPasskey, signCount?: number) => Promise<void>;
  readonly verifies: (isVerified: boolean) => Promise<void>;
  readonly credentials: () => Promise<number>;
}

export async function authenticatorFor(page: Page, { verifies = true } = {}): Promise<Authenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: verifies,
      isUserVerified: verifies,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async hold({ id, pkcs8 }, signCount = 0) {
      const credentialId = Buffer.from(id, 'base64url').toString('base64');
      const credential = { credentialId, isResidentCredential: false, rpId: 'localhost', privateKey: pkcs8, signCount };
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
    async verifies(isUserVerified) {
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async credentials() {
      return (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length;
    },
  };
}

const PICTURES = join(import.meta.dirname, '../../test-artifacts/page');
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

export const newPage = async (browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  const context: BrowserContext = await browser.newContext(options);
  context.setDefaultTimeout(5_000);
  return context.newPage();
};

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}
/** What axe finds serious. Through the debugger: the page's own policy lets no other script in. */
export async function findings(page: Page): Promise<string[]> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Runtime.evaluate', { expression: axe });
  const { result } = await cdp.send('Runtime.evaluate', {
    expression: 'axe.run(document).then((it) => JSON.stringify(it.violations))',
    awaitPromise: true,
    returnByValue: true,
  });
  const violations = JSON.parse(String(result.value)) as readonly Finding[]; // what axe documents
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return bad.map(({ id, nodes }) => `${id}: ${nodes.map((it) => `${it.html} ${it.failureSummary}`).join('; ')}`);
}
