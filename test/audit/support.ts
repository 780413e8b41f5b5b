/** A ledger in a folder of its own, and the files that it leaves. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openLedger, type LedgerPorts } from '../../src/audit/ledger.ts';
import { readRecords } from '../../src/audit/read.ts';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { PUBLIC_KEY } from '../../src/audit/keys.ts';
import { verify, type Verified } from '../../src/audit/verify.ts';
import { createLog } from '../../src/lib/log.ts';
import { openFolder, type Folder } from '../../src/store/folder.ts';

export const START = Date.parse('2026-03-01T12:00:00Z');

export function stateFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return openFolder(path);
}

/** It is closed when the test ends, if the test did not do it. */
export async function openIn(folder: Folder, options: Partial<LedgerPorts> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => new Date(START) });
  const ports = { folder, kratosUrl: 'http://kratos:4434/', level: 'L0', instance: 'i-1', now: () => START, log, ...options };
  const ledger = await openLedger(ports);
  onTestFinished(() => ledger.close());
  return { ledger, lines };
}

export const ledgerFile = (folder: Folder, name = 'ledger.jsonl') => folder.file(join('ledger', name));

export async function recordsOf(folder: Folder): Promise<LedgerRecord[]> {
  const found: LedgerRecord[] = [];
  for await (const it of readRecords(folder.path)) found.push(it);
  return found;
}

export function verifyFolder(folder: Folder): Promise<Verified> {
  const checkpoints = ledgerFile(folder, 'checkpoints.jsonl');
  return verify({
    ledger: { folder: folder.file('ledger') },
    checkpoints: existsSync(checkpoints) ? checkpoints : undefined,
    publicKey: folder.file(PUBLIC_KEY),
  });
}

/** Everything that lies in the folder, as one text. */
export function everythingIn(folder: Folder): string {
  const names = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
  return names.map((it) => readFileSync(join(it.parentPath, it.name), 'latin1')).join('\n');
}
