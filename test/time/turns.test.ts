import { performance } from 'node:perf_hooks';
import { Turns } from '../../src/time/turns';

const block = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

const turnsOf = async (isOver: () => boolean) => {
  let turns = 0;
  while (!isOver()) {
    await nextTurn();
    turns += 1;
  }
  return turns;
};

describe('Turns', () => {
  test('runs a task at once while there is time', async () => {
    const turns = new Turns();
    const ran: number[] = [];
    turns.do(() => ran.push(1));
    expect(turns.call(() => ran.push(2))).toBe(2);
    expect(ran).toEqual([1, 2]);
  });

  test('runs tasks in order, in several turns of the event loop when they take long', async () => {
    const turns = new Turns();
    const ran: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      turns.do(() => {
        block(4);
        ran.push(index);
      });
    }
    expect(ran.length).toBeLessThan(20);
    expect(await turnsOf(() => ran.length === 20)).toBeGreaterThan(3);
    expect(ran).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test('counts the time of what a task resolved', async () => {
    const turns = new Turns();
    let ended = 0;
    turns.do(() => block(15));
    for (let index = 0; index < 10; index += 1) {
      const waits = turns.call(() => {});
      void (async () => {
        await waits;
        block(15);
        ended += 1;
      })();
    }
    expect(await turnsOf(() => ended === 10)).toBeGreaterThan(5);
  });

  test('continues after a task that throws, which only its caller notices', async () => {
    const turns = new Turns();
    block(0);
    turns.do(() => block(15));
    const failed = Promise.resolve(
      turns.call(() => {
        throw new Error('mine');
      }),
    );
    const next = Promise.resolve(turns.call(() => 'next'));
    await expect(failed).rejects.toThrow('mine');
    await expect(next).resolves.toBe('next');
  });

  test('visits each of many items once, in as many turns as it takes', async () => {
    const turns = new Turns();
    const visited: number[] = [];
    turns.each(new Set([1, 2, 3, 4, 5, 6]), (item) => {
      block(11);
      visited.push(item);
    });
    expect(await turnsOf(() => visited.length === 6)).toBeGreaterThan(3);
    expect(visited).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
