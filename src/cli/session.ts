import { causeOf, messageOf } from '../errors';
import type { InstanceInfo, JobInfo } from '../info';
import { type Inspector, openInspector } from '../inspection/inspector';
import { addressOf } from '../redis/connection';
import { explained, remedyOf } from '../redis/refusals';
import { Failure } from './failure';
import { nearest } from './nearest';
import { Output } from './output';
import { connectionTo, type Place } from './place';
import { quoted } from './text';

/** The options of every command. */
export interface Asked extends Place {
  json?: true;
}

/** What a command gets to work with. */
export interface Session {
  inspector: Inspector;
  output: Output;
}

/** The fleet at one moment. */
export interface Look {
  jobs: JobInfo[];
  instances: InstanceInfo[];
  /** Why no instance could answer; null if the list is known. */
  silence: string | null;
  /** ms since the epoch on Redis' clock. */
  at: number;
}

/**
 * Connects, runs a command, and disconnects.
 *
 * @returns the command's exit status
 * @throws Failure if Redis cannot be reached, or stops answering
 */
export async function withSession(
  asked: Asked,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const inspector = await open(asked);
  try {
    return await work({ inspector, output: new Output(asked.json === true) });
  } catch (error) {
    if (error instanceof Failure) throw error;
    // An empty name.
    if (error instanceof RangeError) throw new Failure(error.message, 2);
    const { client } = inspector;
    if (client.status !== 'ready') {
      throw new Failure(`the connection to ${addressOf(client)} was lost (${messageOf(error)})`);
    }
    throw new Failure(explained(error, 'cli'));
  } finally {
    await inspector.close();
  }
}

/** @throws Failure with the address, the reason, and what to try */
export async function open(place: Place): Promise<Inspector> {
  try {
    return await openInspector({ connection: connectionTo(place), prefix: place.prefix });
  } catch (error) {
    if (error instanceof Failure) throw error;
    // Bad arguments; see openInspector.
    if (error instanceof TypeError || error instanceof RangeError) throw new Failure(error.message, 2);
    if (place.cluster) await tryNode(place);
    const reason = messageOf(error).replace(/\.$/, '');
    const advice =
      remedyOf(causeOf(error), 'cli') ?? 'is it running there? Set its address with --url or REDIS_URL';
    throw new Failure(`cannot connect to Redis at ${reason}; ${advice}`);
  }
}

/** ioredis does not report why a Cluster cannot be reached, but does for a single node. */
async function tryNode({ cluster: _, ...node }: Place): Promise<void> {
  const inspector = await open(node);
  await inspector.close();
}

/** The current state of the fleet. */
export async function look(inspector: Inspector): Promise<Look> {
  const [{ jobs, instances, silence }, at] = await Promise.all([inspector.look(), nowAt(inspector)]);
  return { jobs, instances, silence, at };
}

/** ms since the epoch on Redis' clock, or on ours if TIME is not allowed. */
export async function nowAt({ client }: Inspector): Promise<number> {
  try {
    const [seconds, micros] = await client.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  } catch {
    return Date.now();
  }
}

/** @throws Failure for an unknown name, with the nearest known one */
export function jobOf(jobs: readonly JobInfo[], name: string): JobInfo {
  const found = jobs.find((job) => job.name === name);
  if (found) return found;
  const meant = nearest(
    name,
    jobs.map((job) => job.name),
  );
  const advice = meant === null ? 'bossman list shows all jobs' : `did you mean ${quoted(meant)}?`;
  throw new Failure(`there is no job ${quoted(name)}; ${advice}`, 2);
}
