// Plays the recorded exchanges of a real Kratos again, in their order, and compares. KRATOS_RECORDINGS names their folder.
// They go to the sandbox, or with KRATOS_RECORDINGS_AGAINST=real to the empty Kratos that the other variables name.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'lossless-json';
import { beforeAll, describe, expect, test } from 'vitest';
import { ask, base } from './ask.ts';
import { Replay, type Exchange, type Place } from './replay.ts';

const folder = process.env['KRATOS_RECORDINGS'];

/** The addresses as recorded: the Kratos, and the second one without code and link. */
const then = {
  main: { adminUrl: 'http://127.0.0.1:4434', publicUrl: 'http://127.0.0.1:4433' },
  variant: { adminUrl: 'http://127.0.0.1:4534', publicUrl: 'http://127.0.0.1:4533' },
} as const;

// The folder is the recordings' own; their format is described beside them.
const read = (file: string) => parse(readFileSync(file, 'utf8')) as Exchange[];
const exchanges =
  folder === undefined
    ? []
    : readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .flatMap((name) =>
          read(join(folder, name)).map((exchange) => ({
            ...exchange,
            name: `${exchange.seq.value} ${name.replace('.json', '')}: ${exchange.case}`,
          })),
        )
        .toSorted((a, b) => Number(a.seq.value) - Number(b.seq.value));

async function start(): Promise<{ main: Place; variant: Place; stop(): Promise<void> }> {
  if (process.env['KRATOS_RECORDINGS_AGAINST'] === 'real') {
    const named = (prefix: string) => ({
      adminUrl: base(process.env[`${prefix}_ADMIN_URL`] ?? ''),
      publicUrl: base(process.env[`${prefix}_PUBLIC_URL`] ?? ''),
    });
    return { main: named('KRATOS'), variant: named('KRATOS_VARIANT'), stop: () => Promise.resolve() };
  }
  const { serveSandbox } = await import('../../src/sandbox/serve.ts');
  const empty = { adminPort: 0, publicPort: 0, empty: true };
  const main = await serveSandbox(empty);
  const variant = await serveSandbox({ ...empty, recovery: { code: false, link: false }, fasterExtend: true });
  const place = ({ adminUrl, publicUrl }: Place): Place => ({ adminUrl: base(adminUrl), publicUrl: base(publicUrl) });
  return {
    main: place(main),
    variant: place(variant),
    stop: async () => {
      await main.close();
      await variant.close();
    },
  };
}

if (folder === undefined) {
  test.skip('recorded exchanges of a real Kratos (skipped: KRATOS_RECORDINGS is not set)', () => {});
} else {
  describe('recorded exchanges of a real Kratos', () => {
    let now: Awaited<ReturnType<typeof start>>;
    let replay: Replay;
    beforeAll(async () => {
      now = await start();
      const places = (['main', 'variant'] as const).flatMap((which) =>
        (['adminUrl', 'publicUrl'] as const).map((port) => [then[which][port], now[which][port]] as const),
      );
      replay = new Replay(places);
      return () => now.stop();
    });

    test('are there', () => expect(exchanges.length).toBeGreaterThan(0));

    test.each(exchanges.map((exchange) => [exchange.name, exchange] as const))('%s', async (_name, exchange) => {
      const { method, path, server, variant, headers, body } = exchange.request;
      const place = now[variant === true ? 'variant' : 'main'];
      const url = (server === 'public' ? place.publicUrl : place.adminUrl) + replay.path(path);
      const raw = body === undefined ? undefined : replay.body(body);
      const answer = await ask(url, method, { ...(raw === undefined ? {} : { raw }), ...(headers === undefined ? {} : { headers }) });
      const { recorded, live } = replay.compare(exchange, answer);
      expect(live).toBe(recorded);
      // Only recovery links are written without escapes.
      const json = answer.headers['content-type']?.startsWith('application/json') === true;
      if (json && !path.startsWith('/admin/recovery/')) expect(answer.text).not.toMatch(/[<>&]/);
    });
  });
}
