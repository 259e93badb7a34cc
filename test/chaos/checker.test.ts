import { check } from './checker';
import type { Rule } from './history';
import { END, Made } from './made';

function rulesBroken(made: Made): Rule[] {
  return [...new Set(check(made.history).violations.map(({ rule }) => rule))];
}

/** `tick` runs to the end, except from 104 000 to 108 000, where the test inserts something. */
function around(between: (made: Made) => Made): Made {
  return between(new Made().ticks('a', 100_000, 104_000)).ticks('b', 108_000, 129_000);
}

/** `tick` runs without a fault, while the test does something else. */
function meanwhile(also: (made: Made) => Made): Made {
  return also(new Made().ticks('a', 100_000, 129_000));
}

/** `tick` is hired with `recover`, and `a` dies in its run of the slot 105 000. */
function diedInSlot(): Made {
  return new Made({ tick: { every: 1000, ttl: 400, recover: true, workMs: [0, 0] } })
    .ticks('a', 100_000, 104_000)
    .claim('a', 105_000)
    .run('a', 105_000, { ended: null })
    .dies(105_050, 'a');
}

/** As `diedInSlot`, but `a` is asked to quit, and gives up on that run. */
function abandonedSlot(ended: number | null): Made {
  return new Made({ tick: { every: 1000, ttl: 400, recover: true, workMs: [0, 0] } })
    .ticks('a', 100_000, 104_000)
    .claim('a', 105_000)
    .run('a', 105_000, { ended })
    .does(105_010, 'a', 'leaving')
    .givesUp(105_200, 'a', 105_000)
    .does(105_205, 'a', 'left')
    .goes(105_300, 'a', 'exit code 0');
}

/** `tick` is hired with `keepAlive`, and `a` is asked to quit during its run of the slot 105 000. */
function keptOnLeaving(): Made {
  return new Made({ tick: { every: 1000, ttl: 400, keepAlive: true, workMs: [0, 0] } })
    .ticks('a', 100_000, 104_000)
    .claim('a', 105_000)
    .run('a', 105_000, { ended: 106_900 })
    .does(105_010, 'a', 'leaving')
    .skip('b', 106_000)
    .does(106_910, 'a', 'left')
    .goes(106_950, 'a', 'exit code 0');
}

/** `a` dies in its run of the slot 105 000; `b` continues, and all jobs are inspected at the end. */
function diedAndInspected(also: (made: Made) => Made): Made {
  const run = (it: Made) => it.claim('a', 105_000).run('a', 105_000, { ended: null }).dies(105_050, 'a');
  return also(around((it) => run(it).ticks('b', 106_000, 107_000))).inspected();
}

/** Redis notes the run of the slot 105 000 for `a`, whose bell and answer are lost; `a` dies. */
function diedUnheard(redis: (made: Made) => Made): Made {
  return around((it) => redis(it).dies(105_050, 'a').ticks('b', 106_000, 107_000))
    .saysDied(110_200, 'b', 105_000)
    .onRecord(110_195, 'a', 105_000)
    .inspected();
}

/** `tick` runs until 104 000. Both members hire it, and forget it if they are asked to. */
function passing(): Made {
  return new Made({ tick: { every: 1000, ttl: 400, workMs: [0, 0], passing: true } }).ticks(
    'a',
    100_000,
    104_000,
  );
}

/** `a` ends a pause of `tick`; `b`, which is frozen, remembers the pause. Then Redis is emptied, and `b` continues. */
function forgottenResume(meanwhile: (made: Made) => Made): Made {
  const made = new Made()
    .ticks('a', 100_000, 101_000)
    .call('pause', 'tick', 'b', 101_500, 101_501)
    .claim('a', 102_000, { verdict: 'missed' })
    .claim('a', 103_000, { verdict: 'missed' })
    .does(103_400, 'b', 'frozen')
    .call('resume', 'tick', 'a', 103_500, 103_501)
    .redis(103_600, 'emptied')
    .redis(103_601, 'refilled');
  return meanwhile(made)
    .does(104_390, 'b', 'thawed')
    .claim('b', 104_000, { at: 104_401, verdict: 'missed' })
    .ticks('b', 105_000, 129_000);
}

/** `c`, which may have one run at a time, has one from 104 900 to 107 990; `a` and `b` have ended. */
function fullMember(): Made {
  return new Made()
    .join('c', 99_050, 1)
    .ticks('a', 100_000, 104_000)
    .dies(104_100, 'a')
    .dies(104_100, 'b')
    .call('demand', 'errand', 'c', 104_900, 104_901)
    .taken('c', 104_901)
    .runDemand('c', 104_901, { at: 104_902, ended: 107_990 })
    .tell(105_300, 'c', {
      kind: 'lost',
      event: { job: 'errand', slot: null, demandedAt: 104_901, why: 'expired' },
    });
}

/** `a` takes a demand and does not run it; `b` runs one that is made later. */
function joinedLater(also = (made: Made) => made): Made {
  return meanwhile((made) =>
    also(made.call('demand', 'errand', 'a', 110_000, 110_001).taken('a', 110_002))
      .call('demand', 'errand', 'b', 110_200, 110_201)
      .taken('b', 110_501)
      .runDemand('b', 110_200, { at: 110_502 })
      .begun('b', 110_503),
  );
}

/** The lock for `a`'s run of a demand ends before that run begins, and while it is in progress, `b` runs another one. */
function beganLate(why: 'stood still' | 'unknown', isReported: boolean): Made {
  const made = new Made()
    .ticks('a', 100_000, 129_000)
    .call('demand', 'errand', 'a', 110_050, 110_051)
    .taken('a', 110_051)
    .call('demand', 'errand', 'b', 110_450, 110_451)
    .taken('b', 110_460)
    .runDemand('b', 110_451, { at: 110_462, ended: 110_850 })
    .runDemand('a', 110_051, { at: 110_560, ended: 110_600 });
  if (isReported)
    made.tell(110_561, 'a', {
      kind: 'lost',
      event: { job: 'errand', slot: null, demandedAt: 110_051, why: 'expired' },
    });
  return why === 'unknown' ? made : made.does(110_052, 'a', 'frozen').does(110_555, 'a', 'thawed');
}

/**
 * `a` takes a demand, and Redis reads its begin only after `b` has taken it again.
 *
 * @param frozen when Redis stands still; null: never
 */
function takenAgain({
  frozen = [110_003, 110_900],
  again = 110_901,
  begun = again + 1,
}: {
  frozen?: [number, number] | null;
  again?: number;
  begun?: number;
} = {}): Made {
  const made = new Made()
    .ticks('a', 100_000, 129_000)
    .call('demand', 'errand', 'b', 110_000, 110_001)
    .taken('a', 110_001)
    .runDemand('a', 110_001, { at: 110_002 })
    .taken('b', again)
    .begun('a', begun)
    .runDemand('b', 110_001, { at: again + 3 })
    .begun('b', again + 4);
  return frozen ? made.redis(frozen[0], 'down').redis(frozen[1], 'up') : made;
}

/** `a` takes a demand, and is frozen when its run has started at `startedAt`; `b` runs the demand before `a` is thawed. */
function frozenInStart(startedAt: number): Made {
  const event = { job: 'errand', slot: null, demandedAt: 110_001, recovered: false, startedAt, lateness: 1 };
  return new Made()
    .ticks('b', 100_000, 129_000)
    .call('demand', 'errand', 'b', 110_000, 110_001)
    .taken('a', 110_001)
    .does(110_003, 'a', 'frozen')
    .taken('b', 110_410)
    .runDemand('b', 110_001, { at: 110_411 })
    .begun('b', 110_412)
    .does(110_900, 'a', 'thawed')
    .tell(110_901, 'a', { kind: 'start', event })
    .runDemand('a', 110_001, { at: 110_902 })
    .begun('a', 110_903)
    .tell(110_913, 'a', {
      kind: 'lost',
      event: { job: 'errand', slot: null, demandedAt: 110_001, why: 'expired' },
    });
}

describe('the checker accepts', () => {
  it.each<[string, Made]>([
    [
      'a run that died, and is reported and recorded once',
      diedAndInspected((it) =>
        it
          .saysDied(110_200, 'b', 105_000)
          .onRecord(110_190, 'b', 104_000, 'done')
          .onRecord(110_195, 'a', 105_000),
      ),
    ],
    [
      'a run that died, and whose claim Redis carried out as it stopped',
      diedUnheard((made) => made.redis(104_999, 'down').redis(105_040, 'up')),
    ],
    [
      'a run that died, and whose trace was lost with the data of Redis',
      diedAndInspected((it) => it.redis(112_000, 'emptied').redis(112_001, 'refilled')),
    ],
    [
      'a run that died, and is not reported because no member stays long enough',
      diedAndInspected((it) =>
        it.onRecord(END, 'a', 105_000).dies(110_000, 'b').join('c', 110_100).dies(115_000, 'c'),
      ),
    ],
    [
      'a slot that is fired before its frozen claimer has the answer',
      new Made()
        .ticks('a', 100_000, 104_000)
        .does(104_900, 'a', 'frozen')
        .claim('a', 105_000)
        .call('fire', 'tick', 'b', 105_300, 105_310)
        .does(107_000, 'a', 'thawed'),
    ],
    [
      'a demand that quit gave up on, and that Redis reads after it was frozen',
      meanwhile((made) =>
        made
          .redis(110_000, 'down')
          .callInVain('demand', 'errand', 'b', 110_100, 110_200)
          .does(110_150, 'b', 'leaving')
          .goes(110_250, 'b', 'exit code 0')
          .redis(111_000, 'up')
          .taken('a', 111_060)
          .runDemand('a', 111_050, { at: 111_065 }),
      ),
    ],
    [
      'a demand that quit gave up on, and that was sent before its connection was closed',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('a', 110_200)
          .callInVain('demand', 'errand', 'b', 110_100, 110_150)
          .does(110_120, 'b', 'leaving')
          .runDemand('a', 110_001, { at: 110_210 })
          .taken('a', 110_400)
          .runDemand('a', 110_300, { at: 110_402 })
          .does(110_310, 'b', 'left')
          .goes(110_350, 'b', 'exit code 0'),
      ),
    ],
    [
      'a slot that its claimer reported as skipped before it was killed, and that is not run once more',
      new Made({ tick: { every: 1000, ttl: 400, recover: true, workMs: [0, 0] } })
        .ticks('a', 100_000, 104_000)
        .claim('a', 105_000)
        .tell(105_900, 'a', {
          kind: 'skip',
          event: { job: 'tick', slot: 105_000, through: 105_000, why: 'missed' },
        })
        .dies(105_910, 'a')
        .ticks('b', 106_000, 129_000),
    ],
    [
      'slots after a resume that no remaining member remembered when Redis was emptied',
      forgottenResume((made) => made.dies(103_610, 'a')),
    ],
    [
      'slots after a resume that was not restored in time, because Redis was frozen after it was emptied',
      forgottenResume((made) => made.redis(103_700, 'down').redis(104_400, 'up')),
    ],
    [
      'a run that died, and whose recovery is given to one that has just left',
      diedInSlot()
        .does(105_450, 'b', 'leaving')
        .recovered('b', 105_500)
        .goes(105_600, 'b', 'exit code 0')
        .join('c', 105_200)
        .ticks('c', 106_000, 129_000),
    ],
    [
      'a run that quit gave up on, and that is recovered',
      abandonedSlot(105_198)
        .recovered('b', 105_210)
        .run('b', 105_000, { at: 105_211, recovered: true })
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a run that quit gave up on, and that is recovered after its lock has ended, while its work continues',
      abandonedSlot(105_290)
        .recovered('b', 105_402)
        .run('b', 105_000, { at: 105_403, recovered: true })
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a slot that is fired before its claim is answered',
      new Made()
        .ticks('a', 100_000, 104_000)
        .claim('a', 105_000, { heardAfter: 20 })
        .call('fire', 'tick', 'a', 105_010, 105_030),
    ],
    [
      'a run that ends while its member leaves',
      keptOnLeaving().claim('b', 106_000, { verdict: 'locked' }).ticks('b', 107_000, 129_000),
    ],
    ['slots that are run one by one', meanwhile((made) => made)],
    [
      'a skip that covers what was missed in an outage',
      around((made) =>
        made
          .redis(104_500, 'down')
          .redis(107_200, 'up')
          .claim('b', 105_000, { at: 107_300, next: 108_000 })
          .run('b', 105_000, { at: 107_301 })
          .skip('b', 106_000, 107_000),
      ),
    ],
    [
      'a claim whose member was killed before it began',
      around((made) => made.claim('a', 105_000).dies(105_002, 'a').ticks('b', 106_000, 107_000)),
    ],
    [
      'a claim whose member was frozen, and then killed',
      around((made) =>
        made.does(104_990, 'a', 'frozen').claim('a', 105_000).dies(107_900, 'a').ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a slot that is claimed again after Redis was emptied, and run once',
      around((made) =>
        made
          .claim('a', 105_000)
          .redis(105_002, 'emptied')
          .redis(105_003, 'refilled')
          .claim('b', 105_000, { at: 105_050 })
          .run('b', 105_000, { at: 105_052 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a claim whose answer was cut off before Redis was emptied',
      around((made) =>
        made
          .claim('a', 105_000)
          .redis(105_001, 'cut')
          .redis(105_100, 'emptied')
          .redis(105_101, 'refilled')
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a claim on a machine that stood still, whose claimer was frozen before the bell was received',
      around((made) =>
        made
          .claim('a', 105_000, { heardAfter: 85 })
          .does(105_080, 'a', 'frozen')
          .redis(105_500, 'emptied')
          .redis(105_501, 'refilled')
          .ticks('b', 106_000, 107_000)
          .does(107_500, 'a', 'thawed'),
      ),
    ],
    [
      'a claim that was lost in an outage, and whose claimer stood still until the data was lost',
      around((made) =>
        made
          .redis(105_000, 'down')
          .does(105_100, 'a', 'frozen')
          .redis(105_900, 'up')
          .ticks('b', 106_000, 107_000)
          .redis(107_100, 'emptied')
          .redis(107_101, 'refilled')
          .does(107_900, 'a', 'thawed'),
      ),
    ],
    [
      'a fire of a member that was killed, which Redis reads when it continues',
      new Made()
        .ticks('a', 100_000, 103_000)
        .redis(103_900, 'down')
        .call('fire', 'tick', 'a', 103_950, null)
        .dies(104_200, 'a')
        .redis(105_300, 'up')
        .claim('b', 104_000, { at: 105_301, next: 106_000 })
        .run('b', 104_000, { at: 105_302 })
        .skip('b', 105_000)
        .call('hire', 'tick', 'b', 105_305, 105_310)
        .claim('b', 106_310, { stamp: 105_306, next: 107_310 })
        .run('b', 106_310)
        .call('fire', 'tick', 'b', 106_500, 106_501),
    ],
    [
      'a run that died, and was run once more',
      diedInSlot()
        .recovered('b', 105_402)
        .run('b', 105_000, { at: 105_403, recovered: true })
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a run that died, and whose recovery was answered too late',
      diedInSlot()
        .recovered('b', 105_402)
        .skip('b', 105_000, 105_000, 'expired')
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a slot that is run again after Redis was emptied while all members that knew of it were cut off',
      around((made) =>
        made
          .does(104_990, 'b', 'frozen')
          .ticks('a', 105_000, 105_000)
          .redis(105_100, 'cut')
          .redis(105_120, 'emptied')
          .redis(105_121, 'refilled')
          .does(105_140, 'b', 'thawed')
          .claim('b', 105_000, { at: 105_190 })
          .run('b', 105_000, { at: 105_191 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a recovered run',
      around((made) =>
        made
          .ticks('a', 105_000, 105_000)
          .dies(105_005, 'a')
          .recovered('b', 105_499)
          .run('b', 105_000, { at: 105_500, recovered: true })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a plan that starts over if no remaining member remembers it',
      new Made()
        .ticks('a', 100_000, 104_000)
        .dies(104_500, 'a')
        .dies(104_500, 'b')
        .redis(104_600, 'emptied')
        .redis(104_601, 'refilled')
        .join('c', 106_300)
        .claim('c', 107_500, { stamp: 106_500 })
        .run('c', 107_500)
        .call('fire', 'tick', 'c', 108_000, 108_001),
    ],
    [
      'a run that began when its lock had ended, as its member stood still, and that reported so',
      beganLate('stood still', true),
    ],
    [
      'two demands that share a run',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_002)
          .call('demand', 'errand', 'b', 110_001, 110_003)
          .taken('a', 110_004)
          .runDemand('a', 110_001),
      ),
    ],
    [
      'a demand that is made between the take and the begin of another, and run after it',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_500)
          .taken('a', 110_001)
          .call('demand', 'errand', 'b', 110_200, 110_201)
          .runDemand('a', 110_001, { at: 110_300 })
          .taken('b', 110_401)
          .runDemand('b', 110_001, { at: 110_402 }),
      ),
    ],
    [
      'a demand whose taker died while Redis stood still, which read its begin only after the second take',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('b', 110_001)
          .redis(110_002, 'down')
          .runDemand('b', 110_001, { at: 110_003 })
          .dies(110_400, 'b')
          .redis(111_000, 'up')
          .taken('a', 111_001)
          .begun('b', 111_002)
          .runDemand('a', 110_001, { at: 111_004 }),
      ),
    ],
    [
      'a demand that is run twice, because Redis stood still until the lock of the first take had ended',
      takenAgain(),
    ],
    [
      'a demand that is run twice, because its first taker was frozen between its last look at the clock and its work',
      frozenInStart(110_002),
    ],
    [
      'a demand whose taker was blocked for too long, and that joined one that was made meanwhile',
      joinedLater(),
    ],
    [
      'a demand that is run before its call is answered',
      meanwhile((made) =>
        made.call('demand', 'errand', 'a', 110_000, 110_050).taken('a', 110_004).runDemand('a', 110_001),
      ),
    ],
    [
      'a demand that was lost with the data of Redis',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .redis(110_010, 'emptied')
          .redis(110_011, 'refilled'),
      ),
    ],
    [
      'a demand without an answer that is not run',
      meanwhile((made) => made.call('demand', 'errand', 'b', 110_000, null).dies(110_001, 'b')),
    ],
    [
      'a demand that is run again because its taker died before it could note that it had begun',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('b', 110_001)
          .runDemand('b', 110_001, { at: 110_002 })
          .dies(110_003, 'b')
          .taken('a', 110_402)
          .runDemand('a', 110_001, { at: 110_403 }),
      ),
    ],
    [
      'a claim after a fire and a hire',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .call('hire', 'tick', 'b', 106_000, 106_001)
        .claim('b', 107_001, { stamp: 106_001 })
        .run('b', 107_001)
        .call('fire', 'tick', 'a', 107_500, 107_501),
    ],
    [
      'a claim after a fire that no remaining member remembers',
      new Made()
        .ticks('a', 100_000, 104_000)
        .does(104_400, 'b', 'frozen')
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .dies(104_600, 'a')
        .redis(104_700, 'emptied')
        .redis(104_701, 'refilled')
        .does(104_900, 'b', 'thawed')
        .ticks('b', 105_000, 129_000),
    ],
    [
      'a fire that Redis lost, and that its member restored after the older plan had continued',
      new Made()
        .ticks('a', 100_000, 104_000)
        .does(104_400, 'b', 'frozen')
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .does(104_600, 'a', 'frozen')
        .redis(104_700, 'emptied')
        .redis(104_701, 'refilled')
        .does(104_900, 'b', 'thawed')
        .ticks('b', 105_000, 106_000)
        .does(106_500, 'a', 'thawed')
        .call('hire', 'tick', 'a', 111_000, 111_001)
        .claim('a', 112_001, { stamp: 111_001 })
        .run('a', 112_001)
        .call('fire', 'tick', 'a', 112_500, 112_501),
    ],
    [
      'a run whose bell was lost when Redis went down, although Redis kept the claim',
      around((made) =>
        made
          .redis(104_900, 'down')
          .redis(105_100, 'up')
          .run('a', 105_000, { at: 105_150 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'slots that pass while the job is paused, and a run claimed just before that',
      around((made) =>
        made
          .claim('a', 105_000)
          .call('pause', 'tick', 'b', 105_001, 105_002)
          .run('a', 105_000, { at: 105_003 })
          .claim('b', 106_000, { verdict: 'missed' })
          .claim('b', 107_000, { verdict: 'missed' })
          .call('resume', 'tick', 'a', 107_500, 107_501),
      ),
    ],
    [
      'a job that no member hires when it is forgotten, and that is hired again',
      passing()
        .callInVain('forget', 'tick', 'b', 104_400, 104_410)
        .call('forget', 'tick', 'a', 104_500, 104_501)
        .call('hire', 'tick', 'b', 108_000, 108_001)
        .claim('b', 109_001, { stamp: 108_001 })
        .run('b', 109_001),
    ],
    [
      'a plan that comes back because a member that hires the job stood still while it was forgotten',
      passing()
        .does(104_300, 'b', 'frozen')
        .call('forget', 'tick', 'a', 104_500, 104_501)
        .does(105_500, 'b', 'thawed')
        .claim('b', 106_000)
        .run('b', 106_000),
    ],
    [
      'a slot that is claimed late because no member has room',
      fullMember()
        .claim('c', 105_000, { at: 107_995, next: 108_000 })
        .skip('c', 105_000, 107_000)
        .ticks('c', 108_000, 129_000),
    ],
    [
      'a slot after the time until which the job was paused',
      around((made) =>
        made
          .call('pause', 'tick', 'b', 104_500, 104_502, 2000)
          .claim('b', 105_000, { verdict: 'missed' })
          .claim('b', 106_000, { verdict: 'missed' })
          .ticks('b', 107_000, 107_000),
      ),
    ],
    [
      'a run claimed just before the fire',
      new Made()
        .ticks('a', 100_000, 104_000)
        .claim('a', 105_000)
        .call('fire', 'tick', 'b', 105_001, 105_002)
        .run('a', 105_000, { at: 105_003 }),
    ],
    [
      'a run beside one that outlived its lock and reported that',
      around((made) =>
        made
          .claim('a', 105_000)
          .run('a', 105_000, { ended: 106_500 })
          .tell(105_402, 'a', {
            kind: 'lost',
            event: { job: 'tick', slot: 105_000, demandedAt: null, why: 'expired' },
          })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a run that began after its lock had ended, because its slot was claimed again, which rings no bell',
      around((made) =>
        made
          .claim('a', 105_000)
          .run('a', 105_000, { at: 105_500, ended: 105_650 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'members that quit when they are asked to',
      meanwhile((made) => made.does(END, 'a', 'leaving').goes(END + 50, 'a', 'exit code 0')),
    ],
  ])('%s', (_, made) => {
    expect(check(made.history).violations).toEqual([]);
  });
});

describe('the checker objects to', () => {
  it.each<[string, Rule, Made]>([
    [
      'a run that quit gave up on, and that is not run once more',
      'unrecovered',
      abandonedSlot(105_198).ticks('b', 106_000, 129_000),
    ],
    [
      'a run that begins while a run of a member that is quitting keeps its lock',
      'overlap',
      keptOnLeaving().claim('b', 106_000).run('b', 106_000).ticks('b', 107_000, 129_000),
    ],
    [
      'a run whose slot was claimed again, and that continues for longer than that lock can last',
      'untold',
      around((made) =>
        made
          .claim('a', 105_000)
          .run('a', 105_000, { at: 105_500, ended: 106_200 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a run that continues after its member has quit, without a report',
      'untold',
      new Made()
        .ticks('a', 100_000, 104_000)
        .claim('a', 105_000)
        .run('a', 105_000, { ended: 105_300 })
        .does(105_010, 'a', 'leaving')
        .does(105_100, 'a', 'left')
        .goes(105_310, 'a', 'exit code 0')
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a slot that is run twice',
      'doubled',
      meanwhile((made) => made.claim('b', 105_000, { at: 105_599 }).run('b', 105_000, { at: 105_600 })),
    ],
    [
      'a slot that is run again after Redis was emptied although a member knew of it',
      'doubled',
      around((made) =>
        made
          .does(104_990, 'b', 'frozen')
          .ticks('a', 105_000, 105_000)
          .redis(105_120, 'emptied')
          .redis(105_121, 'refilled')
          .does(105_140, 'b', 'thawed')
          .claim('b', 105_000, { at: 105_190 })
          .run('b', 105_000, { at: 105_191 })
          .ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a slot that is recovered twice',
      'doubled',
      meanwhile((made) =>
        made
          .recovered('b', 105_599)
          .run('b', 105_000, { at: 105_600, recovered: true })
          .recovered('a', 105_699)
          .run('a', 105_000, { at: 105_700, recovered: true }),
      ),
    ],
    ['a run without a claim', 'unclaimed', meanwhile((made) => made.run('b', 105_500))],
    [
      'a run of a slot that another claimed',
      'unclaimed',
      around((made) => made.claim('a', 105_000).run('b', 105_000).ticks('b', 106_000, 107_000)),
    ],
    [
      'a claim whose slot neither runs nor is reported',
      'lost',
      around((made) => made.claim('a', 105_000).ticks('b', 106_000, 107_000)),
    ],
    [
      'a claim whose member ran undisturbed for a second before it was killed',
      'lost',
      around((made) => made.claim('a', 105_000).dies(106_500, 'a').ticks('b', 106_000, 107_000)),
    ],
    [
      'missed slots that no skip covers',
      'lost',
      around((made) =>
        made
          .redis(104_500, 'down')
          .redis(107_200, 'up')
          .claim('b', 105_000, { at: 107_300, next: 108_000 })
          .run('b', 105_000, { at: 107_301 }),
      ),
    ],
    [
      'a skip that does not reach far enough',
      'lost',
      around((made) =>
        made
          .redis(104_500, 'down')
          .redis(107_200, 'up')
          .claim('b', 105_000, { at: 107_300, next: 108_000 })
          .run('b', 105_000, { at: 107_301 })
          .skip('b', 106_000),
      ),
    ],
    [
      'a slot that was not claimed in an outage that all members survived',
      'lost',
      around((made) => made.redis(105_000, 'down').redis(105_900, 'up').ticks('b', 106_000, 107_000)),
    ],
    ['a slot that was not claimed', 'lost', around((made) => made.ticks('b', 106_000, 107_000))],
    [
      'a plan that starts over although a member remembers it',
      'restarted',
      new Made()
        .ticks('a', 100_000, 104_000)
        .redis(104_600, 'emptied')
        .redis(104_601, 'refilled')
        .join('c', 104_700)
        .claim('c', 105_800, { stamp: 104_800 })
        .run('c', 105_800)
        .call('fire', 'tick', 'c', 106_000, 106_001),
    ],
    ['slots off the grid', 'drifted', new Made().ticks('a', 100_000, 104_000).ticks('a', 104_900, 129_900)],
    [
      'a slot that is claimed long after its time',
      'late',
      around((made) =>
        made
          .claim('b', 105_000, { at: 107_300, next: 108_000 })
          .run('b', 105_000, { at: 107_301 })
          .skip('b', 106_000, 107_000),
      ),
    ],
    ['a plan that stops', 'stopped', new Made().ticks('a', 100_000, 120_000)],
    [
      'a plan that stops in an outage, and does not continue afterwards',
      'stopped',
      new Made().ticks('a', 100_000, 104_000).redis(104_500, 'down').redis(107_000, 'up'),
    ],
    ['a plan that never starts', 'stopped', new Made()],
    [
      'a demand that is never run',
      'demand lost',
      meanwhile((made) => made.call('demand', 'errand', 'a', 110_000, 110_001)),
    ],
    [
      'a demand that is only followed by the run of an earlier one',
      'demand lost',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('a', 110_001)
          .runDemand('a', 110_001)
          .call('demand', 'errand', 'a', 110_100, 110_101),
      ),
    ],
    [
      'a demand whose taker reported a begin without a run, and that is only followed by the run of a later one',
      'demand lost',
      joinedLater((made) => made.begun('a', 110_003)),
    ],
    [
      'a demand whose taker did not begin, and that nobody took again',
      'demand lost',
      meanwhile((made) => made.call('demand', 'errand', 'a', 110_000, 110_001).taken('a', 110_002)),
    ],
    [
      'a demand that is lost long before Redis is emptied',
      'demand lost',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .redis(118_000, 'emptied')
          .redis(118_001, 'refilled'),
      ),
    ],
    [
      'a demand that is run twice',
      'demand doubled',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('a', 110_001)
          .runDemand('a', 110_001)
          .taken('b', 110_501)
          .runDemand('b', 110_001, { at: 110_502 }),
      ),
    ],
    [
      'a demand that is run again although its taker noted that it had begun before it died',
      'demand doubled',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('b', 110_001)
          .runDemand('b', 110_001, { at: 110_002 })
          .begun('b', 110_003)
          .dies(110_004, 'b')
          .taken('a', 110_402)
          .runDemand('a', 110_001, { at: 110_403 }),
      ),
    ],
    [
      'a demand that is taken again before the lock of its taker has ended',
      'demand doubled',
      takenAgain({ again: 110_400 }),
    ],
    [
      'a demand that is taken again after Redis has read the begin, although Redis stood still',
      'demand doubled',
      takenAgain({ begun: 110_900 }),
    ],
    [
      'a demand that is taken again although nothing stood still',
      'demand doubled',
      takenAgain({ frozen: null }),
    ],
    [
      'a demand that is taken again although Redis continued before the lock of its taker ended',
      'demand doubled',
      takenAgain({ frozen: [110_003, 110_300] }),
    ],
    [
      'a demand that is run twice, because its taker did not look at the clock after it was thawed',
      'demand doubled',
      frozenInStart(110_900),
    ],
    [
      'a demand that quit gave up on, and that is noted long after its connection was closed',
      'demand doubled',
      meanwhile((made) =>
        made
          .callInVain('demand', 'errand', 'b', 110_100, 110_150)
          .does(110_120, 'b', 'leaving')
          .does(110_310, 'b', 'left')
          .goes(110_350, 'b', 'exit code 0')
          .taken('a', 110_501)
          .runDemand('a', 110_500),
      ),
    ],
    [
      'a slot after a resume that a member remembers when Redis was emptied',
      'lost',
      forgottenResume((made) => made),
    ],
    [
      'a run that was not demanded',
      'demand doubled',
      meanwhile((made) => made.taken('b', 110_001).runDemand('b', 110_000)),
    ],
    [
      'a demand that is run long after it was made',
      'late',
      meanwhile((made) =>
        made
          .call('demand', 'errand', 'a', 110_000, 110_001)
          .taken('b', 114_000)
          .runDemand('b', 110_001, { at: 114_001 }),
      ),
    ],
    [
      'a claim while the job is paused',
      'paused',
      around((made) =>
        made
          .call('pause', 'tick', 'a', 104_500, 104_501)
          .ticks('b', 105_000, 107_000)
          .call('resume', 'tick', 'a', 107_500, 107_501),
      ),
    ],
    [
      'a claim before the time until which the job is paused',
      'paused',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('pause', 'tick', 'a', 104_500, 104_501, 2000)
        .ticks('b', 106_000, 129_000),
    ],
    [
      'a slot that came due while the job was paused, and begins',
      'paused',
      around((made) =>
        made
          .claim('a', 105_000, { at: 104_998 })
          .call('pause', 'tick', 'a', 104_990, 104_996)
          .run('a', 105_000)
          .call('resume', 'tick', 'b', 107_500, 107_501),
      ),
    ],
    [
      'a job that is forgotten while another member hires it',
      'forgotten',
      passing().call('forget', 'tick', 'a', 104_500, 104_501),
    ],
    [
      'a claim of a job that was forgotten',
      'forgotten',
      passing()
        .callInVain('forget', 'tick', 'b', 104_400, 104_410)
        .call('forget', 'tick', 'a', 104_500, 104_501)
        .claim('a', 105_000)
        .run('a', 105_000),
    ],
    [
      'more runs at a time than a member may have',
      'crowded',
      new Made()
        .join('c', 99_050, 1)
        .ticks('a', 100_000, 109_000)
        .claim('c', 110_000)
        .run('c', 110_000, { ended: 110_300 })
        .call('demand', 'errand', 'a', 110_100, 110_101)
        .taken('c', 110_101)
        .runDemand('c', 110_101, { at: 110_102 })
        .ticks('a', 111_000, 129_000),
    ],
    [
      'a slot that is claimed late although a member has room',
      'late',
      fullMember()
        .join('d')
        .claim('c', 105_000, { at: 107_995, next: 108_000 })
        .skip('c', 105_000, 107_000)
        .ticks('c', 108_000, 129_000),
    ],
    [
      'a paused job whose slots are not claimed after the resume',
      'stopped',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('pause', 'tick', 'a', 104_500, 104_501)
        .call('resume', 'tick', 'b', 105_500, 105_501),
    ],
    [
      'a slot that is passed over after the resume',
      'lost',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('pause', 'tick', 'a', 104_500, 104_501)
        .claim('a', 105_000, { verdict: 'missed' })
        .call('resume', 'tick', 'b', 105_500, 105_501)
        .ticks('b', 108_000, 129_000),
    ],
    [
      'a slot that was won before a pause, and neither ran nor was reported',
      'lost',
      around((made) =>
        made
          .claim('a', 105_000)
          .call('pause', 'tick', 'b', 105_010, 105_011)
          .claim('b', 106_000, { verdict: 'missed' })
          .claim('b', 107_000, { verdict: 'missed' })
          .call('resume', 'tick', 'a', 107_500, 107_501),
      ),
    ],
    [
      'a claim after a fire',
      'fired',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .ticks('b', 105_000, 105_000),
    ],
    [
      'a claim after a fire that a member remembers after Redis was emptied',
      'fired',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .redis(104_700, 'emptied')
        .redis(104_701, 'refilled')
        .ticks('b', 105_000, 105_000),
    ],
    [
      'a claim of the plan from before the fire, after the next hire',
      'fired',
      new Made()
        .ticks('a', 100_000, 104_000)
        .call('fire', 'tick', 'a', 104_500, 104_501)
        .call('hire', 'tick', 'b', 106_000, 106_001)
        .ticks('b', 107_000, 107_000)
        .call('fire', 'tick', 'a', 107_500, 107_501),
    ],
    [
      'a slot that begins while a demand holds the lock',
      'overlap',
      new Made({ errand: { every: null, ttl: 400, workMs: [0, 0] } })
        .call('demand', 'errand', 'a', 110_000, 110_001)
        .call('demand', 'errand', 'a', 110_100, 110_101)
        .taken('a', 110_001)
        .runDemand('a', 110_001, { ended: 110_300 })
        .taken('b', 110_101)
        .runDemand('b', 110_101),
    ],
    ['a run that began when its lock had ended, for no known reason', 'overlap', beganLate('unknown', true)],
    [
      'a run that began when its lock had ended, and that did not report so',
      'overlap',
      beganLate('stood still', false),
    ],
    [
      'a run that begins while another keeps its lock beyond the ttl',
      'overlap',
      meanwhile((made) =>
        made
          .call('demand', 'kept', 'a', 110_000, 110_001)
          .call('demand', 'kept', 'a', 110_100, 110_101)
          .taken('a', 110_001, 'kept')
          .runDemand('a', 110_001, { ended: 111_500, job: 'kept' })
          .taken('b', 111_000, 'kept')
          .runDemand('b', 110_101, { at: 111_001, job: 'kept' }),
      ),
    ],
    [
      'a run that outlives its lock and does not say so',
      'untold',
      around((made) =>
        made.claim('a', 105_000).run('a', 105_000, { ended: 105_900 }).ticks('b', 106_000, 107_000),
      ),
    ],
    [
      'a run that died, and that nobody ran once more',
      'unrecovered',
      diedInSlot().ticks('b', 106_000, 129_000),
    ],
    [
      'a run that died, and that nobody ran once more, though another had reported its slot as skipped',
      'unrecovered',
      diedInSlot().skip('b', 105_000).ticks('b', 106_000, 129_000),
    ],
    [
      'a run that ended, and that is said to have died',
      'misreported',
      meanwhile((made) => made.saysDied(112_000, 'b', 105_000)),
    ],
    [
      'a run that died according to its record alone, which was made while Redis answered',
      'misreported',
      diedUnheard((made) => made.skip('b', 105_000)),
    ],
    [
      'a run that died, and of which that is said twice',
      'misreported',
      around((it) =>
        it
          .claim('a', 105_000)
          .dies(105_002, 'a')
          .ticks('b', 106_000, 107_000)
          .saysDied(106_900, 'b', 105_000)
          .saysDied(106_950, 'b', 105_000),
      ),
    ],
    [
      'a run that died, and is not on record',
      'unrecorded',
      diedAndInspected((it) => it.saysDied(110_200, 'b', 105_000)),
    ],
    [
      'a run that died, which nobody reports',
      'unreported',
      diedAndInspected((it) => it.onRecord(110_000, 'a', 105_000)),
    ],
    [
      'a run that died, and is on record twice',
      'misrecorded',
      diedAndInspected((it) =>
        it.saysDied(110_200, 'b', 105_000).onRecord(110_000, 'a', 105_000).onRecord(110_001, 'a', 105_000),
      ),
    ],
    [
      'a run that ended, and is on record as died',
      'misrecorded',
      meanwhile((made) => made.onRecord(110_000, 'a', 105_000).inspected()),
    ],
    ['a member that ends by itself', 'died', meanwhile((made) => made.goes(110_000, 'b', 'exit code 1'))],
    [
      'a member that has to be killed as it does not leave',
      'died',
      meanwhile((made) => made.does(END, 'b', 'leaving').dies(END + 9000, 'b')),
    ],
  ])('%s', (_, rule, made) => {
    expect(rulesBroken(made)).toEqual([rule]);
  });
});

it('counts what it accepts by its reason', () => {
  const made = around((it) => it.claim('a', 105_000).dies(105_002, 'a').ticks('b', 106_000, 107_000));
  expect([...check(made.history).excused]).toEqual([['slots of a claimer that died', 1]]);
});
