/**
 * Preloaded into the built program (`node --import`): kills it, as `kill -9` does, at the point that DIE_AT names. Each point is an
 * operation on a file, found by what is written; nothing of the program is replaced.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const at = process.env.DIE_AT;
const { renameSync, readFileSync, writeSync, fsync } = fs;

function die() {
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

/** Which states the plans have in what is about to become `state.json`. */
function statesIn(from, to) {
  if (!String(to).endsWith('state.json')) return new Set();
  return new Set(Object.values(JSON.parse(readFileSync(from, 'utf8')).plans).map((it) => it.state));
}

fs.renameSync = (from, to) => {
  const states = statesIn(from, to);
  if (at === 'before the claim is stored' && states.has('claimed')) die();
  renameSync(from, to);
  if (at === 'after the approval is stored' && states.has('approved')) die();
  if (at === 'after the claim is stored' && states.has('claimed')) die();
  if (at === 'before the result is out' && states.has('done')) die();
};

/** The last record of a call that was handed to the file system. */
let written = '';
fs.writeSync = (fd, data, ...rest) => {
  const text = Buffer.isBuffer(data) ? data.toString('utf8') : String(data);
  const event = /"event":"(intent|outcome)"/.exec(text)?.[1];
  if (at === 'in the middle of the intent' && event === 'intent') {
    writeSync(fd, data.subarray(0, text.length - 100));
    die();
  }
  if (at === 'before the outcome is recorded' && event === 'outcome') die();
  const count = writeSync(fd, data, ...rest);
  written = event ?? written;
  return count;
};

fs.fsync = (fd, done) => {
  if (at === 'before the intent is synced' && written === 'intent') die();
  fsync(fd, (error) => {
    if (at === 'before the write goes out' && written === 'intent') die();
    if (at === 'after the outcome is recorded' && written === 'outcome') die();
    done(error);
  });
};

syncBuiltinESMExports();
