import type { Client } from '../../redis/connection';
import { span } from '../time';
import { type Finding, ok, unknown, warn } from './finding';

const PINGS = 50;
/** ms; runs start noticeably late if PING takes this long. */
const SLOW = { p50: 10, p99: 100 };
const READINGS = 10;
/** ms */
const APART = 1000;

/** How long Redis takes to answer. */
export async function checkLatency(client: Client): Promise<Finding> {
  const took: number[] = [];
  try {
    for (let count = 0; count < PINGS; count += 1) {
      const sentAt = performance.now();
      await client.ping();
      took.push(performance.now() - sentAt);
    }
  } catch (refusal) {
    return unknown('latency', 'PING', refusal);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.ceil(share * PINGS) - 1] ?? 0;
  const [p50, p99] = [at(0.5), at(0.99)];
  const found = `PING takes ${span(p50)} (p50), ${span(p99)} (p99)`;
  return p50 < SLOW.p50 && p99 < SLOW.p99
    ? ok('latency', found)
    : warn(
        'latency',
        found,
        'each run waits for one or two answers before it starts: is Redis far away, or busy?',
      );
}

/** How far this machine's clock is from Redis'. */
export async function checkClock(client: Client): Promise<Finding> {
  let offset = 0;
  let error = Number.POSITIVE_INFINITY;
  try {
    for (let count = 0; count < READINGS; count += 1) {
      const sentAt = Date.now();
      const begun = performance.now();
      const [seconds, micros] = await client.time();
      const half = (performance.now() - begun) / 2;
      if (half >= error) continue;
      error = half;
      offset = Number(seconds) * 1000 + Number(micros) / 1000 - (sentAt + half);
    }
  } catch (refusal) {
    return unknown('clock', 'TIME', refusal);
  }
  const apart = Math.abs(offset);
  // Date.now() returns whole ms.
  const found =
    apart <= error + 1
      ? "this machine's clock agrees with Redis'"
      : `Redis' clock is ${span(apart)} ${offset > 0 ? 'ahead of' : 'behind'} this machine's`;
  return apart < APART
    ? ok('clock', found)
    : warn('clock', found, "slots use Redis' clock, so jobs run on time; but times in logs will differ");
}
