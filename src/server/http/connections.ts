/** Who holds which connection, so that nobody takes them all. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { groupOf, isLoopback } from './address.ts';
import type { Limits } from './limits.ts';

interface Held {
  readonly socket: Socket;
  /** Requests under way in it. */
  underWay: number;
  /** Whether a request has ever come whole. */
  used: boolean;
  /** A request came that did not wait: its answer is the last one here. */
  isEnding: boolean;
}

export interface Begun {
  /** No other request is under way in the same connection. */
  readonly isFirst: boolean;
  readonly end: () => void;
}

/**
 * Node's own `maxConnections` turns the newcomer away, so that whoever holds many and says nothing keeps all others out. Here it is the
 * oldest of those that goes.
 */
export class Connections {
  readonly #limits: Limits;
  readonly #isTrusted: (address: string) => boolean;
  readonly #held = new Map<string, Held>();
  readonly #perAddress = new Map<string, number>();

  constructor(limits: Limits, isTrusted: (address: string) => boolean) {
    this.#limits = limits;
    this.#isTrusted = isTrusted;
  }

  get size(): number {
    return this.#held.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket) => this.#admit(socket));
  }

  /** Of a request that came whole as far as its head; call `end` at its end. Undefined: nobody answers it, the connection ends before. */
  begin(socket: Socket): Begun | undefined {
    const held = this.#held.get(nameOf(socket));
    if (held === undefined) return { isFirst: true, end: () => {} };
    if (held.isEnding) return undefined;
    const isFirst = held.underWay === 0;
    held.isEnding = !isFirst;
    held.used = true;
    held.underWay += 1;
    const end = () => {
      held.underWay -= 1;
    };
    return { isFirst, end };
  }

  #admit(socket: Socket): void {
    const address = groupOf(socket.remoteAddress ?? '');
    const isCounted = !isLoopback(address) && !this.#isTrusted(socket.remoteAddress ?? '');
    const count = (this.#perAddress.get(address) ?? 0) + 1;
    if ((isCounted && count > this.#limits.connectionsPerAddress) || (this.#held.size >= this.#limits.connections && !this.#makeRoom())) {
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    this.#held.set(name, { socket, underWay: 0, used: false, isEnding: false });
    if (isCounted) this.#perAddress.set(address, count);
    socket.once('close', () => {
      this.#held.delete(name);
      if (isCounted) this.#leave(address);
    });
  }

  #leave(address: string): void {
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }

  /** First one that never sent a whole request, else one that is kept for another; the oldest of them. */
  #makeRoom(): boolean {
    const idle = [...this.#held.entries()].filter(([, { underWay }]) => underWay === 0);
    const [name, held] = idle.find(([, { used }]) => !used) ?? idle[0] ?? [];
    if (name === undefined || held === undefined) return false;
    this.#held.delete(name);
    held.socket.destroy();
    return true;
  }
}

/** The same for the socket of a request and, under TLS, for the one below it. */
const nameOf = ({ remoteAddress, remotePort, localAddress }: Socket): string => `${remoteAddress} ${remotePort} ${localAddress}`;
