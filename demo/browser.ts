/** The approver's browser: Chromium with a virtual passkey where it is there, else whatever the person at the terminal uses. */
import { existsSync } from 'node:fs';
import { say, shown } from './show.ts';

export interface Approver {
  enrol(address: string): Promise<void>;
  approve(address: string, code: string): Promise<void>;
  /** What the page shows; undefined where only the person can see it. */
  reveal(address: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Where Debian, Ubuntu, Fedora, Chrome's own packages and macOS put it. */
const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** The title, what would happen to whom, who asks and why, who was enrolled lately. */
const WHAT_IS_READ = 'h1, [aria-labelledby="what"] > ul li, [aria-labelledby="what"] > p, [aria-labelledby="who"] dl > div, .enrolments li';
/** The page takes no decision sooner after it was opened. */
const READING_MS = 1_700;

export async function openBrowser(): Promise<Approver> {
  const executablePath = BROWSERS.find((it) => existsSync(it));
  const playwright = executablePath === undefined ? undefined : await import('playwright-core').catch(() => undefined);
  if (executablePath === undefined || playwright === undefined) return byHand();
  say('Chromium plays the browser of the approver, with a virtual passkey.');
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await playwright.chromium.launch({ executablePath, args: [...FLAGS, ...asRoot] });
  const page = await browser.newPage();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  } as const;
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, automaticPresenceSimulation: true } });
  return {
    async enrol(address) {
      await page.goto(address);
      await page.getByRole('button', { name: 'Make the passkey' }).click();
      await page.waitForURL((url) => url.href !== address, { timeout: 5_000 }).catch(() => {}); // it may answer at the same address
    },
    async approve(address, code) {
      await page.goto(address);
      for (const text of await page.locator(WHAT_IS_READ).allInnerTexts()) say(shown(text.trim().replace(/\s*\n\s*/g, ': '), '  │ '));
      await page.getByLabel(/^Code/).fill(code);
      await page.waitForTimeout(READING_MS);
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('heading', { level: 1, name: /approved/i }).waitFor({ timeout: 10_000 });
      say(`  The page says: ${await page.getByRole('heading', { level: 1 }).innerText()}`);
    },
    async reveal(address) {
      await page.goto(address);
      await page.waitForTimeout(READING_MS);
      await page.getByRole('button', { name: 'Show it now' }).click(); // wants the passkey again
      await page.getByRole('heading', { name: 'For the customer alone' }).waitFor({ timeout: 10_000 });
      const text = await page.locator('main').innerText();
      return /\b\d{6}\b/.exec(text)?.[0];
    },
    close: () => browser.close(),
  };
}

/** Nothing is done for the person; each address is said, and the next step waits for Enter. */
async function byHand(): Promise<Approver> {
  if (!process.stdin.isTTY) throw new Error('No Chromium was found, and there is no terminal at which a person could open a browser.');
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const pause = async (what: string) => void (await terminal.question(`\n  ${what} Then press Enter. `));
  say('No Chromium was found here: open the addresses in your own browser.');
  return {
    enrol: async (address) => say(`\n  Open ${address} and make a passkey.`),
    approve: (address, code) => pause(`Open ${address}, type the code ${code} and approve.`),
    async reveal(address) {
      await pause(`Open ${address} again and have the code shown.`);
      return undefined;
    },
    close: async () => terminal.close(),
  };
}
