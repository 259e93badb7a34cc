import type { InstanceInfo } from '../info';
import { isInstant } from '../redis/bounds';
import { parseObject } from '../redis/records';

/**
 * An instance's answer to a roll call, as JSON: `InstanceInfo` without the id, which is the field's name. Jobs are
 * grouped by plan ('': none), because thousands of jobs share a few plans.
 */
export interface Answer extends Omit<InstanceInfo, 'id' | 'jobs'> {
  jobs: Record<string, string[]>;
}

/** Characters kept of a text in an answer. A host name has at most 253. */
const LONGEST = 256;

/** The info of an instance that answered. */
export function infoOf(
  id: string,
  { host, pid, version, application, since, jobs, running }: Answer,
): InstanceInfo {
  const planned = Object.entries(jobs).flatMap(([plan, names]) =>
    names.map((name) => ({ name, plan: plan || null })),
  );
  return {
    id,
    host,
    pid,
    version,
    application,
    since,
    jobs: planned.sort((a, b) => (a.name < b.name ? -1 : 1)),
    running,
  };
}

/**
 * Parses an answer from Redis. Anybody may write there, so every field is checked: one invalid field makes the whole
 * answer invalid.
 *
 * @param id the answer's field
 * @returns null for an invalid answer
 */
export function parseAnswer(id: string, text: string): InstanceInfo | null {
  const said = parseObject(text);
  if (!said || !/^[0-9a-f]{16}$/.test(id)) return null;
  const { host, pid, version, since } = said;
  const [jobs, running] = [jobsIn(said.jobs), runningIn(said.running)];
  if (typeof host !== 'string' || typeof version !== 'string') return null;
  if (!isCount(pid) || !isInstant(since) || !jobs || !running) return null;
  // Version 2.0.0 does not send it.
  const application = typeof said.application === 'string' ? said.application.slice(0, LONGEST) : null;
  const [shortHost, shortVersion] = [host.slice(0, LONGEST), version.slice(0, LONGEST)];
  return infoOf(id, { host: shortHost, pid, version: shortVersion, application, since, jobs, running });
}

function jobsIn(said: unknown): Answer['jobs'] | null {
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return null;
  const jobs: Answer['jobs'] = {};
  for (const [plan, names] of Object.entries(said)) {
    if (!isTexts(names)) return null;
    // Not by assignment, which has another meaning for `__proto__`.
    Object.defineProperty(jobs, plan, { value: names, enumerable: true });
  }
  return jobs;
}

function runningIn(said: unknown): InstanceInfo['running'] | null {
  if (!Array.isArray(said)) return null;
  const running: InstanceInfo['running'] = [];
  for (const one of said) {
    const run = runIn(one);
    if (!run) return null;
    running.push(run);
  }
  return running;
}

function runIn(said: unknown): InstanceInfo['running'][number] | null {
  if (typeof said !== 'object' || said === null) return null;
  const { job, since, slot, demandedAt, lockEndsAt }: Record<string, unknown> = { ...said };
  if (typeof job !== 'string' || !isInstant(since) || !isInstant(lockEndsAt)) return null;
  if (!isInstantOrNull(slot) || !isInstantOrNull(demandedAt)) return null;
  return { job, since, slot, demandedAt, lockEndsAt };
}

function isInstantOrNull(value: unknown): value is number | null {
  return value === null || isInstant(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
