import type { RunEvent } from '../../src/events';
import { type Abandoned, parseRecord, recordText, whoText } from '../../src/redis/records';

const BY = '0123456789abcdef';
const WHO = whoText(BY, 'host', 7);
const SLOT: RunEvent = {
  job: 'a',
  slot: 1_795_533_000_000,
  demandedAt: null,
  recovered: false,
  startedAt: 1_795_533_000_001.4,
  lateness: 1.4,
};

const ABANDONED: RunEvent & Abandoned = { ...SLOT, duration: 2.6, abandoned: true };

describe('the record of a run', () => {
  it.each([
    ['that is done', { ...SLOT, duration: 2.6, vetoed: false }, { outcome: 'done', error: null }],
    ['that is vetoed', { ...SLOT, duration: 2.6, vetoed: true }, { outcome: 'vetoed', error: null }],
    [
      'that failed',
      { ...SLOT, duration: 2.6, cause: new Error('no "luck"') },
      { outcome: 'failed', error: 'no "luck"' },
    ],
    ['that quit gave up on', ABANDONED, { outcome: 'abandoned', error: null }],
    [
      'that failed when quit had given up on it',
      { ...ABANDONED, cause: new Error('aborted') },
      { outcome: 'abandoned', error: 'aborted' },
    ],
    ['of a recovered slot', { ...SLOT, recovered: true, duration: 2.6, vetoed: false }, { recovered: true }],
    [
      'of a demand',
      { ...SLOT, slot: null, demandedAt: 1_795_533_000_000, duration: 2.6, vetoed: false },
      { slot: null, demandedAt: 1_795_533_000_000 },
    ],
  ])('%s is read as it was written', (_, ended, expected) => {
    expect(parseRecord(recordText(ended, ended, WHO))).toEqual({
      slot: SLOT.slot,
      demandedAt: null,
      startedAt: 1_795_533_000_001,
      lateness: 1,
      durationMs: 3,
      outcome: 'done',
      error: null,
      details: null,
      by: BY,
      host: 'host',
      pid: 7,
      recovered: false,
      ...expected,
    });
  });

  it('that quit gave up on is a failed one to an instance of 2.0.0', () => {
    expect(JSON.parse(recordText(SLOT, { abandoned: true, duration: 1 }, WHO)).outcome).toBe('failed');
  });

  it('has the first 200 characters of an error', () => {
    const failed = { ...SLOT, duration: 1, cause: new Error('x'.repeat(300)) };
    expect(parseRecord(recordText(failed, failed, WHO))?.error).toBe('x'.repeat(200));
  });

  it("shortens a host's name, and escapes the characters at which scripts split notes", () => {
    const who = whoText(BY, ` a|b\n"\u2028é${'x'.repeat(100)}`, 7);
    expect(who).toMatch(/^[\x21-\x7b}~]+$/);
    expect(JSON.parse(`{${who}}`)).toEqual({ by: BY, host: ` a|b\n"\u2028é${'x'.repeat(56)}`, pid: 7 });
  });

  it('that an earlier version noted, without its lateness, is read', () => {
    const note = { slot: 1000, demandedAt: null, startedAt: 1003, durationMs: 5, outcome: 'done', by: BY };
    expect(parseRecord(JSON.stringify(note))).toMatchObject({ slot: 1000, lateness: 3, recovered: false });
  });

  it('of foreign origin has only valid numbers and short texts', () => {
    const long = 'x'.repeat(10_000);
    const numbers = { slot: 1e300, demandedAt: -1, lateness: 1e300, pid: 1.5 };
    const texts = { by: long, host: long, error: long };
    const note = { startedAt: 1003, durationMs: 5, outcome: 'failed', ...numbers, ...texts };
    expect(parseRecord(JSON.stringify(note))).toMatchObject({
      ...{ slot: null, demandedAt: null, lateness: 0, pid: null },
      ...{ by: 'x'.repeat(64), host: 'x'.repeat(64), error: 'x'.repeat(2000) },
    });
    for (const wrong of ['"startedAt":1e16,"durationMs":1', '"startedAt":1,"durationMs":1e300'])
      expect(parseRecord(`{${wrong},"outcome":"done"}`)).toBeNull();
  });

  it.each(['', 'theirs', 'null', '7', '[]', '{}', '{"startedAt":"1","durationMs":1,"outcome":"done"}'])(
    'is not read from %p, which is none',
    (text) => expect(parseRecord(text)).toBeNull(),
  );
});
