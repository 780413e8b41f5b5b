/** What is counted by address stays bounded, and is counted for the right one. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { groupOf, inCidrs, originOf } from '../../../src/server/http/address.ts';
import { localCaller } from '../../../src/caller.ts';
import { authInfoOf, callerOf } from '../../../src/server/http/caller-of.ts';
import { Connections } from '../../../src/server/http/connections.ts';
import { headRequest } from '../../../src/server/http/exchange.ts';
import { Failures } from '../../../src/server/http/failures.ts';
import { LIMITS } from '../../../src/server/http/limits.ts';
import { UnderWay } from '../../../src/server/http/under-way.ts';

describe('an address', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::1', '::1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, group) => {
    expect(groupOf(address)).toBe(group);
  });

  test.each([
    [['10.0.0.0/8'], '10.1.2.3', true],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8'], '11.1.2.3', false],
    [['10.0.0.1'], '10.0.0.1', true],
    [['10.0.0.1'], '10.0.0.2', false],
    [['fd00::/8'], 'fd12::1', true],
    [['fd00::/8'], 'fe80::1', false],
    [['0.0.0.0/0'], '10.0.0.1', true],
    [['10.0.0.0/8'], 'nonsense', false],
    [[], '127.0.0.1', false],
  ])('of %j: %s is one: %s', (cidrs, address, expected) => {
    expect(inCidrs(cidrs)(address)).toBe(expected);
  });

  test.each(['10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/1e1', '::/129', '', 'localhost', '10.0.0/8'])(
    '%j is no CIDR',
    (cidr) => {
      expect(() => inCidrs([cidr])).toThrow('--trusted-proxies');
    },
  );

  test.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', '198.51.100.1, nonsense', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, nonsense, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1:4711', '10.0.0.1'],
  ])('of a request from %s for %s is %s', (remoteAddress, forwarded, address) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    const request = { socket: { remoteAddress } as Socket, headers }; // all that is read of it
    expect(originOf(request, inCidrs(['10.0.0.0/8'])).address).toBe(address);
  });
});

describe('connections', () => {
  /** Of a socket, what is counted by. */
  class Wire extends EventEmitter {
    destroyed = false;
    readonly localAddress = '192.0.2.254';
    readonly remoteAddress: string;
    readonly remotePort: number;
    constructor(remoteAddress: string, remotePort: number) {
      super();
      this.remoteAddress = remoteAddress;
      this.remotePort = remotePort;
    }
    destroy(): void {
      this.destroyed = true;
      this.emit('close');
    }
  }
  function open(trusted: readonly string[] = []) {
    const server = new EventEmitter();
    const connections = new Connections({ ...LIMITS, connections: 10, connectionsPerAddress: 2 }, inCidrs(trusted));
    connections.watch(server as Server); // it listens to it, no more
    let port = 0;
    const from = (address: string) => {
      const wire = new Wire(address, (port += 1));
      server.emit('connection', wire);
      return wire;
    };
    return { connections, from };
  }

  test('one address has its share, and gets it back', () => {
    const { connections, from } = open();
    const [first, second, third] = [from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.1')];
    expect([first, second, third].map((it) => it.destroyed)).toEqual([false, false, true]);
    expect(from('192.0.2.2').destroyed).toBe(false);
    first.destroy();
    expect(from('192.0.2.1').destroyed).toBe(false);
    expect(connections.size).toBe(3);
  });

  test('loopback and trusted proxies have no share of their own', () => {
    const { from } = open(['10.0.0.0/8']);
    for (const address of ['127.0.0.1', '10.0.0.1', '::1']) {
      expect([from(address), from(address), from(address)].map((it) => it.destroyed)).toEqual([false, false, false]);
    }
  });

  test('are never more than may be, and none is forgotten', () => {
    const { connections, from } = open(['10.0.0.0/8']);
    const all = Array.from({ length: 50 }, () => from('10.0.0.1'));
    expect(connections.size).toBe(10);
    expect(all.map((it) => it.destroyed)).toEqual([...Array(40).fill(true), ...Array(10).fill(false)]);
    for (const wire of all) wire.destroy();
    expect(connections.size).toBe(0);
  });
});

test('failures are counted in bounded memory, the oldest address being forgotten first', () => {
  const failures = new Failures(1, () => 1_000);
  failures.failed('first', ['a']);
  for (let i = 0; i < 9_999; i += 1) failures.failed(`address ${i}`, ['a']);
  expect([failures.wait('first', ['a']), failures.wait('address 9998', ['a'])]).toEqual([60, 60]);
  failures.failed('one more', ['a']);
  expect([failures.wait('first', ['a']), failures.wait('one more', ['a'])]).toEqual([undefined, 60]);
});

test('what has left makes room, and nothing of it stays', () => {
  const underWay = new UnderWay();
  const leave = [underWay.enter('a', 2), underWay.enter('a', 2)];
  expect(underWay.enter('a', 2)).toBeUndefined();
  expect(underWay.enter('b', 2)).toBeDefined();
  leave[0]?.();
  expect(underWay.enter('a', 2)).toBeDefined();
});

test('a token that counted is known as one for ten minutes, and no longer once it is refused', () => {
  let now = 0;
  const failures = new Failures(1, () => now);
  const locked = (token: string) => {
    failures.failed('here', ['bad']);
    return failures.wait('here', [token]) !== undefined;
  };
  failures.passed(['good']);
  expect([locked('good'), locked('other')]).toEqual([false, true]);
  now = 11 * 60_000;
  expect(locked('good')).toBe(true);
  failures.passed(['good']);
  expect(locked('good')).toBe(false);
  failures.failed('here', ['good']);
  expect(locked('good')).toBe(true);
});

test('neither token nor cookie goes on to the protocol library, and nobody is called without having been checked', () => {
  const headers = { authorization: 'Bearer x', cookie: 'a=b', 'proxy-authorization': 'x', 'mcp-method': 'tools/list', accept: 'a/b' };
  const request = headRequest({ method: 'POST', headers } as unknown as IncomingMessage, new AbortController().signal); // all that is read of it
  expect(Object.fromEntries(request.headers)).toEqual({ 'mcp-method': 'tools/list', accept: 'a/b' });
  const caller = localCaller('tester');
  const auth = authInfoOf(caller, undefined);
  expect([auth.token, callerOf(auth)]).toEqual(['', caller]);
  for (const other of [undefined, { ...auth }, { token: 'x', clientId: 'tester', scopes: [] }]) {
    expect(() => callerOf(other)).toThrow('without a caller');
  }
});
