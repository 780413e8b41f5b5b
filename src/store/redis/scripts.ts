/**
 * What runs inside the server, whole or not at all: nobody else's command comes between, and a script that is refused (memory full, read-only)
 * is refused at its first write. INFO and TIME are read inside, so that an answer and the run and time that it belongs to are one.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha: string;
}
const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

const RUN = `
local server = redis.call('INFO', 'server')
local run = string.match(server, 'run_id:(%w+)') or ''
`;

/** ARGV[1]: the version that the caller knows; its document is not sent again. */
const SEEN = `
local function seen()
  local time = redis.call('TIME')
  local head = redis.call('HMGET', KEYS[1], 'format', 'version', 'run', 'epoch')
  local document = false
  if head[2] and head[2] ~= ARGV[1] then document = redis.call('HGET', KEYS[1], 'document') end
  return {'seen', time[1], time[2], run, head[1], head[2], head[3], head[4], document}
end
`;

/** KEYS: the state. ARGV: the known version. */
export const READ = script(`${RUN}${SEEN}
return seen()`);

/**
 * KEYS: the state, what is burnt with it. ARGV: the version that it replaces (empty: there is none), the run, how long burnt ones are kept
 * (ms), the new format, version, epoch and document.
 */
export const WRITE = script(`${RUN}${SEEN}
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] or run ~= ARGV[2] then return seen() end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return {'burnt'} end
end
local replicas = string.match(redis.call('INFO', 'replication'), 'connected_slaves:(%d+)') or '1'
redis.call('HSET', KEYS[1], 'format', ARGV[4], 'version', ARGV[5], 'run', run, 'epoch', ARGV[6], 'document', ARGV[7])
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[5], 'PX', ARGV[3], 'NX') end
return {'kept', replicas}`);

/** Values belong to the run in which they were put: one that was taken must not come back with an older dump. KEYS: one. ARGV: the value, ms. */
export const PUT = script(`${RUN}
local old = redis.call('GET', KEYS[1])
if old and string.sub(old, 1, #run + 1) == run .. ' ' then return 0 end
redis.call('SET', KEYS[1], run .. ' ' .. ARGV[1], 'PX', ARGV[2])
return 1`);

/** KEYS: one. ARGV: whether it is taken out (1) or looked at (0). */
export const GET = script(`${RUN}
local old = redis.call('GET', KEYS[1])
if not old then return false end
if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) end
if string.sub(old, 1, #run + 1) ~= run .. ' ' then return false end
return string.sub(old, #run + 2)`);

/** KEYS: all that are wanted. ARGV: the token, ms. All or none. */
export const LOCK = script(`
for i = 1, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
end
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2], 'NX') end
return 1`);

/** KEYS: all that are held. ARGV: the token, ms. How many are held still. */
export const RENEW = script(`
local held = 0
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then held = held + redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
end
return held`);

/** KEYS: all that are held. ARGV: the token. */
export const UNLOCK = script(`
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
return 1`);

/** KEYS: a sign of life. Whether it is there, and for how many seconds the server has been. */
export const ALIVE = script(`${RUN}
return {redis.call('EXISTS', KEYS[1]), string.match(server, 'uptime_in_seconds:(%d+)') or '0'}`);

/** KEYS: counts by bucket. ARGV: more, a bucket's seconds, how many buckets are kept. All of them: bucket, count, …; the time first. */
export const COUNT = script(`
local time = redis.call('TIME')
local now = math.floor(tonumber(time[1]) / tonumber(ARGV[2]))
if tonumber(ARGV[1]) > 0 then
  redis.call('HINCRBY', KEYS[1], string.format('%d', now), ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2] * (ARGV[3] + 1))
end
local all = redis.call('HGETALL', KEYS[1])
local reply = {time[1]}
for i = 1, #all, 2 do
  if tonumber(all[i]) <= now - tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i])
  else
    reply[#reply + 1] = all[i]
    reply[#reply + 1] = all[i + 1]
  end
end
return reply`);
