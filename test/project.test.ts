/** What the project's files promise to each other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = z
  .object({ name: z.string(), version: z.string(), bin: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')));

test('mcp.json starts this version and holds no secret', () => {
  const Server = z.strictObject({
    type: z.literal('stdio'),
    command: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
  });
  const { mcpServers } = z.object({ mcpServers: z.record(z.string(), Server) }).parse(JSON.parse(read('mcp.json')));
  for (const { args, env } of Object.values(mcpServers)) {
    expect(args).toContain(`${manifest.name}@${manifest.version}`);
    for (const value of Object.values(env)) expect(value).toMatch(/^\$\{[A-Z_]+:-[a-z]*\}$/);
  }
});

test('the newest chapter of the changelog is about this version', () => {
  expect(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1]).toBe(manifest.version);
});

test('an installation brings this package alone: what runs is bundled', () => {
  const { packages } = z
    .object({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional(), devOptional: z.boolean().optional() })) })
    .parse(JSON.parse(read('package-lock.json')));
  const brought = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true);
  expect(brought.map(([path]) => path)).toEqual([]);
});

test('every file that the README points to is there', () => {
  const links = [...read('README.md').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? '');
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(read(link), link).not.toBe('');
});
