import { messageOf } from '../errors';
import { checkPrefix, isCluster } from '../redis/connection';
import { visible } from '../telling/visible';
import { type Finding, fail } from './checks/finding';
import { checkFleet } from './checks/fleet';
import { checkNotifications } from './checks/notifications';
import { checkRights } from './checks/rights';
import { checkEviction, checkMemory, checkPersistence, checkServer, readInfo } from './checks/server';
import { checkClock, checkLatency } from './checks/timing';
import { checkTopology } from './checks/topology';
import type { Paint } from './output';
import { connectionTo } from './place';
import { type Asked, type Session, withSession } from './session';

/** Checks Redis and the fleet, and explains what it finds. The exit status is 1 if anything is a fault. */
export function doctor(asked: Asked): Promise<number> {
  const wrong = asked.cluster ? wrongPrefix(asked) : null;
  // Check everything else with the recommended prefix.
  const place = wrong ? { ...asked, prefix: `{${asked.prefix}}` } : asked;
  return withSession(place, async (session) => {
    const findings = [...(wrong ? [wrong] : []), ...(await examine(session, place.prefix))];
    const worst = ['fail', 'warn', 'ok'].find((status) =>
      findings.some((finding) => finding.status === status),
    );
    session.output.say({ status: worst, checks: findings }, () => report(findings, session.output.paint));
    return worst === 'fail' ? 1 : 0;
  });
}

function wrongPrefix(asked: Asked): Finding | null {
  try {
    checkPrefix(asked.prefix, connectionTo(asked));
    return null;
  } catch (error) {
    // Reported when connecting.
    if (!(error instanceof RangeError)) return null;
    return fail(
      'prefix',
      messageOf(error),
      `use --prefix '{${asked.prefix}}', and the same prefix in the services`,
    );
  }
}

async function examine({ inspector }: Session, prefix: string): Promise<Finding[]> {
  const { client, keys } = inspector;
  const info = await readInfo(client);
  // One after another, so that other requests do not disturb the measurements.
  return [
    ...(await checkServer(client, info, isCluster(client), (isNode) =>
      checkTopology(client, keys, prefix, isNode),
    )),
    ...(await checkRights(client, keys, 'fields' in info)),
    // On a Cluster, notifications stay on their node and are not used.
    ...(isCluster(client) ? [] : await checkNotifications(client)),
    ...checkMemory(info),
    checkEviction(info),
    await checkPersistence(client, info),
    await checkLatency(client),
    await checkClock(client),
    ...(await checkFleet(inspector)),
  ];
}

function report(findings: readonly Finding[], paint: Paint): string[] {
  const colours = { ok: paint.green, warn: paint.yellow, fail: paint.red };
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, status, found, advice }) => [
    `${colours[status](status.padEnd(4))}  ${check.padEnd(width)}  ${visible(found)}`,
    ...(advice === null ? [] : [' '.repeat(width + 8) + paint.dim(visible(advice))]),
  ]);
}
