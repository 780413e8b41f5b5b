/**
 * Preloaded into the built program beside ../crash/die-at.mjs: kills it, as `kill -9` does, at a point of what it says to the shared store.
 * What is sealed is seen as it is sealed; the next write to the store's port carries it, and the reply `kept` says that it is there. Only
 * plans about the account DIE_ABOUT count.
 */
import crypto from 'node:crypto';
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';

const { DIE_AT: at, DIE_ABOUT: about, DIE_STORE_PORT: port } = process.env;
const { createCipheriv } = crypto;
const { write, emit } = net.Socket.prototype;

const AFTER = {
  'after the yes is stored': 'approved',
  'after the claim is stored': 'claimed',
  'before the answer': 'done',
};

function die() {
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

/** Of the plans about the account, in the state that was sealed last. */
let states = new Set();
function statesIn(text) {
  try {
    return new Set(Object.values(JSON.parse(text).plans).flatMap((it) => (it.targets.includes(about) ? [it.state] : [])));
  } catch {
    return states; // something else is sealed
  }
}

crypto.createCipheriv = (...args) => {
  const cipher = createCipheriv(...args);
  const { update } = cipher;
  cipher.update = (text, ...rest) => {
    states = statesIn(text);
    return update.call(cipher, text, ...rest);
  };
  return cipher;
};

net.Socket.prototype.write = function (data, ...rest) {
  const isClaim = at === 'before the claim is stored' && this.remotePort === Number(port) && String(data).includes(':burnt:');
  if (isClaim && states.has('claimed')) die();
  return write.call(this, data, ...rest);
};

net.Socket.prototype.emit = function (event, ...args) {
  const isReply = event === 'data' && this.remotePort === Number(port);
  if (isReply && states.has(AFTER[at]) && String(args[0]).includes('kept')) die();
  return emit.call(this, event, ...args);
};

syncBuiltinESMExports();
