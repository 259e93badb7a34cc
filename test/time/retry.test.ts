import { Pauses } from '../../src/time/pauses';
import { Retries } from '../../src/time/retry';

const WAITS = { first: 2, longest: 8 };

let pauses: Pauses;
let heard: string[];
let retries: Retries;

beforeEach(() => {
  pauses = new Pauses();
  heard = [];
  retries = new Retries(pauses, {
    answered: (verb, job) => heard.push(`answered ${verb} ${job}`),
    refused: (verb, job, cause) => heard.push(`refused ${verb} ${job} ${cause}`),
  });
});
afterEach(() => pauses.stop());

/** A command that is refused this many times, and the waits before each of its tries. */
function refusedTimes(times: number) {
  const waits: number[] = [];
  const send = async (waited: number) => {
    waits.push(waited);
    if (waits.length <= times) throw 'OOM';
    return 'done';
  };
  return { send, waits };
}

it('retries until Redis answers, after waits that double up to the longest', async () => {
  const { send, waits } = refusedTimes(5);
  expect(await retries.until('take', 'fred', send, { waits: WAITS })).toBe('done');
  expect(waits).toEqual([0, 2, 4, 8, 8, 8]);
  expect(heard).toEqual([...Array(5).fill('refused take fred OOM'), 'answered take fred']);
});

it('waits before the first try on request', async () => {
  const { send, waits } = refusedTimes(0);
  await retries.until('hire', 'fred', send, { waits: WAITS, before: 5 });
  expect(waits).toEqual([5]);
});

it('stops trying when the answer is no longer wanted, or the instance stops', async () => {
  const unwanted = refusedTimes(9);
  const isWanted = () => unwanted.waits.length < 2;
  expect(await retries.until('hire', 'fred', unwanted.send, { waits: WAITS, isWanted })).toBeNull();
  expect(unwanted.waits).toHaveLength(2);

  const stopped = refusedTimes(9);
  const trying = retries.until('take', 'fred', stopped.send, { waits: { first: 60_000, longest: 60_000 } });
  pauses.stop();
  expect(await trying).toBeNull();
  expect(stopped.waits).toHaveLength(1);
});

it('reports a single try that is refused', async () => {
  expect(await retries.once('claim', 'fred', refusedTimes(1).send.bind(null, 0))).toBeNull();
  expect(heard).toEqual(['refused claim fred OOM']);
});
