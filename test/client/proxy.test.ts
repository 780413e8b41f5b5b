import { describe, expect, test } from 'vitest';
import { proxyFor } from '../../src/client/proxy.ts';

const settings = { httpsProxy: 'http://proxy.example:3128', httpProxy: 'http://plain.example:3128' };
const via = (address: string, noProxy?: string) => proxyFor(new URL(address), { ...settings, noProxy });

describe('the proxy for an address', () => {
  test('is chosen by its scheme', () => {
    expect(via('https://kratos.example')).toBe(settings.httpsProxy);
    expect(via('http://kratos.example')).toBe(settings.httpProxy);
    expect(proxyFor(new URL('https://kratos.example'), { httpProxy: settings.httpProxy })).toBeUndefined();
    expect(proxyFor(new URL('https://kratos.example'), { httpsProxy: '' })).toBeUndefined();
  });

  test.each(['http://127.0.0.1:4434', 'http://127.9.9.9', 'http://localhost:4434', 'https://[::1]:4434', 'http://a.localhost'])(
    'is never used for loopback: %s',
    (address) => {
      expect(via(address)).toBeUndefined();
    },
  );

  test.each([
    ['https://kratos.example', 'kratos.example'],
    ['https://admin.kratos.example', 'kratos.example'],
    ['https://admin.kratos.example', 'other, .kratos.example'],
    ['https://admin.kratos.example', '*.kratos.example'],
    ['https://KRATOS.example', 'Kratos.Example'],
    ['https://kratos.example', 'kratos.example:443'],
    ['http://kratos.example:4434', 'kratos.example:4434'],
    ['http://10.1.2.3:4434', '10.0.0.0/8'],
    ['http://10.1.2.3:4434', '10.1.2.3'],
    ['http://[fd00::1]:4434', 'fd00::/8'],
    ['http://[fd00::1]:4434', '[fd00::1]:4434'],
    ['http://[fd00::1]:4434', 'fd00::1'],
    ['https://kratos.example', '*'],
  ])('is left out for %s under NO_PROXY=%s', (address, noProxy) => {
    expect(via(address, noProxy)).toBeUndefined();
  });

  test.each([
    ['https://notkratos.example', 'kratos.example'],
    ['https://kratos.example', 'admin.kratos.example'],
    ['https://kratos.example', 'kratos.example:8443'],
    ['http://11.1.2.3:4434', '10.0.0.0/8'],
    ['http://10.1.2.3:4434', '2.3'],
    ['http://10.1.2.3:4434', '10.0.0.0/99, nonsense/8, 10.0.0.0/'],
    ['https://kratos.example', ' , ,'],
  ])('stays for %s under NO_PROXY=%s', (address, noProxy) => {
    expect(via(address, noProxy)).toBeDefined();
  });
});
