import {
  claimReply,
  demandReply,
  fireReply,
  listenersReply,
  pauseReply,
  planReply,
  type Reply,
  recoverReply,
  settleReply,
  timeOf,
} from '../../src/redis/replies';

const NOW_US = 1_700_000_000_000_000;
const NOW = NOW_US / 1000;
const FIRED_AT = 1e15 + NOW;
/** What no server answers where a number is expected, and what a broken one, or a proxy, might. */
const NO_NUMBERS = [Number.NaN, Infinity, -Infinity, 1.5, 2 ** 60, '1', '', 'soon', null, undefined, [], {}];

/** Each script's answer as it is well, and where its numbers stand. */
const ANSWERS: {
  of: string;
  read: (reply: Reply) => object;
  reply: Reply;
  times: number[];
  slots: number[];
  rests: number[];
  counts: number[];
}[] = [
  {
    of: 'restore',
    read: planReply,
    reply: [NOW_US, 'kept', NOW, NOW + 100, 'every 100', -1, ''],
    times: [2],
    slots: [3],
    rests: [5],
    counts: [],
  },
  {
    of: 'claim',
    read: claimReply,
    reply: [NOW_US, 'run', NOW, NOW + 100, 2000, 8, NOW, 'every 100', '', ''],
    times: [6],
    slots: [2, 3],
    rests: [4],
    counts: [5],
  },
  {
    of: 'fire',
    read: fireReply,
    reply: [NOW_US, 'fired', NOW, FIRED_AT],
    times: [2],
    slots: [3],
    rests: [],
    counts: [],
  },
  {
    of: 'demand and take',
    read: demandReply,
    reply: [NOW_US, 'yours', NOW, 2000, 8],
    times: [2],
    slots: [],
    rests: [3],
    counts: [4],
  },
  {
    of: 'recover',
    read: recoverReply,
    reply: [NOW_US, 'yours', NOW, 2000, 0, ''],
    times: [],
    slots: [2],
    rests: [3],
    counts: [],
  },
  { of: 'settle', read: settleReply, reply: [NOW_US, -1, 0], times: [], slots: [], rests: [1], counts: [] },
];

const fields = (part: 'times' | 'slots' | 'rests' | 'counts') =>
  ANSWERS.flatMap(({ of, read, reply, [part]: places }) =>
    places.map((place) => ({ of, place, answer: (value: unknown) => read(reply.with(place, value)) })),
  );

describe('an answer that no script gives', () => {
  it.each([
    ...fields('times').map((field) => ({ ...field, hostile: [...NO_NUMBERS, -1, 1e15, 2 ** 53] })),
    ...fields('slots').map((field) => ({
      ...field,
      hostile: [...NO_NUMBERS, -1, 2e15, 2 ** 53, -(2 ** 63)],
    })),
    ...fields('rests').map((field) => ({ ...field, hostile: [...NO_NUMBERS, -2, -(2 ** 63)] })),
  ])('is refused by its value: $of, $place', ({ answer, hostile }) => {
    for (const value of hostile) {
      expect(() => answer(value)).toThrow(`a script returned ${String(value)}, which it never does`);
    }
  });

  it.each(fields('slots'))('is not the slot of a job that was fired: $of, $place', ({ answer }) => {
    expect(() => answer(FIRED_AT)).not.toThrow();
  });

  it.each(fields('rests'))('bounds what is waited for a lock: $of, $place', ({ answer }) => {
    const longest = JSON.stringify(answer(2 ** 31 - 1));
    for (const value of [2 ** 31, 1e14, 2 ** 53 - 1]) expect(JSON.stringify(answer(value))).toBe(longest);
  });

  it.each(fields('counts'))('leaves the number of listeners unknown: $of, $place', ({ answer }) => {
    for (const value of [...NO_NUMBERS, -1, 1e14, 1.4e14, 2 ** 53])
      expect(answer(value)).toMatchObject({ heard: 0 });
    expect(answer(12)).toMatchObject({ heard: 12 });
  });

  it('of a pause is refused, or bounded', () => {
    const read = (entry: unknown) => pauseReply([NOW_US, 'paused', entry]).pause;
    for (const entry of [...NO_NUMBERS, '1|2|3', '1|2|x||{}', `${1e15}|1|2||{}`, `-1|1|2||{}`])
      expect(() => read(entry)).toThrow('which it never does');
    expect(() => pauseReply([NOW_US, 'fired', '1|2|3||{}'])).toThrow('which it never does');
    const nine = '9'.repeat(30);
    const info = JSON.stringify({ by: 'x'.repeat(1000), note: 'x'.repeat(1000), resumed: 1 });
    expect(read(`1|${nine}|${nine}|a:1|${info}`)).toEqual({
      stamp: 1,
      since: 1,
      ends: 1e15,
      by: 'x'.repeat(100),
      note: 'x'.repeat(200),
      resumed: false,
    });
    for (const info of ['', 'theirs', '[]', '{"by":7,"note":{}}', 'null'])
      expect(read(`1|2|3||${info}`)).toMatchObject({ by: '', note: null });
  });

  it('does not set the clock', () => {
    expect(timeOf([NOW_US])).toBe(NOW);
    for (const value of [...NO_NUMBERS.filter((other) => other !== 1.5), -1, 1e18]) {
      expect(() => timeOf([value])).toThrow('which it never does');
    }
  });

  it('of PUBSUB NUMSUB is not used as a number of listeners', () => {
    expect(listenersReply(['bell', 8])).toBe(8);
    expect(listenersReply(['bell', '8'])).toBe(8);
    for (const value of [...NO_NUMBERS.filter((other) => other !== '1'), -1, 1.4e14, 2 ** 53])
      expect([value, listenersReply(['bell', value])]).toEqual([value, 0]);
    for (const reply of [[], null, 'OK', 8, {}]) expect(listenersReply(reply)).toBe(0);
  });
});
