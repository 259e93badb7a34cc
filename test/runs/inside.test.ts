import { AsyncResource } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inside } from '../../src/runs/inside';
import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';

const fleet = makeFleet();

it('knows in which of several runs code is called, also after an await', async () => {
  const inside = new Inside<string>();
  const seen: unknown[] = [];
  const chain = (turns: number) => async () => {
    seen.push(inside.run);
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    seen.push(inside.run);
  };
  await Promise.all([inside.call('long', chain(3)), inside.call('short', chain(1))]);
  expect(seen).toEqual(['long', 'short', 'short', 'long']);
  expect(inside.run).toBeUndefined();
  await inside.call('next', async () => {
    seen.push(inside.run);
    new AsyncResource('elsewhere').runInAsyncScope(() => seen.push(inside.run));
  });
  expect(seen.slice(4)).toEqual(['next', 'next']);
});

it('promises of a process cost more only while a run is in progress', async () => {
  // Node 20 and 22 mark each promise with its async context while any AsyncLocalStorage is enabled.
  const script = `
    const marks = () => Object.getOwnPropertySymbols(new Promise(() => {})).length;
    const said = { before: marks() };
    const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    fred.on('finish', () => setImmediate(() => {
      said.after = marks();
      fred.quit().then(() => console.log(JSON.stringify(said)));
    }));
    fred.hire('a', { work: async () => { await null; } });
    fred.demand('a');`;
  const { lines, stderr } = await runScript(script, testUrl());
  expect({ lines, stderr }).toEqual({ lines: ['{"before":0,"after":0}'], stderr: '' });
});
