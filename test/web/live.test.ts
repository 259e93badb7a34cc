import { web } from '../../src/web';
import { Live, MOST_TABS } from '../../src/web/live';
import { sourceOf } from '../../src/web/source';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

const fleet = makeFleet();
const TABS = 200;

it('sends a change to many tabs in several turns of the event loop, and to each tab once', async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work: () => {} });
  const live = new Live(sourceOf(fred));
  let turn = 0;
  let isCounting = true;
  const next = () => {
    turn += 1;
    if (isCounting) setImmediate(next);
  };
  const sent: number[][] = [];
  for (let count = 0; count < TABS; count += 1) {
    const turns: number[] = [];
    sent.push(turns);
    const isChange = (event: Uint8Array) => Buffer.from(event).toString().startsWith('event: changed');
    const send = (event: Uint8Array) => {
      if (isChange(event)) turns.push(turn);
      return true;
    };
    fleet.afterwards(live.join({ send, end: () => {} }));
  }
  await live.fresh();
  next();
  await fred.pause('job');
  await waitFor('all tabs to be told', () => sent.every((turns) => turns.length > 0));
  isCounting = false;

  expect(sent.map((turns) => turns.length)).toEqual(sent.map(() => 1));
  const inTurn = new Map<number, number>();
  for (const [at = 0] of sent) inTurn.set(at, (inTurn.get(at) ?? 0) + 1);
  expect(Math.max(...inTurn.values())).toBeLessThanOrEqual(32);
});

it('reads the fleet once for all tabs', async () => {
  const fred = fleet.join();
  const source = sourceOf(fred);
  let looks = 0;
  const look = () => {
    looks += 1;
    return source.look();
  };
  const live = new Live({ ...source, look });
  let told = 0;
  for (let count = 0; count < TABS; count += 1) {
    const send = () => {
      told += 1;
      return true;
    };
    fleet.afterwards(live.join({ send, end: () => {} }));
  }
  await Promise.all(Array.from({ length: TABS }, () => live.fresh()));
  expect(looks).toBe(1);
  told = 0;
  await fred.hire('job', { every: '1 hour', work: () => {} });
  await waitFor('all tabs to be told', () => told >= TABS);
  expect(looks).toBeLessThan(10);
});

it('refuses one tab too many, until another one closes', async () => {
  const pages = web(fleet.join(), { authorize: () => 'read' });
  fleet.afterwards(() => pages.close());
  const open = () => pages.fetch(new Request('http://localhost/api/events'));
  const tabs = await Promise.all(Array.from({ length: MOST_TABS }, open));
  expect(tabs.every(({ status }) => status === 200)).toBe(true);
  const refused = await open();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ error: { code: 'TOO_MANY' } });
  await tabs[0]?.body?.cancel();
  expect((await open()).status).toBe(200);
});
