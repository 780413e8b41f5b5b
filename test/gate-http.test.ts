/**
 * The gate's suites once more, with every client over HTTP: sessions for 2025-era clients that can be asked, none for all others. Every
 * fifth row of the table here; `npm run test:http` takes them all.
 */
import { overHttp } from './support/over-http.ts';

process.env['GATE_EVERY'] ??= '5';
overHttp();
await import('./gate.test.ts');
await import('./gate-legs.test.ts');
await import('./gate-cancel.test.ts');
