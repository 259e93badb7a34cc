import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { FIRED } from '../scripts/generated';
import type { RedisClock } from '../time/clock';
import { type ArmRequest, Arms } from './arm-batches';
import type { ScriptCall } from './call-batches';
import type { Client } from './connection';
import type { Keys } from './keys';
import { type Pause, parsePause, pauseText } from './pause-records';
import { Peers } from './peers';
import { whoText } from './records';
import {
  type ClaimReply,
  claimReply,
  type DemandReply,
  type DiedReply,
  demandReply,
  diedReply,
  type ForgetReply,
  fireReply,
  forgetReply,
  listOf,
  type PauseReply,
  type PlanReply,
  pauseReply,
  planReplies,
  planReply,
  type RenewReply,
  type Reply,
  recoverReply,
  renewReply,
  type SettleReply,
  type StoredPlan,
  settleReply,
  suspectsAt,
  sweepReply,
} from './replies';
import type { ClaimRequest, NotedRun, OwnDemand, SettleRequest } from './requests';
import { type Args, type CallOf, scriptCall, type Verb } from './script-call';
import { Transport } from './transport';

/** The scripts, as typed calls. Every reply sets the clock. Rejects if Redis refuses. */
export class Store {
  /** The id of this instance on the bell and in Redis: 16 hex digits. */
  readonly instance = randomBytes(8).toString('hex');
  /** The part of a record that identifies this instance. */
  readonly who = whoText(this.instance, hostname(), process.pid);
  /** Whether the bell is received here: then others can check whether this instance lives, so its runs are noted. */
  isHeardOf = true;
  private sequence = 0;
  private tokens = 0;
  private readonly arms = new Arms<PlanReply>((requests) => this.armAll(requests));
  private readonly transport: Transport;
  readonly peers: Peers;

  constructor(
    private readonly client: Client,
    readonly keys: Keys,
    clock: RedisClock,
    private readonly on: {
      clockJump: () => void;
      /** All noted runs of the job that have not settled and hold no lock: they may have died. */
      suspects: (name: string, tokens: readonly string[]) => void;
    },
  ) {
    this.transport = new Transport(client, clock, {
      clockJump: on.clockJump,
      sending: () => this.arms.flush(),
    });
    this.peers = new Peers(client, keys, this.transport, this.instance);
  }

  /** Call when connected: commands that were queued until then are executed after this moment. */
  connected(): void {
    this.transport.connected();
  }

  /** Numbers this instance's calls, so that the scripts recognise a repeated or late call. */
  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  /** A new lock value: 32 hex digits like redlock's own, starting with the instance's 16. */
  nextToken(): string {
    this.tokens += 1;
    return this.instance + this.tokens.toString(16).padStart(16, '0');
  }

  readClock(): Promise<void> {
    return this.call('clock', '', {}, nothing);
  }

  /** Combines the calls of one turn of the event loop. */
  arm(request: ArmRequest<PlanReply>): void {
    this.arms.add(request);
  }

  /**
   * @param known null: only look
   * @param pause the last known pause or resume; null: none
   */
  restore(name: string, known: StoredPlan | null, pause: Pause | null): Promise<PlanReply> {
    const { stamp, slot, plan } = known ?? { stamp: 0, slot: 0, plan: '' };
    return this.call('restore', name, { stamp, slot, plan, knownPause: pauseText(pause) }, planReply);
  }

  claim(request: ClaimRequest): Promise<ClaimReply> {
    const { name, everyMs, next, skipAfterMs, noted, pause, again } = request;
    const args: Args<'claim'> = {
      stamp: request.stamp,
      expected: request.expected,
      everyMs: everyMs ?? 0,
      nextSlot: next,
      token: request.token,
      ttlMs: request.ttlMs,
      skipAfterMs: skipAfterMs ?? -1,
      earlyMs: request.earlyMs,
      open: Number(request.open),
      listeners: request.listeners,
      recover: Number(noted.recover),
      by: this.byOf(noted),
      again: again ?? '',
      knownPause: pauseText(pause),
    };
    return this.call('claim', name, args, this.withSuspects(name, 8, claimReply));
  }

  fire(name: string, sequence: number): Promise<Pick<StoredPlan, 'stamp' | 'slot'>> {
    return this.call('fire', name, { sequence }, fireReply);
  }

  /**
   * @param end when the pause ends: ms on Redis' clock, or ms from now; null: until resumed
   * @param info see `pauseInfo`
   */
  pause(
    name: string,
    end: { at: number } | { inMs: number } | null,
    info: string,
    sequence: number,
  ): Promise<PauseReply> {
    const { at, inMs } = { at: FIRED, inMs: 0, ...end };
    return this.call('pause', name, { ends: at, duration: inMs, info, sequence }, pauseReply);
  }

  /** @param info see `pauseInfo` */
  resume(name: string, info: string, sequence: number): Promise<PauseReply> {
    return this.call('resume', name, { info, sequence }, pauseReply);
  }

  /** The last pause or resume of each name. */
  async pausesOf(names: string[]): Promise<(Pause | null)[]> {
    return (await this.client.hmget(this.keys.paused, ...names)).map(parsePause);
  }

  /** @param own take it in the same step, with this token */
  demand(name: string, sequence: number, listeners: number, own: OwnDemand | null): Promise<DemandReply> {
    const { token, ttlMs, noted } = own ?? { token: '', ttlMs: 0, noted: null };
    const recover = Number(noted?.recover ?? false);
    const by = noted ? this.byOf(noted) : '';
    const args: Args<'demand'> = { sequence, token, ttlMs, listeners, recover, by };
    return this.call('demand', name, args, this.withSuspects(name, 5, demandReply));
  }

  /** For each name, whether a demand has not started. */
  async demanded(names: string[]): Promise<boolean[]> {
    const states = await this.client.hmget(this.keys.demands, ...names);
    return states.map((state) => state !== null && !state.startsWith('idle'));
  }

  /** @param originalHeardAt when an original's demand trigger expired, on Redis' clock; null: no expiry was noticed */
  take(name: string, token: string, ttlMs: number, originalHeardAt: number | null): Promise<DemandReply> {
    return this.call('take', name, { token, ttlMs, originalHeardAt: originalHeardAt ?? 0 }, demandReply);
  }

  /** Marks a taken demand as run: its run has started. */
  begin(name: string, token: string, demandedAt: number, noted: NotedRun): Promise<void> {
    const args: Args<'begin'> = { token, demandedAt, recover: Number(noted.recover), by: this.byOf(noted) };
    return this.call('begin', name, args, this.withSuspects(name, 1, nothing));
  }

  /**
   * Takes over a slot or a demand whose run has died.
   *
   * @param again the token of an earlier take whose lock expired before the run could start: it is released first, and
   *   nothing is taken if `ttlMs` is 0
   */
  recover(name: string, token: string, ttlMs: number, noted: NotedRun, again: string | null) {
    const args: Args<'recover'> = { token, ttlMs, by: this.byOf(noted), again: again ?? '' };
    return this.call('recover', name, args, this.withSuspects(name, 5, recoverReply));
  }

  /**
   * Records a run as died, if it has not settled.
   *
   * @param reports whether this instance reports it, unless another has
   */
  died(name: string, token: string, reports: boolean): Promise<DiedReply> {
    const of = { ...this.of(name), caller: reports ? this.instance : '' };
    return this.transport.call(scriptCall('died', of, { token }), diedReply);
  }

  /** The token that holds the job's lock; null if the lock is free. */
  lockHolder(name: string): Promise<string | null> {
    return this.client.get(this.keys.lock(name));
  }

  /** Sets the lock to expire in `ttlMs` if the token still holds it. */
  renew(name: string, token: string, ttlMs: number): Promise<RenewReply> {
    return this.call('renew', name, { token, ttlMs }, renewReply);
  }

  settle(request: SettleRequest): Promise<SettleReply> {
    return this.transport.call(this.settleCall(request), this.withSuspects(request.name, 3, settleReply));
  }

  /**
   * Settles, and deletes in the same request what has not been used for 30 days.
   *
   * @param names to delete, unless they have been used since
   * @returns `old`: names to delete next, except those that the caller knows to be in use
   */
  async settleAndSweep(request: SettleRequest, names: string[]): Promise<SettleReply & { old: string[] }> {
    const sweep = scriptCall('sweep', this.of(''), { names: JSON.stringify(names) });
    for (const name of names) sweep.keys.push(this.keys.lock(name), this.keys.history(name));
    this.flush();
    const [settled, swept] = await this.transport.sendMany([this.settleCall(request), sweep]);
    if (settled instanceof Error) throw settled;
    const read = this.withSuspects(request.name, 3, settleReply);
    return { ...read(listOf(settled)), old: swept instanceof Error ? [] : sweepReply(listOf(swept)) };
  }

  private settleCall(request: SettleRequest): ScriptCall<'settle'> {
    return scriptCall('settle', this.of(request.name), {
      token: request.token,
      startedAt: Math.round(request.startedAt),
      run: request.run,
      leaving: Number(request.leaving),
      listeners: request.listeners,
      sequence: request.sequence,
      failed: Number(request.failed),
      kept: request.history,
      details: request.details,
      work: request.work,
    });
  }

  forget(name: string): Promise<ForgetReply> {
    return this.call('forget', name, {}, forgetReply);
  }

  /** Sends all waiting calls before it returns. */
  flush(): void {
    this.transport.flush();
  }

  private async armAll(requests: ArmRequest<PlanReply>[]): Promise<PlanReply[]> {
    const call = scriptCall('arm', this.of(''), {});
    let last = '';
    for (const { name, schedule, next, sequence, since } of requests) {
      const order = `${since} ${next} ${schedule.plan}`;
      call.keys.push(this.keys.trigger(name), this.keys.lock(name));
      call.args.push(name, sequence, order === last ? '' : order);
      last = order;
    }
    this.transport.flush();
    const [, ...replies] = await this.transport.send(call);
    return planReplies(replies);
  }

  private byOf({ history }: NotedRun): string {
    return this.isHeardOf ? `${history}:${this.who}` : '';
  }

  /** Reads a reply, and passes on the suspects that it contains. */
  private withSuspects<T>(name: string, at: number, read: (reply: Reply) => T): (reply: Reply) => T {
    return (reply) => {
      this.on.suspects(name, suspectsAt(reply, at));
      return read(reply);
    };
  }

  private call<V extends Verb, T>(
    verb: V,
    name: string,
    args: Args<V>,
    read: (reply: Reply) => T,
  ): Promise<T> {
    return this.transport.call(scriptCall(verb, this.of(name), args), read);
  }

  private of(name: string): CallOf {
    return { keys: this.keys, caller: this.instance, name };
  }
}

function nothing(): void {}
