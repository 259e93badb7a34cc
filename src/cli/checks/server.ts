import { messageOf } from '../../errors';
import type { Client } from '../../redis/connection';
import { settingOf } from '../../redis/notifications';
import { type Finding, fail, ok, unknown, warn } from './finding';

/** The first version of Redis with everything that the scripts use. */
const OLDEST = { major: 6, minor: 2 };

/** The fields of INFO, or why it was refused. */
export type Info = { fields: ReadonlyMap<string, string> } | { refusal: unknown };

/** @param client in a Cluster, any one node answers */
export async function readInfo(client: Client): Promise<Info> {
  try {
    const lines = (await client.info()).split('\r\n');
    return {
      fields: new Map(
        lines
          .filter((line) => line.includes(':'))
          .map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*:/, '')]),
      ),
    };
  } catch (refusal) {
    return { refusal };
  }
}

/**
 * Which server it is, whether its version is recent enough, and whether it accepts writes.
 *
 * @param topology checks a server that is not connected to as a Cluster; its argument is whether the server is a node of one
 */
export async function checkServer(
  client: Client,
  info: Info,
  asCluster: boolean,
  topology: (isNode: boolean) => Promise<Finding[]>,
): Promise<Finding[]> {
  const server = 'fields' in info ? serverIn(info.fields) : await serverByHello(client);
  if (!server) return [unknown('server', 'INFO', 'refusal' in info ? info.refusal : 'HELLO')];
  const findings = [versionOf(server)];
  if (!asCluster) findings.push(...(await topology(server.mode === 'cluster')));
  if (server.mode === 'sentinel') {
    findings.push(fail('topology', 'this is a Sentinel', 'use the URL of the primary that it watches'));
  }
  if (server.role === 'slave' || server.role === 'replica') {
    findings.push(
      asCluster
        ? ok('role', 'a replica answered; commands go to the primaries')
        : fail('role', 'this is a replica, which refuses writes', 'connect to its primary'),
    );
  }
  return findings;
}

interface Server {
  kind: string;
  version: string;
  mode: string;
  role: string;
}

function serverIn(fields: ReadonlyMap<string, string>): Server {
  const valkey = fields.get('valkey_version');
  return {
    kind: valkey === undefined ? 'Redis' : 'Valkey',
    version: valkey ?? fields.get('redis_version') ?? 'of an unknown version',
    mode: fields.get('redis_mode') ?? fields.get('server_mode') ?? 'standalone',
    role: fields.get('role') ?? 'master',
  };
}

/** Every user may send HELLO. */
async function serverByHello(client: Client): Promise<Server | null> {
  try {
    const reply: unknown = await client.call('HELLO');
    const flat = Array.isArray(reply) ? reply : Object.entries(Object(reply)).flat();
    const fieldOf = (name: string) => String(flat[flat.indexOf(name) + 1] ?? '');
    const kind = fieldOf('server') === 'valkey' ? 'Valkey' : 'Redis';
    return { kind, version: fieldOf('version'), mode: fieldOf('mode'), role: fieldOf('role') };
  } catch {
    return null;
  }
}

function versionOf({ kind, version, mode, role }: Server): Finding {
  const found = `${kind} ${version}, ${mode}, ${role === 'master' ? 'primary' : role}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (Number.isNaN(major))
    return warn('server', found, 'its version is unknown; bossman needs Redis 6.2 or later, or Valkey');
  const isOld =
    kind === 'Redis' && (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor));
  return isOld ? fail('server', found, 'bossman needs Redis 6.2 or later, or Valkey') : ok('server', found);
}

/** Whether Redis may evict keys. */
export function checkEviction(info: Info): Finding {
  if ('refusal' in info) return unknown('eviction', 'INFO', info.refusal);
  const policy = info.fields.get('maxmemory_policy') ?? '';
  const limit = Number(info.fields.get('maxmemory') ?? 0);
  if (policy === 'noeviction') return ok('eviction', policy);
  const found =
    limit > 0 ? `${policy}, with a maxmemory of ${megabytes(limit)}` : `${policy}, but no maxmemory`;
  if (limit === 0)
    return warn(
      'eviction',
      found,
      'nothing is evicted until maxmemory is set; set maxmemory-policy noeviction',
    );
  return policy.startsWith('volatile-')
    ? warn('eviction', found, 'if a lock is evicted, two runs may overlap; set maxmemory-policy noeviction')
    : fail('eviction', found, 'evicted plans and demands are lost; set maxmemory-policy noeviction');
}

/** Whether Redis refuses writes because it is out of memory; no finding if it does not. */
export function checkMemory(info: Info): Finding[] {
  if ('refusal' in info) return [];
  const fieldOf = (name: string) => Number(info.fields.get(name) ?? 0);
  const [limit, used] = [fieldOf('maxmemory'), fieldOf('used_memory') - fieldOf('mem_not_counted_for_evict')];
  if (limit === 0 || used <= limit) return [];
  const policy = info.fields.get('maxmemory_policy') ?? '';
  return [
    fail(
      'memory',
      `out of memory: ${megabytes(used)} used of a maxmemory of ${megabytes(limit)}, ${policy}`,
      'Redis refuses writes until there is room: raise maxmemory, or delete unneeded data',
    ),
  ];
}

/** What a crash of Redis loses. */
export async function checkPersistence(client: Client, info: Info): Promise<Finding> {
  if ('refusal' in info) return unknown('persistence', 'INFO', info.refusal);
  const { fields } = info;
  const failed = ['rdb_last_bgsave_status', 'aof_last_write_status'].filter(
    (field) => fields.get(field) === 'err',
  );
  if (failed.length > 0) {
    return fail(
      'persistence',
      `the last write to disk failed (${failed.join(', ')})`,
      "check the disk and Redis' log",
    );
  }
  if (fields.get('aof_enabled') === '1') return ok('persistence', 'append-only file');
  const advice =
    'a restart loses waiting demands and histories (instances restore the plans); set appendonly yes';
  try {
    const snapshots = await settingOf(client, 'save');
    return warn('persistence', snapshots === '' ? 'none' : `snapshots only (save ${snapshots})`, advice);
  } catch (refusal) {
    const found = `no append-only file; whether there are snapshots cannot be checked (${messageOf(refusal)})`;
    return warn('persistence', found, advice);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
